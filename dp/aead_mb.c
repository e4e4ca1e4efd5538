// SPDX-License-Identifier: BSD-3-Clause
#include "aead_mb.h"

#include <openssl/crypto.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include <stdlib.h>
#include <string.h>

static struct aead *create(struct mb_copy *mb)
{
	struct aead *aead = calloc(1, sizeof(*aead));

	if (aead == NULL)
		goto put_mb;
	aead->mb = mb;
	aead->mgr = mb->alloc(0);
	if (aead->mgr == NULL)
		goto free_aead;
	mb->init(aead->mgr, NULL);
	if (mb->get_errno(aead->mgr) != 0)
		goto free_mgr;
	return aead;

free_mgr:
	mb->free(aead->mgr);
free_aead:
	free(aead);
put_mb:
	mb_copy_put(mb);
	return NULL;
}

struct aead *aead_create(void)
{
	return create(mb_copy_linked());
}

struct aead *aead_create_apart(void)
{
	return create(mb_copy_get());
}

void aead_destroy(struct aead *aead)
{
	if (aead == NULL)
		return;
	aead->mb->free(aead->mgr);
	mb_copy_put(aead->mb);
	explicit_bzero(aead, sizeof(*aead));
	free(aead);
}

void aead_key_expand(struct aead *aead, enum aead_suite suite, const uint8_t *key,
		     struct aead_key *expanded)
{
	uint8_t unused[AEAD_AES_ROUND_KEYS_MAX] __attribute__((aligned(16))); // for decryption

	switch (suite) {
	case AEAD_AES_128_GCM:
		IMB_AES128_GCM_PRE(aead->mgr, key, &expanded->gcm);
		break;
	case AEAD_AES_256_GCM:
		IMB_AES256_GCM_PRE(aead->mgr, key, &expanded->gcm);
		break;
	case AEAD_CHACHA20_POLY1305:
		memcpy(expanded->chacha20, key, sizeof(expanded->chacha20));
		break;
	case AEAD_AES_128_CCM:
	case AEAD_AES_128_CCM_8:
		IMB_AES_KEYEXP_128(aead->mgr, key, expanded->ccm, unused);
		break;
	case AEAD_AES_256_CCM:
	case AEAD_AES_256_CCM_8:
		IMB_AES_KEYEXP_256(aead->mgr, key, expanded->ccm, unused);
		break;
	case AEAD_SUITE_NB:
		break;
	}
	explicit_bzero(unused, sizeof(unused));
}

// Operations between the fetching of a key and its use: long enough for memory, and as few as are
// needed, because fetches beside the ciphers cost nothing and many at once hold each other up.
#define KEY_AHEAD 8

// Fetches the lines of a GCM key that every record needs: round keys in front, and the first powers
// of the hash key, which are the last; each block of data takes one more, from behind.  Other keys
// lie in front.
static inline void prefetch_key(const struct aead_key *key)
{
	const uint8_t *front = (const uint8_t *)key, *end = (const uint8_t *)(&key->gcm + 1);

	rte_prefetch0(front);
	rte_prefetch0(front + RTE_CACHE_LINE_SIZE);
	rte_prefetch0(front + 2 * RTE_CACHE_LINE_SIZE);
	rte_prefetch0(end - 1);
	rte_prefetch0(end - 1 - RTE_CACHE_LINE_SIZE);
}

static void prefetch_first(const struct aead_op *op, uint16_t n)
{
	for (uint16_t i = 0; i < n && i < KEY_AHEAD; i++)
		prefetch_key(op[i].key);
}

// Of the n operations from op on, the next that has not been fetched.
static inline void prefetch_next(const struct aead_op *op, uint16_t n)
{
	if (n > KEY_AHEAD)
		prefetch_key(op[KEY_AHEAD].key);
}

// Seals the operations at the front of op[0..n) that have the first one's suite.  Returns how many.
static uint16_t seal_gcm(struct aead *aead, aes_gcm_enc_dec_t seal, struct aead_op *op, uint16_t n)
{
	const uint8_t suite = op->suite;
	uint16_t i;

	for (i = 0; i < n && op[i].suite == suite; i++) {
		prefetch_next(&op[i], n - i);
		seal(&op[i].key->gcm, &aead->gcm, op[i].data, op[i].data, op[i].data_len,
		     op[i].nonce, op[i].aad, AEAD_AAD_LEN, op[i].tag, 16);
	}
	return i;
}

// The same to open.
static uint16_t open_gcm(struct aead *aead, aes_gcm_enc_dec_t open, struct aead_op *op, uint16_t n)
{
	const uint8_t suite = op->suite;
	uint8_t tag[16];
	uint16_t i;

	for (i = 0; i < n && op[i].suite == suite; i++) {
		prefetch_next(&op[i], n - i);
		open(&op[i].key->gcm, &aead->gcm, op[i].data, op[i].data, op[i].data_len,
		     op[i].nonce, op[i].aad, AEAD_AAD_LEN, tag, sizeof(tag));
		op[i].ok = CRYPTO_memcmp(tag, op[i].tag, sizeof(tag)) == 0;
	}
	return i;
}

