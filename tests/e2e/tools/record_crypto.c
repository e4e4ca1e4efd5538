// SPDX-License-Identifier: BSD-3-Clause
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "record_crypto.h"

#define AAD_LEN 13

struct record_cipher {
	const EVP_CIPHER *(*evp)(void);
	uint8_t key_len, iv_len, explicit_len, tag_len; // bytes; iv_len and explicit_len: 12
	bool ccm;
};

static const struct record_cipher gcm_128 = {EVP_aes_128_gcm, 16, 4, 8, 16, false};
static const struct record_cipher gcm_256 = {EVP_aes_256_gcm, 32, 4, 8, 16, false};
static const struct record_cipher chacha = {EVP_chacha20_poly1305, 32, 12, 0, 16, false};
static const struct record_cipher ccm_128 = {EVP_aes_128_ccm, 16, 4, 8, 16, true};
static const struct record_cipher ccm_256 = {EVP_aes_256_ccm, 32, 4, 8, 16, true};
static const struct record_cipher ccm_8_128 = {EVP_aes_128_ccm, 16, 4, 8, 8, true};
static const struct record_cipher ccm_8_256 = {EVP_aes_256_ccm, 32, 4, 8, 8, true};

// RFC 5288, RFC 5289, RFC 5487, RFC 6655, RFC 7251, RFC 7905.  SHA-384 goes with AES-256-GCM alone.
static const struct {
	uint16_t suite;
	const struct record_cipher *cipher;
} suites[] = {
	// ECDHE-ECDSA
	{0xc02b, &gcm_128},
	{0xc02c, &gcm_256},
	{0xcca9, &chacha},
	{0xc0ac, &ccm_128},
	{0xc0ad, &ccm_256},
	{0xc0ae, &ccm_8_128},
	{0xc0af, &ccm_8_256},
	// ECDHE-RSA
	{0xc02f, &gcm_128},
	{0xc030, &gcm_256},
	{0xcca8, &chacha},
	// DHE-RSA
	{0x009e, &gcm_128},
	{0x009f, &gcm_256},
	{0xccaa, &chacha},
	{0xc09e, &ccm_128},
	{0xc09f, &ccm_256},
	{0xc0a2, &ccm_8_128},
	{0xc0a3, &ccm_8_256},
	// PSK
	{0x00a8, &gcm_128},
	{0x00a9, &gcm_256},
	{0xccab, &chacha},
	{0xc0a4, &ccm_128},
	{0xc0a5, &ccm_256},
	{0xc0a8, &ccm_8_128},
	{0xc0a9, &ccm_8_256},
	// DHE-PSK
	{0x00aa, &gcm_128},
	{0x00ab, &gcm_256},
	{0xccad, &chacha},
	{0xc0a6, &ccm_128},
	{0xc0a7, &ccm_256},
	{0xc0aa, &ccm_8_128},
	{0xc0ab, &ccm_8_256},
	// ECDHE-PSK
	{0xccac, &chacha},
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

static const struct record_cipher *cipher_of(uint16_t suite)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].suite == suite)
			return suites[i].cipher;
	return NULL;
}

bool record_keys_derive(struct record_keys *keys, uint16_t suite,
			const uint8_t master[static RECORD_MASTER],
			const uint8_t client_random[static RECORD_RANDOM],
			const uint8_t server_random[static RECORD_RANDOM])
{
	static const char label[] = "key expansion";
	uint8_t seed[sizeof(label) - 1 + 2 * RECORD_RANDOM];
	const struct record_cipher *cipher = cipher_of(suite);
	uint8_t block[2 * (32 + RECORD_NONCE)];
	const uint8_t *next = block;

	memset(keys, 0, sizeof(*keys));
	if (cipher == NULL)
		return false;
	memcpy(seed, label, sizeof(label) - 1);
	memcpy(seed + sizeof(label) - 1, server_random, RECORD_RANDOM);
	memcpy(seed + sizeof(label) - 1 + RECORD_RANDOM, client_random, RECORD_RANDOM);
	if (!expand(cipher == &gcm_256 ? "SHA384" : "SHA256", master, seed, sizeof(seed), block,
		    2u * (cipher->key_len + cipher->iv_len)))
		return false;
	for (int side = 0; side < 2; side++, next += cipher->key_len)
		memcpy(keys->key[side], next, cipher->key_len);
	for (int side = 0; side < 2; side++, next += cipher->iv_len)
		memcpy(keys->iv[side], next, cipher->iv_len);
	keys->cipher = cipher;
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}

