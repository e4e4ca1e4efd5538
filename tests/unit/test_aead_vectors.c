// SPDX-License-Identifier: BSD-3-Clause
#include "aead_mb.h"
#include "aead_ossl.h"
#include "unit.h"

// Published answers of the suites that are jobs.  A record's additional data is always 13 bytes, no
// vector's is: the tag is checked with the vector's own, on the manager and the expanded key of
// aead_mb.c, and the ciphertext, which does not depend on it, through aead_seal_burst() and
// aead_open_burst() too.  test_gcm_vectors.c has those of GCM.

#define TEXT_MAX     272
#define LINE_MAX_LEN (2 * TEXT_MAX + 16)

struct vector {
	unsigned int number;
	enum aead_suite suite;
	uint8_t key[AEAD_KEY_MAX];
	uint8_t iv[AEAD_NONCE_LEN];
	uint8_t plain[TEXT_MAX], cipher[TEXT_MAX];
	uint8_t aad[TEXT_MAX];
	uint8_t tag[AEAD_TAG_MAX];
	size_t len, aad_len;
};

static struct aead *aead;
static unsigned int cases_of[AEAD_SUITE_NB];

static enum aead_suite suite_named(const char *name)
{
	enum aead_suite suite = 0;

	while (suite < AEAD_SUITE_NB && strcmp(aead_name(suite), name) != 0)
		suite++;
	assert_true(suite < AEAD_SUITE_NB);
	return suite;
}

// Takes one line "Name = value" into *v.  True if it was the last of a case.
static bool read_line(const char *line, struct vector *v)
{
	char name[8], value[2 * TEXT_MAX + 1] = "";

	if (sscanf(line, "%7s = %544s", name, value) < 1)
		return false;
	if (strcmp(name, "Case") == 0)
		v->number = (unsigned int)atoi(value);
	else if (strcmp(name, "Suite") == 0)
		v->suite = suite_named(value);
	else if (strcmp(name, "Key") == 0)
		assert_int_equal(unit_hex(value, v->key, sizeof(v->key)),
				 aead_info[v->suite].key_len);
	else if (strcmp(name, "IV") == 0)
		assert_int_equal(unit_hex(value, v->iv, sizeof(v->iv)), AEAD_NONCE_LEN);
	else if (strcmp(name, "PT") == 0)
		v->len = unit_hex(value, v->plain, sizeof(v->plain));
	else if (strcmp(name, "AAD") == 0)
		v->aad_len = unit_hex(value, v->aad, sizeof(v->aad));
	else if (strcmp(name, "CT") == 0)
		assert_int_equal(unit_hex(value, v->cipher, sizeof(v->cipher)), v->len);
	else if (strcmp(name, "Tag") == 0)
		return unit_hex(value, v->tag, sizeof(v->tag)) == aead_info[v->suite].tag_len;
	return false;
}

static void check_tag(const struct vector *v, const struct aead_key *key)
{
	bool ccm = v->suite != AEAD_CHACHA20_POLY1305;
	uint8_t out[TEXT_MAX], tag[AEAD_TAG_MAX];
	IMB_JOB *job = IMB_GET_NEXT_JOB(aead->mgr);

	memset(job, 0, sizeof(*job));
	job->enc_keys = job->dec_keys = key;
	job->key_len_in_bytes = aead_info[v->suite].key_len;
	job->src = v->plain;
	job->dst = out;
	job->msg_len_to_cipher_in_bytes = v->len;
	job->msg_len_to_hash_in_bytes = v->len;
	job->iv = v->iv;
	job->iv_len_in_bytes = AEAD_NONCE_LEN;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = aead_info[v->suite].tag_len;
	job->cipher_direction = IMB_DIR_ENCRYPT;
	if (ccm) {
		job->u.CCM.aad = v->aad;
		job->u.CCM.aad_len_in_bytes = v->aad_len;
		job->cipher_mode = IMB_CIPHER_CCM;
		job->hash_alg = IMB_AUTH_AES_CCM;
		job->chain_order = IMB_ORDER_HASH_CIPHER;
	} else {
		job->u.CHACHA20_POLY1305.aad = v->aad;
		job->u.CHACHA20_POLY1305.aad_len_in_bytes = v->aad_len;
		job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
		job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
		job->chain_order = IMB_ORDER_CIPHER_HASH;
	}
	job = IMB_SUBMIT_JOB(aead->mgr);
	if (job == NULL)
		job = IMB_FLUSH_JOB(aead->mgr);
	assert_non_null(job);
	unit_check(v->number, job->status == IMB_STATUS_COMPLETED);
	unit_check(v->number, memcmp(out, v->cipher, v->len) == 0);
	unit_check(v->number, memcmp(tag, v->tag, aead_info[v->suite].tag_len) == 0);
}

static void check_text(const struct vector *v, const struct aead_key *key)
{
	struct aead_ossl_key raw = {.suite = v->suite};
	const struct aead_ossl_key *raw_of[] = {&raw};
	uint8_t data[TEXT_MAX], tag[AEAD_TAG_MAX];
	struct aead_op op = {
		.key = key,
		.data = data,
		.tag = tag,
		.data_len = (uint32_t)v->len,
		.suite = (uint8_t)v->suite,
	};

	memcpy(raw.key, v->key, sizeof(raw.key));
	memcpy(op.nonce, v->iv, sizeof(op.nonce));
	memcpy(data, v->plain, v->len);
	aead_seal_burst(aead, &op, 1);
	unit_check(v->number, memcmp(data, v->cipher, v->len) == 0);
	aead_open_burst(aead, &op, 1);
	unit_check(v->number, op.ok && memcmp(data, v->plain, v->len) == 0);

	aead_ossl_seal_burst(raw_of, &op, 1);
	unit_check(v->number, op.ok && memcmp(data, v->cipher, v->len) == 0);
	aead_ossl_open_burst(raw_of, &op, 1);
	unit_check(v->number, op.ok && memcmp(data, v->plain, v->len) == 0);
}

static void check_file(const char *name)
{
	const char *folder = getenv("VECTORS");
	char path[512], line[LINE_MAX_LEN];
	static struct vector v;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "tests/vectors", name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct aead_key key;

		if (line[0] == '#' || !read_line(line, &v))
			continue;
		aead_key_expand(aead, v.suite, v.key, &key);
		check_tag(&v, &key);
		check_text(&v, &key);
		cases_of[v.suite]++;
	}
	fclose(f);
}

static void published_answers(void **state)
{
	(void)state;
	check_file("chacha20_poly1305.rsp");
	check_file("ccm.rsp");
	assert_int_equal(cases_of[AEAD_CHACHA20_POLY1305], 2);
	assert_int_equal(cases_of[AEAD_AES_128_CCM], 6);
	assert_int_equal(cases_of[AEAD_AES_256_CCM], 6);
	assert_int_equal(cases_of[AEAD_AES_128_CCM_8], 4);
	assert_int_equal(cases_of[AEAD_AES_256_CCM_8], 3);
}

static int set_up(void **state)
{
	(void)state;
	aead = aead_create();
	return aead == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	aead_destroy(aead);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_answers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
