// SPDX-License-Identifier: BSD-3-Clause
#include "psk.h"

#include <errno.h>
#include <rte_errno.h>

#include "cp.h"
#include "psk_file.h"

#define ERROR_LEN 512 // bytes of an error, file name included

// OpenSSL's SSL_psk_server_cb_func.
static unsigned int find_key(SSL *ssl, const char *identity, unsigned char *out, unsigned int max)
{
	struct tls_client *client = SSL_get_app_data(ssl);
	uint8_t key[PSK_KEY_MAX], len;

	RTE_BUILD_BUG_ON(PSK_KEY_MAX > PSK_MAX_PSK_LEN);
	client->psk_tried = true;
	client->psk_unknown = !psk_file_key(client->credentials->psk, identity, key, &len);
	len = (uint8_t)RTE_MIN(len, max);
	memcpy(out, key, len);
	explicit_bzero(key, sizeof(key));
	return len;
}

struct psk_file *psk_load(const struct tls *tls, struct psk_file *old)
{
	const char *name = tls->listener->name;
	char error[ERROR_LEN];
	struct psk_file *psk;

	psk = psk_file_load(tls->listener->psk_file, tls->config, error, sizeof(error));
	if (psk != NULL) {
		LOG(NOTICE, "psk: listener %s: %zu identities", name, psk_file_count(psk));
		return psk;
	}
	rte_errno = errno;
	LOG(ERR, "psk: listener %s: %s%s", name, error,
	    old != NULL ? "; the old identities stay" : "");
	return psk_file_ref(old);
}

int psk_use(const struct tls *tls, const struct credentials *credentials, SSL_CTX *ctx)
{
	const char *hint = tls->listener->psk_hint;

	if (credentials->psk == NULL)
		return 0;
	SSL_CTX_set_psk_server_callback(ctx, find_key);
	if (hint != NULL && SSL_CTX_use_psk_identity_hint(ctx, hint) != 1)
		return -EINVAL;
	return 0;
}
