// SPDX-License-Identifier: BSD-3-Clause
#include "keyblock.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <rte_common.h>

#include "wire.h"

#define MASTER_SECRET_LEN 48
#define RANDOM_LEN	  KEYBLOCK_RANDOM_LEN
#define KEY_BLOCK_MAX	  (2 * (AEAD_KEY_MAX + AEAD_NONCE_LEN))

// CCM and CCM_8 have the same nid; IANA's name tells them apart.
static bool has_short_tag(const SSL_CIPHER *cipher)
{
	static const char end[] = "_CCM_8";
	const char *name = SSL_CIPHER_standard_name(cipher);
	size_t len = strlen(name);

	return len >= sizeof(end) && strcmp(name + len - (sizeof(end) - 1), end) == 0;
}

int keyblock_suite(const SSL_CIPHER *cipher)
{
	if (cipher == NULL)
		return -1;
	switch (SSL_CIPHER_get_cipher_nid(cipher)) {
	case NID_aes_128_gcm:
		return AEAD_AES_128_GCM;
	case NID_aes_256_gcm:
		return AEAD_AES_256_GCM;
	case NID_chacha20_poly1305:
		return AEAD_CHACHA20_POLY1305;
	case NID_aes_128_ccm:
		return has_short_tag(cipher) ? AEAD_AES_128_CCM_8 : AEAD_AES_128_CCM;
	case NID_aes_256_ccm:
		return has_short_tag(cipher) ? AEAD_AES_256_CCM_8 : AEAD_AES_256_CCM;
	}
	return -1;
}

// HMAC without a key, for each hash of TLS 1.2 suites.  Made once, kept until the program ends.
static struct {
	int nid;
	const char *name;
	EVP_MAC_CTX *ctx; // NULL: libcrypto has none
} hmacs[] = {{NID_sha256, "SHA2-256", NULL}, {NID_sha384, "SHA2-384", NULL}};

static void make_hmacs(void)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	for (size_t i = 0; hmac != NULL && i < RTE_DIM(hmacs); i++) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
							 (char *)(uintptr_t)hmacs[i].name, 0),
			OSSL_PARAM_construct_end(),
		};

		hmacs[i].ctx = EVP_MAC_CTX_new(hmac);
		if (hmacs[i].ctx != NULL && EVP_MAC_CTX_set_params(hmacs[i].ctx, params) != 1) {
			EVP_MAC_CTX_free(hmacs[i].ctx);
			hmacs[i].ctx = NULL;
		}
	}
	EVP_MAC_free(hmac);
}

// A context of the caller's with the secret; NULL: another hash, or no memory.
static EVP_MAC_CTX *hmac_new(int digest, const uint8_t *secret, size_t secret_len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MAC_CTX *ctx = NULL;

	pthread_once(&once, make_hmacs);
	for (size_t i = 0; i < RTE_DIM(hmacs); i++)
		if (hmacs[i].nid == digest && hmacs[i].ctx != NULL)
			ctx = EVP_MAC_CTX_dup(hmacs[i].ctx);
	if (ctx != NULL && EVP_MAC_init(ctx, secret, secret_len, NULL) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

// HMAC of a, unless that is empty, and the seed, unless that is NULL; out may be a.
static bool hmac(EVP_MAC_CTX *ctx, const uint8_t *a, size_t a_len, const struct keyblock_seed *seed,
		 uint8_t out[static EVP_MAX_MD_SIZE], size_t *out_len)
{
	return EVP_MAC_init(ctx, NULL, 0, NULL) == 1 &&
	       (a_len == 0 || EVP_MAC_update(ctx, a, a_len) == 1) &&
	       (seed == NULL ||
		(EVP_MAC_update(ctx, (const uint8_t *)seed->label, strlen(seed->label)) == 1 &&
		 EVP_MAC_update(ctx, seed->random[0], RANDOM_LEN) == 1 &&
		 EVP_MAC_update(ctx, seed->random[1], RANDOM_LEN) == 1)) &&
	       EVP_MAC_final(ctx, out, out_len, EVP_MAX_MD_SIZE) == 1;
}

int keyblock_prf(int digest, const uint8_t *secret, size_t secret_len,
		 const struct keyblock_seed *seed, uint8_t *out, size_t out_len)
{
	EVP_MAC_CTX *ctx = hmac_new(digest, secret, secret_len);
	uint8_t a[EVP_MAX_MD_SIZE], block[EVP_MAX_MD_SIZE];
	size_t len = 0;
	bool ok = ctx != NULL && hmac(ctx, NULL, 0, seed, a, &len);

	while (ok && out_len > 0) {
		size_t n = RTE_MIN(out_len, len);

		ok = hmac(ctx, a, len, seed, block, &len);
		if (ok)
			memcpy(out, block, n);
		out += n;
		out_len -= n;
		if (ok && out_len > 0)
			ok = hmac(ctx, a, len, NULL, a, &len);
	}
	EVP_MAC_CTX_free(ctx);
	explicit_bzero(a, sizeof(a));
	explicit_bzero(block, sizeof(block));
	return ok ? 0 : -EIO;
}

static void split(struct traffic_keys *keys, const uint8_t *block, size_t len)
{
	const struct aead_info *info = &aead_info[keys->suite];
	struct wire_reader r = wire_reader(block, len);

	memcpy(keys->client_key, wire_bytes(&r, info->key_len), info->key_len);
	memcpy(keys->server_key, wire_bytes(&r, info->key_len), info->key_len);
	memcpy(keys->client_iv, wire_bytes(&r, info->fixed_iv_len), info->fixed_iv_len);
	memcpy(keys->server_iv, wire_bytes(&r, info->fixed_iv_len), info->fixed_iv_len);
}

// Returns the cipher of the handshake under way or done.
static const SSL_CIPHER *cipher_of(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	return cipher != NULL ? cipher : SSL_get_pending_cipher(ssl);
}

int keyblock_derive(const SSL *ssl, struct traffic_keys *keys)
{
	const SSL_SESSION *session = SSL_get0_session(ssl);
	const SSL_CIPHER *cipher = cipher_of(ssl);
	int suite = keyblock_suite(cipher);
	struct keyblock_seed seed = {.label = "key expansion"};
	uint8_t master[MASTER_SECRET_LEN], block[KEY_BLOCK_MAX];
	const struct aead_info *info;
	size_t len;
	int rc;

	keys_wipe(keys);
	if (session == NULL || cipher == NULL ||
	    SSL_SESSION_get_master_key(session, master, sizeof(master)) != sizeof(master))
		return -EAGAIN;
	if (suite < 0) {
		explicit_bzero(master, sizeof(master));
		return -ENOTSUP;
	}
	info = &aead_info[suite];
	len = 2u * (info->key_len + info->fixed_iv_len);
	SSL_get_server_random(ssl, seed.random[0], RANDOM_LEN);
	SSL_get_client_random(ssl, seed.random[1], RANDOM_LEN);
	rc = keyblock_prf(EVP_MD_get_type(SSL_CIPHER_get_handshake_digest(cipher)), master,
			  sizeof(master), &seed, block, len);
	if (rc == 0) {
		keys->suite = (enum aead_suite)suite;
		split(keys, block, len);
	}
	explicit_bzero(master, sizeof(master));
	explicit_bzero(block, sizeof(block));
	return rc;
}
