// SPDX-License-Identifier: BSD-3-Clause
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "record_crypto.h"

#define AAD_LEN	  13
#define NONCE_LEN 12

static const struct {
	uint16_t suite;
	uint16_t key_len;
	const char *digest;
} suites[] = {
	{0xc02b, 16, "SHA256"}, // ECDHE-ECDSA-AES128-GCM-SHA256
	{0xc02c, 32, "SHA384"}, // ECDHE-ECDSA-AES256-GCM-SHA384
	{0xc02f, 16, "SHA256"}, // ECDHE-RSA-AES128-GCM-SHA256
	{0xc030, 32, "SHA384"}, // ECDHE-RSA-AES256-GCM-SHA384
};

static bool expand(const char *digest, const uint8_t *master, const uint8_t *seed, size_t seed_len,
		   uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)master,
						  RECORD_MASTER),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)seed, seed_len),
		OSSL_PARAM_construct_end(),
	};
	bool ok = EVP_KDF_derive(ctx, out, len, params) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

bool record_keys_derive(struct record_keys *keys, uint16_t suite,
			const uint8_t master[static RECORD_MASTER],
			const uint8_t client_random[static RECORD_RANDOM],
			const uint8_t server_random[static RECORD_RANDOM])
{
	static const char label[] = "key expansion";
	uint8_t seed[sizeof(label) - 1 + 2 * RECORD_RANDOM];
	uint8_t block[2 * (32 + 4)];
	const uint8_t *next = block;

	memset(keys, 0, sizeof(*keys));
	memcpy(seed, label, sizeof(label) - 1);
	memcpy(seed + sizeof(label) - 1, server_random, RECORD_RANDOM);
	memcpy(seed + sizeof(label) - 1 + RECORD_RANDOM, client_random, RECORD_RANDOM);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suites[i].suite != suite)
			continue;
		keys->key_len = suites[i].key_len;
		if (!expand(suites[i].digest, master, seed, sizeof(seed), block,
			    2u * keys->key_len + 8))
			return false;
	}
	for (int side = 0; side < 2; side++, next += keys->key_len)
		memcpy(keys->key[side], next, keys->key_len);
	for (int side = 0; side < 2; side++, next += sizeof(keys->iv[0]))
		memcpy(keys->iv[side], next, sizeof(keys->iv[0]));
	OPENSSL_cleanse(block, sizeof(block));
	return keys->key_len != 0;
}

size_t record_size(const uint8_t *p, size_t len)
{
	size_t size = len < RECORD_HEADER ? 0 : RECORD_HEADER + (size_t)(p[11] << 8 | p[12]);

	return size <= len ? size : 0;
}

// The cipher with key, nonce and additional data set; data_len is the plaintext's.
static EVP_CIPHER_CTX *cipher_start(const struct record_keys *keys, enum record_side side,
				    const uint8_t *p, size_t data_len, bool seal)
{
	const EVP_CIPHER *cipher = keys->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[NONCE_LEN], aad[AAD_LEN];
	int n;

	memcpy(nonce, keys->iv[side], 4);
	memcpy(nonce + 4, p + RECORD_HEADER, RECORD_NONCE);
	memcpy(aad, p + 3, 8); // epoch and sequence number, type, version, length
	memcpy(aad + 8, p, 3);
	aad[11] = (uint8_t)(data_len >> 8);
	aad[12] = (uint8_t)data_len;
	EVP_CipherInit_ex(ctx, cipher, NULL, keys->key[side], nonce, seal);
	EVP_CipherUpdate(ctx, NULL, &n, aad, AAD_LEN);
	return ctx;
}

int record_open(const struct record_keys *keys, enum record_side side, const uint8_t *p,
		uint8_t *plain)
{
	int len = (p[11] << 8 | p[12]) - RECORD_NONCE - RECORD_TAG;
	const uint8_t *data = p + RECORD_HEADER + RECORD_NONCE;
	EVP_CIPHER_CTX *ctx;
	int n;
	bool ok;

	if (len < 0)
		return -1;
	ctx = cipher_start(keys, side, p, (size_t)len, false);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, RECORD_TAG, (void *)(data + len));
	ok = EVP_CipherUpdate(ctx, plain, &n, data, len) > 0 &&
	     EVP_CipherFinal_ex(ctx, plain + len, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? len : -1;
}

size_t record_seal(const struct record_keys *keys, enum record_side side, uint8_t *p,
		   const uint8_t *plain, size_t len)
{
	size_t fragment = RECORD_NONCE + len + RECORD_TAG;
	uint8_t *data = p + RECORD_HEADER + RECORD_NONCE;
	EVP_CIPHER_CTX *ctx;
	int n;

	p[11] = (uint8_t)(fragment >> 8);
	p[12] = (uint8_t)fragment;
	ctx = cipher_start(keys, side, p, len, true);
	EVP_CipherUpdate(ctx, data, &n, plain, (int)len);
	EVP_CipherFinal_ex(ctx, data + len, &n);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG, data + len);
	EVP_CIPHER_CTX_free(ctx);
	return RECORD_HEADER + fragment;
}
