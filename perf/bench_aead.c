// SPDX-License-Identifier: BSD-3-Clause

// AES-GCM by itself: our bursts, ipsec-mb's direct call, its job and burst interfaces, and
// libcrypto's EVP; one key and many; and which cache lines of an expanded key a record needs.
#include <openssl/evp.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include <string.h>

#include "aead_mb.h"
#include "aead_ossl.h"
#include "bench.h"

#define BURST	 32
#define KEYS_MAX 4096
#define SAMPLE	 256   // packets, or one for each key
#define DATA_MAX 16384 // bytes

struct aead_case {
	struct aead *aead;
	struct aead_key *key; // keys
	EVP_CIPHER_CTX **evp; // keys, with the key set
	uint8_t (*raw)[16];   // keys
	uint8_t *data[BURST];
	uint8_t tag[BURST][16];
	struct aead_op op[KEYS_MAX];
	uint32_t keys;
	uint32_t size;
	bool seal;
};

static struct aead_case c;

static void fill(struct aead_op *op, uint32_t k)
{
	*op = (struct aead_op){.key = &c.key[(k * 7919) % c.keys],
			       .data = c.data[k % BURST],
			       .tag = c.tag[k % BURST],
			       .data_len = c.size,
			       .suite = AEAD_AES_128_GCM};
	memset(op->nonce, (int)k, sizeof(op->nonce));
	memset(op->aad, 0x17, sizeof(op->aad));
}

static uint64_t run_ours(void *arg, uint32_t n)
{
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t k = 0; k < n; k += BURST) {
		if (c.seal)
			aead_seal_burst(c.aead, c.op + k, BURST);
		else
			aead_open_burst(c.aead, c.op + k, BURST);
	}
	return bench_tsc() - start;
}

static uint64_t run_direct(void *arg, uint32_t n)
{
	IMB_MGR *mgr = c.aead->mgr;
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t k = 0; k < n; k++) {
		struct aead_op *op = &c.op[k];

		if (c.seal)
			IMB_AES128_GCM_ENC(mgr, &op->key->gcm, &c.aead->gcm, op->data, op->data,
					   op->data_len, op->nonce, op->aad, 13, op->tag, 16);
		else
			IMB_AES128_GCM_DEC(mgr, &op->key->gcm, &c.aead->gcm, op->data, op->data,
					   op->data_len, op->nonce, op->aad, 13, op->tag, 16);
	}
	return bench_tsc() - start;
}

static inline void fill_job(IMB_JOB *job, const struct aead_op *op)
{
	job->cipher_mode = IMB_CIPHER_GCM;
	job->hash_alg = IMB_AUTH_AES_GMAC;
	job->cipher_direction = c.seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->chain_order = c.seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->key_len_in_bytes = 16;
	job->enc_keys = job->dec_keys = &op->key->gcm;
	job->src = op->data;
	job->dst = op->data;
	job->msg_len_to_cipher_in_bytes = job->msg_len_to_hash_in_bytes = op->data_len;
	job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
	job->iv = op->nonce;
	job->iv_len_in_bytes = 12;
	job->u.GCM.aad = op->aad;
	job->u.GCM.aad_len_in_bytes = 13;
	job->auth_tag_output = op->tag;
	job->auth_tag_output_len_in_bytes = 16;
}

static uint64_t run_job(void *arg, uint32_t n)
{
	IMB_MGR *mgr = c.aead->mgr;
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t k = 0; k < n; k++) {
		IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);

		fill_job(job, &c.op[k]);
		job = IMB_SUBMIT_JOB(mgr);
		while (job == NULL)
			job = IMB_FLUSH_JOB(mgr);
	}
	return bench_tsc() - start;
}