size_t record_size(const uint8_t *p, size_t len)
{
	size_t size = len < RECORD_HEADER ? 0 : RECORD_HEADER + (size_t)(p[11] << 8 | p[12]);

	return size <= len ? size : 0;
}

size_t record_explicit_len(const struct record_keys *keys)
{
	return keys->cipher->explicit_len;
}

void record_nonce(const struct record_keys *keys, enum record_side side, const uint8_t *p,
		  uint8_t nonce[static RECORD_NONCE])
{
	memcpy(nonce, keys->iv[side], RECORD_NONCE);
	if (keys->cipher->explicit_len > 0) {
		memcpy(nonce + 4, p + RECORD_HEADER, 8);
		return;
	}
	for (int i = 0; i < 8; i++) // epoch and sequence number
		nonce[4 + i] ^= p[3 + i];
}

// The cipher with key, nonce and additional data set, for data_len bytes of plaintext; tag is what
// is to be checked, NULL to seal.
static EVP_CIPHER_CTX *cipher_start(const struct record_keys *keys, enum record_side side,
				    const uint8_t *p, size_t data_len, const uint8_t *tag)
{
	const struct record_cipher *cipher = keys->cipher;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[RECORD_NONCE], aad[AAD_LEN];
	int n;

	record_nonce(keys, side, p, nonce);
	memcpy(aad, p + 3, 8); // epoch and sequence number, type, version, length
	memcpy(aad + 8, p, 3);
	aad[11] = (uint8_t)(data_len >> 8);
	aad[12] = (uint8_t)data_len;
	EVP_CipherInit_ex(ctx, cipher->evp(), NULL, NULL, NULL, tag == NULL);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, RECORD_NONCE, NULL);
	if (tag != NULL || cipher->ccm)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, cipher->tag_len, (void *)tag);
	EVP_CipherInit_ex(ctx, NULL, NULL, keys->key[side], nonce, tag == NULL);
	if (cipher->ccm)
		EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)data_len);
	EVP_CipherUpdate(ctx, NULL, &n, aad, AAD_LEN);
	return ctx;
}

int record_open(const struct record_keys *keys, enum record_side side, const uint8_t *p,
		uint8_t *plain)
{
	const struct record_cipher *cipher = keys->cipher;
	int len = (p[11] << 8 | p[12]) - cipher->explicit_len - cipher->tag_len;
	const uint8_t *data = p + RECORD_HEADER + cipher->explicit_len;
	EVP_CIPHER_CTX *ctx;
	int n;
	bool ok;

	if (len < 0)
		return -1;
	ctx = cipher_start(keys, side, p, (size_t)len, data + len);
	// CCM says whether it authenticates when it has the data.
	ok = EVP_CipherUpdate(ctx, plain, &n, data, len) > 0 &&
	     (cipher->ccm || EVP_CipherFinal_ex(ctx, plain + len, &n) > 0);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? len : -1;
}

size_t record_seal(const struct record_keys *keys, enum record_side side, uint8_t *p,
		   const uint8_t *plain, size_t len)
{
	const struct record_cipher *cipher = keys->cipher;
	size_t fragment = cipher->explicit_len + len + cipher->tag_len;
	uint8_t *data = p + RECORD_HEADER + cipher->explicit_len;
	EVP_CIPHER_CTX *ctx;
	int n;

	p[11] = (uint8_t)(fragment >> 8);
	p[12] = (uint8_t)fragment;
	ctx = cipher_start(keys, side, p, len, NULL);
	EVP_CipherUpdate(ctx, data, &n, plain, (int)len);
	EVP_CipherFinal_ex(ctx, data + len, &n);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, cipher->tag_len, data + len);
	EVP_CIPHER_CTX_free(ctx);
	return RECORD_HEADER + fragment;
}
