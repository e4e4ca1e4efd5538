// SPDX-License-Identifier: BSD-3-Clause
#include "aead_mb.h"

#include <openssl/crypto.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include <stdlib.h>
#include <string.h>

struct aead *aead_create(void)
{
	struct aead *aead = calloc(1, sizeof(*aead));

	if (aead == NULL)
		return NULL;
	aead->mgr = alloc_mb_mgr(0);
	if (aead->mgr == NULL)
		goto free_aead;
	init_mb_mgr_auto(aead->mgr, NULL);
	if (imb_get_errno(aead->mgr) != 0)
		goto free_mgr;
	return aead;

free_mgr:
	free_mb_mgr(aead->mgr);
free_aead:
	free(aead);
	return NULL;
}

void aead_destroy(struct aead *aead)
{
	if (aead == NULL)
		return;
	free_mb_mgr(aead->mgr);
	explicit_bzero(aead, sizeof(*aead));
	free(aead);
}

void aead_key_expand(struct aead *aead, enum aead_suite suite, const uint8_t *key,
		     struct aead_key *expanded)
{
	switch (suite) {
	case AEAD_AES_128_GCM:
		IMB_AES128_GCM_PRE(aead->mgr, key, &expanded->gcm);
		break;
	case AEAD_AES_256_GCM:
		IMB_AES256_GCM_PRE(aead->mgr, key, &expanded->gcm);
		break;
	case AEAD_SUITE_NB:
		break;
	}
}

// Operations at the front of op[0..n) that have the suite of the first.
static uint16_t run_len(const struct aead_op *op, uint16_t n)
{
	uint16_t len = 1;

	while (len < n && op[len].suite == op[0].suite)
		len++;
	return len;
}

// The lines of a GCM key that len bytes need: round keys in front, and at the end the powers of the
// hash key, the first the last, one for each block of data, additional data and lengths.
static inline void prefetch_key(const struct aead_key *key, uint32_t len)
{
	const uint8_t *front = (const uint8_t *)key, *end = (const uint8_t *)(&key->gcm + 1);
	uint32_t powers_len = RTE_MIN(len + 4 * 16, (uint32_t)sizeof(key->gcm) - 240);

	for (unsigned int i = 0; i < 3; i++)
		rte_prefetch0(front + i * RTE_CACHE_LINE_SIZE);
	for (const uint8_t *p = end - powers_len; p < end; p += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(p);
	rte_prefetch0(end - 1);
}

// Before operation i of n.
static inline void prefetch(const struct aead_op *op, uint16_t i, uint16_t n)
{
	if (i == 0) {
		for (uint16_t k = 1; k < RTE_MIN(n, 4); k++)
			prefetch_key(op[k].key, op[k].data_len);
	}
	if (i + 4 < n)
		prefetch_key(op[i + 4].key, op[i + 4].data_len);
}

static void seal_aes_128_gcm(struct aead *aead, struct aead_op *op, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		prefetch(op, i, n);
		IMB_AES128_GCM_ENC(aead->mgr, &op[i].key->gcm, &aead->gcm, op[i].data, op[i].data,
				   op[i].data_len, op[i].nonce, op[i].aad, AEAD_AAD_LEN, op[i].tag,
				   16);
	}
}

static void seal_aes_256_gcm(struct aead *aead, struct aead_op *op, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		prefetch(op, i, n);
		IMB_AES256_GCM_ENC(aead->mgr, &op[i].key->gcm, &aead->gcm, op[i].data, op[i].data,
				   op[i].data_len, op[i].nonce, op[i].aad, AEAD_AAD_LEN, op[i].tag,
				   16);
	}
}

static void open_aes_128_gcm(struct aead *aead, struct aead_op *op, uint16_t n)
{
	uint8_t tag[16];

	for (uint16_t i = 0; i < n; i++) {
		prefetch(op, i, n);
		IMB_AES128_GCM_DEC(aead->mgr, &op[i].key->gcm, &aead->gcm, op[i].data, op[i].data,
				   op[i].data_len, op[i].nonce, op[i].aad, AEAD_AAD_LEN, tag,
				   sizeof(tag));
		op[i].ok = CRYPTO_memcmp(tag, op[i].tag, sizeof(tag)) == 0;
	}
}

static void open_aes_256_gcm(struct aead *aead, struct aead_op *op, uint16_t n)
{
	uint8_t tag[16];

	for (uint16_t i = 0; i < n; i++) {
		prefetch(op, i, n);
		IMB_AES256_GCM_DEC(aead->mgr, &op[i].key->gcm, &aead->gcm, op[i].data, op[i].data,
				   op[i].data_len, op[i].nonce, op[i].aad, AEAD_AAD_LEN, tag,
				   sizeof(tag));
		op[i].ok = CRYPTO_memcmp(tag, op[i].tag, sizeof(tag)) == 0;
	}
}

void aead_seal_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	for (uint16_t i = 0, len; i < n; i += len) {
		len = run_len(&op[i], n - i);
		switch ((enum aead_suite)op[i].suite) {
		case AEAD_AES_128_GCM:
			seal_aes_128_gcm(aead, &op[i], len);
			break;
		case AEAD_AES_256_GCM:
			seal_aes_256_gcm(aead, &op[i], len);
			break;
		case AEAD_SUITE_NB:
			break;
		}
	}
}

void aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	for (uint16_t i = 0, len; i < n; i += len) {
		len = run_len(&op[i], n - i);
		switch ((enum aead_suite)op[i].suite) {
		case AEAD_AES_128_GCM:
			open_aes_128_gcm(aead, &op[i], len);
			break;
		case AEAD_AES_256_GCM:
			open_aes_256_gcm(aead, &op[i], len);
			break;
		case AEAD_SUITE_NB:
			break;
		}
	}
}