static void take_result(const IMB_JOB *job)
{
	struct aead_op *op = job->user_data;

	op->ok = job->status == IMB_STATUS_COMPLETED &&
		 CRYPTO_memcmp(job->auth_tag_output, op->tag, job->auth_tag_output_len_in_bytes) ==
			 0;
}

// Completes what the manager still holds: CCM waits there for its lanes to fill, from however many
// runs of the burst.
static void finish(struct aead *aead)
{
	const IMB_JOB *job;

	if (aead->jobs == 0)
		return;
	while ((job = IMB_FLUSH_JOB(aead->mgr)) != NULL)
		take_result(job);
	aead->jobs = 0;
}

// A job for what all suites have in common.  It stays valid until submit().
static IMB_JOB *job_for(struct aead *aead, struct aead_op *op, IMB_CIPHER_DIRECTION direction)
{
	uint8_t *tag = aead->tag[aead->jobs++ % RTE_DIM(aead->tag)];
	IMB_JOB *job = IMB_GET_NEXT_JOB(aead->mgr);

	job->src = op->data;
	job->dst = op->data;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = op->data_len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = op->data_len;
	job->iv = op->nonce;
	job->iv_len_in_bytes = AEAD_NONCE_LEN;
	job->auth_tag_output = direction == IMB_DIR_ENCRYPT ? op->tag : tag;
	job->auth_tag_output_len_in_bytes = aead_info[op->suite].tag_len;
	job->cipher_direction = direction;
	job->user_data = op;
	return job;
}

static void submit(struct aead *aead)
{
	const IMB_JOB *job = IMB_SUBMIT_JOB_NOCHECK(aead->mgr);

	if (job != NULL)
		take_result(job);
}

static void chacha20_poly1305(struct aead *aead, struct aead_op *op, IMB_CIPHER_DIRECTION direction)
{
	IMB_JOB *job = job_for(aead, op, direction);

	job->enc_keys = op->key->chacha20;
	job->dec_keys = op->key->chacha20;
	job->key_len_in_bytes = 32;
	job->u.CHACHA20_POLY1305.aad = op->aad;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = AEAD_AAD_LEN;
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->chain_order =
		direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	submit(aead);
}

// Unlike the others CCM authenticates the plaintext.
static void aes_ccm(struct aead *aead, struct aead_op *op, IMB_CIPHER_DIRECTION direction)
{
	IMB_JOB *job = job_for(aead, op, direction);

	job->enc_keys = op->key->ccm;
	job->dec_keys = op->key->ccm;
	job->key_len_in_bytes = aead_info[op->suite].key_len;
	job->u.CCM.aad = op->aad;
	job->u.CCM.aad_len_in_bytes = AEAD_AAD_LEN;
	job->cipher_mode = IMB_CIPHER_CCM;
	job->hash_alg = IMB_AUTH_AES_CCM;
	job->chain_order =
		direction == IMB_DIR_ENCRYPT ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	submit(aead);
}

void aead_seal_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	prefetch_first(op, n);
	for (uint16_t i = 0, done; i < n; i += done) {
		done = 1;
		switch ((enum aead_suite)op[i].suite) {
		case AEAD_AES_128_GCM:
			done = seal_gcm(aead, aead->mgr->gcm128_enc, &op[i], n - i);
			break;
		case AEAD_AES_256_GCM:
			done = seal_gcm(aead, aead->mgr->gcm256_enc, &op[i], n - i);
			break;
		case AEAD_CHACHA20_POLY1305:
			prefetch_next(&op[i], n - i);
			chacha20_poly1305(aead, &op[i], IMB_DIR_ENCRYPT);
			break;
		case AEAD_AES_128_CCM:
		case AEAD_AES_256_CCM:
		case AEAD_AES_128_CCM_8:
		case AEAD_AES_256_CCM_8:
			prefetch_next(&op[i], n - i);
			aes_ccm(aead, &op[i], IMB_DIR_ENCRYPT);
			break;
		case AEAD_SUITE_NB:
			break;
		}
	}
	finish(aead);
}

void aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	prefetch_first(op, n);
	for (uint16_t i = 0, done; i < n; i += done) {
		done = 1;
		switch ((enum aead_suite)op[i].suite) {
		case AEAD_AES_128_GCM:
			done = open_gcm(aead, aead->mgr->gcm128_dec, &op[i], n - i);
			break;
		case AEAD_AES_256_GCM:
			done = open_gcm(aead, aead->mgr->gcm256_dec, &op[i], n - i);
			break;
		case AEAD_CHACHA20_POLY1305:
			prefetch_next(&op[i], n - i);
			chacha20_poly1305(aead, &op[i], IMB_DIR_DECRYPT);
			break;
		case AEAD_AES_128_CCM:
		case AEAD_AES_256_CCM:
		case AEAD_AES_128_CCM_8:
		case AEAD_AES_256_CCM_8:
			prefetch_next(&op[i], n - i);
			aes_ccm(aead, &op[i], IMB_DIR_DECRYPT);
			break;
		case AEAD_SUITE_NB:
			break;
		}
	}
	finish(aead);
}
