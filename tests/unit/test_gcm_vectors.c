// SPDX-License-Identifier: BSD-3-Clause
#include "aead_mb.h"
#include "aead_ossl.h"
#include "unit.h"

// Published answers of GCM.  A record's additional data is always 13 bytes, no vector's is: the
// tag is checked with the vector's own, on the manager and the expanded key of aead_mb.c, and the
// ciphertext, which does not depend on it, through aead_seal_burst() and aead_open_burst() too.

#define TEXT_MAX 64

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

// Takes one line "Name = hex" into *v.  True if it was the last of a case.
static bool read_line(const char *line, struct vector *v)
{
	char name[8], hex[2 * TEXT_MAX + 1] = "";

	if (sscanf(line, "%7s = %128s", name, hex) < 1)
		return false;
	if (strcmp(name, "Case") == 0)
		v->number = (unsigned int)atoi(hex);
	else if (strcmp(name, "Key") == 0)
		v->suite = unit_hex(hex, v->key, sizeof(v->key)) == 16 ? AEAD_AES_128_GCM
								       : AEAD_AES_256_GCM;
	else if (strcmp(name, "IV") == 0)
		assert_int_equal(unit_hex(hex, v->iv, sizeof(v->iv)), AEAD_NONCE_LEN);
	else if (strcmp(name, "PT") == 0)
		v->len = unit_hex(hex, v->plain, sizeof(v->plain));
	else if (strcmp(name, "AAD") == 0)
		v->aad_len = unit_hex(hex, v->aad, sizeof(v->aad));
	else if (strcmp(name, "CT") == 0)
		assert_int_equal(unit_hex(hex, v->cipher, sizeof(v->cipher)), v->len);
	else if (strcmp(name, "Tag") == 0)
		return unit_hex(hex, v->tag, sizeof(v->tag)) == sizeof(v->tag);
	return false;
}

static void check_tag(const struct vector *v, const struct aead_key *key)
{
	uint8_t out[TEXT_MAX], tag[AEAD_TAG_MAX];

	if (v->suite == AEAD_AES_128_GCM)
		IMB_AES128_GCM_ENC(aead->mgr, &key->gcm, &aead->gcm, out, v->plain, v->len, v->iv,
				   v->aad, v->aad_len, tag, sizeof(tag));
	else
		IMB_AES256_GCM_ENC(aead->mgr, &key->gcm, &aead->gcm, out, v->plain, v->len, v->iv,
				   v->aad, v->aad_len, tag, sizeof(tag));
	unit_check(v->number, memcmp(out, v->cipher, v->len) == 0);
	unit_check(v->number, memcmp(tag, v->tag, sizeof(tag)) == 0);
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

static void published_answers(void **state)
{
	const char *folder = getenv("VECTORS");
	char path[4096], line[512];
	struct vector v = {0};
	size_t cases = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/gcm.rsp", folder != NULL ? folder : "tests/vectors");
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
		cases++;
	}
	fclose(f);
	assert_int_equal(cases, 8);
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
