// SPDX-License-Identifier: BSD-3-Clause
#include "aead_ossl.h"

#include <openssl/evp.h>

static const EVP_CIPHER *cipher(enum aead_suite suite)
{
	switch (suite) {
	case AEAD_AES_128_GCM:
		return EVP_aes_128_gcm();
	case AEAD_AES_256_GCM:
		return EVP_aes_256_gcm();
	case AEAD_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	case AEAD_AES_128_CCM:
	case AEAD_AES_128_CCM_8:
		return EVP_aes_128_ccm();
	case AEAD_AES_256_CCM:
	case AEAD_AES_256_CCM_8:
		return EVP_aes_256_ccm();
	case AEAD_SUITE_NB:
		break;
	}
	return NULL;
}

static bool crypt_one(EVP_CIPHER_CTX *ctx, const struct aead_ossl_key *key, struct aead_op *op,
		      bool seal)
{
	const EVP_CIPHER *c = cipher(key->suite);
	bool ccm = EVP_CIPHER_get_mode(c) == EVP_CIPH_CCM_MODE;
	int tag_len = aead_info[key->suite].tag_len;
	int len;

	if (EVP_CipherInit_ex(ctx, c, NULL, NULL, NULL, seal) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, AEAD_NONCE_LEN, NULL) != 1)
		return false;
	if ((ccm || !seal) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, seal ? NULL : op->tag) != 1)
		return false;
	if (EVP_CipherInit_ex(ctx, NULL, NULL, key->key, op->nonce, seal) != 1)
		return false;
	// CCM wants to know the length first.
	if (ccm && EVP_CipherUpdate(ctx, NULL, &len, NULL, (int)op->data_len) != 1)
		return false;
	if (EVP_CipherUpdate(ctx, NULL, &len, op->aad, AEAD_AAD_LEN) != 1 ||
	    EVP_CipherUpdate(ctx, op->data, &len, op->data, (int)op->data_len) != 1 ||
	    EVP_CipherFinal_ex(ctx, op->data + len, &len) != 1)
		return false;
	return !seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, tag_len, op->tag) == 1;
}

static void crypt_burst(const struct aead_ossl_key *const *key, struct aead_op *op, uint16_t n,
			bool seal)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	for (uint16_t i = 0; i < n; i++)
		op[i].ok = ctx != NULL && crypt_one(ctx, key[i], &op[i], seal);
	EVP_CIPHER_CTX_free(ctx);
}

void aead_ossl_seal_burst(const struct aead_ossl_key *const *key, struct aead_op *op, uint16_t n)
{
	crypt_burst(key, op, n, true);
}

void aead_ossl_open_burst(const struct aead_ossl_key *const *key, struct aead_op *op, uint16_t n)
{
	crypt_burst(key, op, n, false);
}