static uint64_t run_burst(void *arg, uint32_t n)
{
	IMB_MGR *mgr = c.aead->mgr;
	IMB_JOB *job[BURST];
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t k = 0; k < n; k += BURST) {
		uint32_t got = IMB_GET_NEXT_BURST(mgr, BURST, job);

		bench_check(got == BURST);
		for (uint32_t i = 0; i < BURST; i++)
			fill_job(job[i], &c.op[k + i]);
		got = IMB_SUBMIT_BURST(mgr, BURST, job);
		while (got < BURST)
			got += IMB_FLUSH_BURST(mgr, BURST - got, job);
	}
	return bench_tsc() - start;
}

// The key is in the context; what DTLS sets for each record is set for each record.
static bool evp_one(struct aead_op *op)
{
	EVP_CIPHER_CTX *ctx = c.evp[op->key - c.key];
	int len;

	EVP_CipherInit_ex(ctx, NULL, NULL, NULL, op->nonce, c.seal);
	if (!c.seal)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, op->tag);
	EVP_CipherUpdate(ctx, NULL, &len, op->aad, 13);
	EVP_CipherUpdate(ctx, op->data, &len, op->data, (int)op->data_len);
	op->ok = EVP_CipherFinal_ex(ctx, op->data + op->data_len, &len) == 1;
	if (c.seal)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, op->tag);
	return op->ok;
}

static uint64_t run_evp(void *arg, uint32_t n)
{
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t k = 0; k < n; k++)
		evp_one(&c.op[k]);
	return bench_tsc() - start;
}

// A burst by run(), which sealed what libcrypto opens, or opened what libcrypto sealed: data, and
// the tag that the record has or that run() found.
static void check(uint64_t (*run)(void *, uint32_t))
{
	static uint8_t plain[BURST][DATA_MAX];
	bool verifies = run == run_ours || run == run_evp;
	struct aead_ossl_key key = {.suite = AEAD_AES_128_GCM};
	const struct aead_ossl_key *keyp = &key;
	uint8_t tag[BURST][16];
	uint64_t seed = c.size;

	for (uint32_t k = 0; k < BURST; k++) {
		fill(&c.op[k], k);
		bench_random_bytes(&seed, c.data[k], c.size);
		memcpy(plain[k], c.data[k], c.size);
		memcpy(key.key, c.raw[c.op[k].key - c.key], 16);
		if (!c.seal)
			aead_ossl_seal_burst(&keyp, &c.op[k], 1);
		memcpy(tag[k], c.tag[k], 16);
	}
	run(NULL, BURST);
	for (uint32_t k = 0; k < BURST; k++) {
		memcpy(key.key, c.raw[c.op[k].key - c.key], 16);
		if (c.seal)
			aead_ossl_open_burst(&keyp, &c.op[k], 1);
		if (c.seal || verifies)
			bench_check(c.op[k].ok);
		else
			bench_check(memcmp(tag[k], c.tag[k], 16) == 0);
		bench_check(memcmp(plain[k], c.data[k], c.size) == 0);
	}
}

static void measure(uint32_t size, uint32_t keys, bool seal)
{
	static const struct variant {
		const char *name;
		uint64_t (*run)(void *, uint32_t);
	} variants[] = {{"mb_direct", run_direct},
			{"ours", run_ours},
			{"evp", run_evp},
			{"mb_job", run_job},
			{"mb_burst", run_burst}};
	struct bench_item item[RTE_DIM(variants)];
	// ipsec-mb's jobs refuse an empty message.
	unsigned int nb = size == 0 ? 3 : RTE_DIM(variants);
	uint32_t n = RTE_MAX(keys, (uint32_t)SAMPLE), samples = size > 2048 ? 4 : 16;

	c.size = size;
	c.keys = keys;
	c.seal = seal;
	for (unsigned int i = 0; i < nb; i++) {
		check(variants[i].run);
		item[i] = (struct bench_item){.run = variants[i].run, .n = n, .samples = samples};
	}
	for (uint32_t k = 0; k < n; k++)
		fill(&c.op[k], k);
	bench_measure(item, nb);
	for (unsigned int i = 0; i < nb; i++) {
		char name[64];
		struct bench_row row = {.bench = "aead",
					.name = name,
					.size = size,
					.sessions = keys,
					.burst = BURST,
					.cycles = item[i].cycles,
					.ratio_name = "direct/measured",
					.ratio = item[0].cycles / item[i].cycles};

		snprintf(name, sizeof(name), "%s_%s", seal ? "seal" : "open", variants[i].name);
		bench_print(&row);
	}
}

