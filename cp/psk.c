// SPDX-License-Identifier: BSD-3-Clause
#include "psk.h"

#include <errno.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <rte_errno.h>

#include "cp.h"

#define ERROR_LEN 512 // bytes of an error, file name included

// HMAC-SHA256 of the identity, twice: PSK_KEY_MAX bytes.
static bool nobodys_key(const struct tls *tls, const char *identity, uint8_t key[PSK_KEY_MAX])
{
	uint8_t text[1 + PSK_IDENTITY_MAX];
	size_t len = strnlen(identity, PSK_IDENTITY_MAX);

	_Static_assert(PSK_KEY_MAX == 64, "two digests of SHA-256");
	memcpy(text + 1, identity, len);
	for (uint8_t half = 0; half < 2; half++) {
		text[0] = half;
		if (HMAC(EVP_sha256(), tls->psk_secret, sizeof(tls->psk_secret), text, len + 1,
			 key + 32 * half, NULL) == NULL)
			return false;
	}
	return true;
}

bool psk_find(struct tls *tls, const char *identity, struct psk_entry *entry)
{
	const struct psk_entry *found = NULL;

	if (identity == NULL)
		return false;
	pthread_rwlock_rdlock(&tls->psk_lock);
	if (tls->psk != NULL)
		found = psk_file_find(tls->psk, identity);
	if (found != NULL)
		*entry = *found;
	pthread_rwlock_unlock(&tls->psk_lock);
	return found != NULL;
}

static uint8_t usual_len(struct tls *tls)
{
	uint8_t len;

	pthread_rwlock_rdlock(&tls->psk_lock);
	len = psk_file_usual_len(tls->psk);
	pthread_rwlock_unlock(&tls->psk_lock);
	return len;
}

// OpenSSL's SSL_psk_server_cb_func.
static unsigned int find_key(SSL *ssl, const char *identity, unsigned char *out, unsigned int max)
{
	struct tls *tls = tls_of(ssl);
	struct tls_client *client = SSL_get_app_data(ssl);
	uint8_t key[PSK_KEY_MAX];
	uint8_t len = usual_len(tls);
	struct psk_entry entry;

	RTE_BUILD_BUG_ON(PSK_KEY_MAX > PSK_MAX_PSK_LEN);
	if (!nobodys_key(tls, identity, key))
		return 0;
	client->psk_tried = true;
	client->psk_unknown = !psk_find(tls, identity, &entry);
	if (!client->psk_unknown) {
		memcpy(key, entry.key, PSK_KEY_MAX);
		len = entry.key_len;
		explicit_bzero(&entry, sizeof(entry));
	}
	len = (uint8_t)RTE_MIN(len, max);
	memcpy(out, key, len);
	explicit_bzero(key, sizeof(key));
	return len;
}

// Returns NULL with rte_errno set after a LOG.
static struct psk_file *load(const struct tls *tls)
{
	char error[ERROR_LEN];
	struct psk_file *psk;

	psk = psk_file_load(tls->listener->psk_file, tls->config, error, sizeof(error));
	if (psk == NULL) {
		rte_errno = errno;
		LOG(ERR, "psk: listener %s: %s", tls->listener->name, error);
	}
	return psk;
}

int psk_init(struct tls *tls)
{
	if (tls->listener->psk_file == NULL)
		return 0;
	if (RAND_bytes(tls->psk_secret, sizeof(tls->psk_secret)) != 1)
		return -EIO;
	tls->psk = load(tls);
	if (tls->psk == NULL)
		return -rte_errno;
	LOG(INFO, "psk: listener %s: %zu identities", tls->listener->name,
	    psk_file_count(tls->psk));
	return 0;
}

int psk_use(struct tls *tls, SSL_CTX *ctx)
{
	const char *hint = tls->listener->psk_hint;

	if (tls->psk == NULL)
		return 0;
	SSL_CTX_set_psk_server_callback(ctx, find_key);
	if (hint != NULL && SSL_CTX_use_psk_identity_hint(ctx, hint) != 1)
		return -EINVAL;
	return 0;
}

void psk_fini(struct tls *tls)
{
	psk_file_destroy(tls->psk);
	explicit_bzero(tls->psk_secret, sizeof(tls->psk_secret));
}

void psk_reload(struct tls *tls)
{
	struct psk_file *psk, *old;

	if (tls->listener->psk_file == NULL)
		return;
	psk = load(tls);
	if (psk == NULL) {
		LOG(ERR, "psk: listener %s: the old identities stay", tls->listener->name);
		return;
	}
	pthread_rwlock_wrlock(&tls->psk_lock);
	old = tls->psk;
	tls->psk = psk;
	pthread_rwlock_unlock(&tls->psk_lock);
	psk_file_destroy(old);
	LOG(NOTICE, "psk: listener %s: %zu identities", tls->listener->name, psk_file_count(psk));
}
