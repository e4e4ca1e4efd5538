// SPDX-License-Identifier: BSD-3-Clause
#include "keyblock.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "wire.h"

#define MASTER_SECRET_LEN 48
#define RANDOM_LEN	  32
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

int keyblock_prf(const char *digest, const uint8_t *secret, size_t secret_len, const char *label,
		 const uint8_t seed[2][32], uint8_t *out, size_t out_len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret,
						  secret_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)label,
						  strlen(label)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed[0],
						  RANDOM_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed[1],
						  RANDOM_LEN),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int rc = -EIO;

	if (ctx != NULL && EVP_KDF_derive(ctx, out, out_len, params) > 0)
		rc = 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return rc;
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
	uint8_t master[MASTER_SECRET_LEN], block[KEY_BLOCK_MAX], random[2][RANDOM_LEN];
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
	SSL_get_server_random(ssl, random[0], RANDOM_LEN);
	SSL_get_client_random(ssl, random[1], RANDOM_LEN);
	rc = keyblock_prf(EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(cipher)), master,
			  sizeof(master), "key expansion", random, block, len);
	if (rc == 0) {
		keys->suite = (enum aead_suite)suite;
		split(keys, block, len);
	}
	explicit_bzero(master, sizeof(master));
	explicit_bzero(block, sizeof(block));
	return rc;
}