// A line whose bytes change the result is one that the record needs.
static void key_lines(uint32_t size)
{
	static struct aead_key changed;
	static uint8_t want[DATA_MAX + 16], got[DATA_MAX + 16];
	uint8_t nonce[12] = {1}, aad[13] = {2};
	char lines[128] = "";
	size_t at = 0;

	memset(want, 0, sizeof(want));
	IMB_AES128_GCM_ENC(c.aead->mgr, &c.key[0].gcm, &c.aead->gcm, want, want, size, nonce, aad,
			   13, want + size, 16);
	for (size_t i = 0; i < sizeof(changed); i += RTE_CACHE_LINE_SIZE) {
		changed = c.key[0];
		for (size_t k = 0; k < RTE_CACHE_LINE_SIZE; k++)
			((uint8_t *)&changed)[i + k] ^= 0x5a;
		memset(got, 0, sizeof(got));
		IMB_AES128_GCM_ENC(c.aead->mgr, &changed.gcm, &c.aead->gcm, got, got, size, nonce,
				   aad, 13, got + size, 16);
		if (memcmp(want, got, size + 16) != 0)
			at += (size_t)snprintf(lines + at, sizeof(lines) - at, "%s%zu",
					       at > 0 ? " " : "", i / RTE_CACHE_LINE_SIZE);
	}
	printf("# lines of an expanded key (%zu) that change %u bytes: %s\n",
	       sizeof(changed) / RTE_CACHE_LINE_SIZE, size, lines);
}

static void set_up(uint32_t keys)
{
	uint64_t seed = 1;

	c.aead = aead_create();
	c.key = rte_malloc("key", keys * sizeof(*c.key), RTE_CACHE_LINE_SIZE);
	c.raw = rte_malloc("raw", keys * sizeof(*c.raw), 0);
	c.evp = rte_malloc("evp", keys * sizeof(*c.evp), 0);
	bench_check(c.aead != NULL && c.key != NULL && c.raw != NULL && c.evp != NULL);
	for (uint32_t i = 0; i < keys; i++) {
		bench_random_bytes(&seed, c.raw[i], 16);
		aead_key_expand(c.aead, AEAD_AES_128_GCM, c.raw[i], &c.key[i]);
		c.evp[i] = EVP_CIPHER_CTX_new();
		bench_check(c.evp[i] != NULL);
		bench_check(EVP_CipherInit_ex(c.evp[i], EVP_aes_128_gcm(), NULL, c.raw[i], NULL,
					      1) == 1);
	}
	for (uint32_t i = 0; i < BURST; i++) {
		c.data[i] = rte_zmalloc("data", DATA_MAX + 64, RTE_CACHE_LINE_SIZE);
		bench_check(c.data[i] != NULL);
	}
}

int main(int argc, char **argv)
{
	static const uint32_t full[] = {0, 16, 64, 128, 256, 512, 1024, 1350, 4096, 16384};
	static const uint32_t quick[] = {64, 256, 1350};
	struct bench_options options = bench_options(argc, argv);
	const uint32_t *size = options.quick ? quick : full;
	size_t nb = options.quick ? RTE_DIM(quick) : RTE_DIM(full);

	bench_eal(&options, 128);
	set_up(KEYS_MAX);
	for (size_t i = 0; i < nb; i++)
		key_lines(size[i]);
	for (int seal = 1; seal >= 0; seal--) {
		for (size_t i = 0; i < nb; i++) {
			measure(size[i], 1, seal);
			measure(size[i], 256, seal);
			if (!options.quick)
				measure(size[i], KEYS_MAX, seal);
		}
	}
	return 0;
}
