// SPDX-License-Identifier: BSD-3-Clause
#include "srtp.h"

#include <errno.h>
#include <openssl/srtp.h>
#include <stdlib.h>
#include <string.h>

#define LABEL	 "EXTRACTOR-dtls_srtp"
#define LIST_LEN 128 // bytes of all names

const struct srtp_info srtp_info[SRTP_PROFILE_NB] = {
#define X(name, number, key_len, salt_len) {"SRTP_" #name, number, key_len, salt_len},
	SRTP_PROFILES(X)
#undef X
};

#define X(name, number, key_len, salt_len)                                                         \
	_Static_assert((key_len) + (salt_len) <= SRTP_KEY_MAX, #name);
SRTP_PROFILES(X)
#undef X

int srtp_use(const struct config_listener *listener, SSL_CTX *ctx)
{
	char list[LIST_LEN] = "";
	size_t len = 0;

	if (listener->srtp_nb == 0)
		return 0;
	for (uint16_t i = 0; i < listener->srtp_nb; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? ":" : "",
					srtp_info[listener->srtp[i]].name);
	// Unlike OpenSSL's other calls this one returns 0 for success.
	return SSL_CTX_set_tlsext_use_srtp(ctx, list) == 0 ? 0 : -ENOTSUP;
}

bool srtp_allowed(const struct config_listener *listener, SSL *ssl, bool extended_master)
{
	const unsigned char *bytes;
	size_t len;

	return extended_master || listener->srtp_nb == 0 ||
	       SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_use_srtp, &bytes, &len) != 1;
}

// The profile that was negotiated, SRTP_PROFILE_NB if none was.
static enum srtp_profile negotiated(SSL *ssl)
{
	const SRTP_PROTECTION_PROFILE *selected = SSL_get_selected_srtp_profile(ssl);
	enum srtp_profile profile = 0;

	if (selected == NULL)
		return SRTP_PROFILE_NB;
	while (profile < SRTP_PROFILE_NB && srtp_info[profile].number != selected->id)
		profile++;
	return profile;
}

// Cuts the block into client key, server key, client salt, server salt.
static void split(struct srtp *srtp, const uint8_t *block)
{
	const struct srtp_info *info = &srtp_info[srtp->profile];
	const uint8_t *salts = block + 2 * info->key_len;

	memcpy(srtp->client, block, info->key_len);
	memcpy(srtp->server, block + info->key_len, info->key_len);
	memcpy(srtp->client + info->key_len, salts, info->salt_len);
	memcpy(srtp->server + info->key_len, salts + info->salt_len, info->salt_len);
}

int srtp_create(SSL *ssl, struct srtp **srtp)
{
	enum srtp_profile profile = negotiated(ssl);
	uint8_t block[2 * SRTP_KEY_MAX];
	size_t len;

	*srtp = NULL;
	if (profile == SRTP_PROFILE_NB)
		return 0;
	len = 2u * (srtp_info[profile].key_len + srtp_info[profile].salt_len);
	if (SSL_export_keying_material(ssl, block, len, LABEL, strlen(LABEL), NULL, 0, 0) != 1)
		return -EIO;
	*srtp = calloc(1, sizeof(**srtp));
	if (*srtp != NULL) {
		(*srtp)->profile = (uint8_t)profile;
		split(*srtp, block);
	}
	explicit_bzero(block, sizeof(block));
	return *srtp != NULL ? 0 : -ENOMEM;
}

void srtp_destroy(struct srtp *srtp)
{
	if (srtp == NULL)
		return;
	explicit_bzero(srtp, sizeof(*srtp));
	free(srtp);
}
