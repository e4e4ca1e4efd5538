// SPDX-License-Identifier: BSD-3-Clause
#include "aead.h"

#include <rte_common.h>

#include "aead_ossl.h"
#include "dtls.h"
#include "unit.h"

// aead_mb.c against libcrypto, for the code of every CPU level.

#define BURST	 32
#define GUARD	 16 // bytes behind a buffer that nobody may touch
#define GUARD_IS 0xa5
#define DATA_MAX (DTLS_PLAIN_MAX + GUARD)

// A record in both hands, and what it was.
struct twin {
	struct aead_ossl_key raw;
	struct aead_key key;
	uint8_t plain[DATA_MAX], mb[DATA_MAX], ossl[DATA_MAX];
	uint8_t mb_tag[AEAD_TAG_MAX], ossl_tag[AEAD_TAG_MAX];
};

static struct twin twin[BURST];
static const struct aead_ossl_key *raw[BURST];
static struct aead_op mb[BURST], ossl[BURST];
static struct aead *aead;
static uint64_t seed;

static const struct level {
	const char *name;
	void (*init)(IMB_MGR *mgr);
} levels[] = {
	{"SSE", init_mb_mgr_sse},
	{"AVX2", init_mb_mgr_avx2},
	{"AVX512", init_mb_mgr_avx512},
};
static const struct level *level;

// aead_create() asks for the best code the CPU can run; the test says which.
void __wrap_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch);
void __wrap_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch)
{
	(void)arch;
	level->init(mgr);
}

// Fills operation i with random key, nonce, additional data and len bytes.
static void fill(uint16_t i, enum aead_suite suite, uint32_t len)
{
	struct twin *t = &twin[i];

	t->raw.suite = suite;
	unit_random_bytes(&seed, t->raw.key, sizeof(t->raw.key));
	aead_key_expand(aead, suite, t->raw.key, &t->key);
	unit_random_bytes(&seed, t->plain, len);
	memset(t->plain + len, GUARD_IS, GUARD);
	memcpy(t->mb, t->plain, len + GUARD);
	memcpy(t->ossl, t->plain, len + GUARD);

	mb[i] = (struct aead_op){
		.key = &t->key,
		.data = t->mb,
		.tag = t->mb_tag,
		.data_len = len,
		.suite = (uint8_t)suite,
	};
	unit_random_bytes(&seed, mb[i].nonce, sizeof(mb[i].nonce));
	unit_random_bytes(&seed, mb[i].aad, sizeof(mb[i].aad));
	ossl[i] = mb[i];
	ossl[i].key = NULL;
	ossl[i].data = t->ossl;
	ossl[i].tag = t->ossl_tag;
	raw[i] = &t->raw;
}

static void check(bool same, const char *what, uint16_t i)
{
	if (!same)
		fail_msg("%s, %s, %u bytes: %s", level->name, aead_name(mb[i].suite),
			 mb[i].data_len, what);
}

// Seals with both, compares, then opens each with the other.
static void seal_and_cross_open(uint16_t n)
{
	aead_seal_burst(aead, mb, n);
	aead_ossl_seal_burst(raw, ossl, n);
	for (uint16_t i = 0; i < n; i++) {
		struct twin *t = &twin[i];
		uint8_t *data = mb[i].data, *tag = mb[i].tag;
		size_t len = mb[i].data_len + GUARD;

		check(ossl[i].ok, "libcrypto seals", i);
		check(memcmp(t->mb, t->ossl, len) == 0, "ciphertext", i);
		check(memcmp(t->mb_tag, t->ossl_tag, sizeof(t->mb_tag)) == 0, "tag", i);
		check(len < 64 || memcmp(t->mb, t->plain, len) != 0, "nothing sealed", i);
		mb[i].data = ossl[i].data;
		mb[i].tag = ossl[i].tag;
		ossl[i].data = data;
		ossl[i].tag = tag;
	}
	aead_open_burst(aead, mb, n);
	aead_ossl_open_burst(raw, ossl, n);
	for (uint16_t i = 0; i < n; i++) {
		size_t len = mb[i].data_len + GUARD;

		check(mb[i].ok, "ours opens theirs", i);
		check(ossl[i].ok, "theirs opens ours", i);
		check(memcmp(mb[i].data, twin[i].plain, len) == 0, "plaintext of ours", i);
		check(memcmp(ossl[i].data, twin[i].plain, len) == 0, "plaintext of theirs", i);
	}
}

// Runs a test once for every level that the machine has.
static void on_every_level(void (*test)(void))
{
	size_t levels_run = 0;

	for (size_t i = 0; i < UNIT_NB(levels); i++) {
		level = &levels[i];
		aead = aead_create();
		if (aead == NULL) {
			print_message("%s: not on this machine\n", level->name);
			continue;
		}
		test();
		aead_destroy(aead);
		levels_run++;
	}
	assert_true(levels_run > 0);
}

// All lengths of a datagram of the usual size and a bit, then samples up to the longest record.
static void lengths_of(enum aead_suite suite)
{
	uint32_t len = 0;
	uint16_t n = 0;

	while (len <= DTLS_PLAIN_MAX) {
		fill(n++, suite, len);
		if (len < 1600)
			len++;
		else if (len != DTLS_PLAIN_MAX)
			len = RTE_MIN(len + 1 + (uint32_t)(unit_random(&seed) % 200),
				      (uint32_t)DTLS_PLAIN_MAX);
		else
			len++;
		if (n == BURST || len > DTLS_PLAIN_MAX) {
			seal_and_cross_open(n);
			n = 0;
		}
	}
}

static void all_lengths(void)
{
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
		lengths_of(suite);
}

static void mixed_bursts(void)
{
	for (size_t round = 0; round < 300; round++) {
		uint16_t n = (uint16_t)(unit_random(&seed) % (BURST + 1));

		for (uint16_t i = 0; i < n; i++)
			fill(i, (enum aead_suite)(unit_random(&seed) % AEAD_SUITE_NB),
			     (uint32_t)(unit_random(&seed) % 1500));
		seal_and_cross_open(n);
	}
}

// Flips one bit of p.
static void flip(uint8_t *p, size_t len)
{
	size_t bit = unit_random(&seed) % (8 * len);

	p[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

// In a mixed burst some records are spoilt, each in one bit of tag, additional data, nonce, text
// or key: these fail with both, the others open.
static void spoilt_records(void)
{
	for (size_t round = 0; round < 200; round++) {
		bool spoilt[BURST] = {false};

		for (uint16_t i = 0; i < BURST; i++)
			fill(i, (enum aead_suite)(unit_random(&seed) % AEAD_SUITE_NB),
			     1 + (uint32_t)(unit_random(&seed) % 300));
		aead_seal_burst(aead, mb, BURST);
		for (uint16_t i = 0; i < BURST; i++) {
			uint64_t how = unit_random(&seed) % 10;

			spoilt[i] = how < 5;
			if (how == 0)
				flip(mb[i].tag, aead_info[mb[i].suite].tag_len);
			else if (how == 1)
				flip(mb[i].aad, AEAD_AAD_LEN);
			else if (how == 2)
				flip(mb[i].nonce, AEAD_NONCE_LEN);
			else if (how == 3)
				flip(mb[i].data, mb[i].data_len);
			else if (how == 4)
				flip(twin[i].raw.key, aead_info[mb[i].suite].key_len);
			aead_key_expand(aead, mb[i].suite, twin[i].raw.key, &twin[i].key);
			memcpy(twin[i].ossl, twin[i].mb, mb[i].data_len);
			ossl[i] = mb[i];
			ossl[i].data = twin[i].ossl;
		}
		aead_open_burst(aead, mb, BURST);
		aead_ossl_open_burst(raw, ossl, BURST);
		for (uint16_t i = 0; i < BURST; i++) {
			check(mb[i].ok == !spoilt[i], "verdict of ours", i);
			check(ossl[i].ok == !spoilt[i], "verdict of theirs", i);
			check(spoilt[i] || memcmp(twin[i].mb, twin[i].plain, mb[i].data_len) == 0,
			      "plaintext", i);
		}
	}
}

// Every bit of a tag counts, and of the additional data.
static void every_tag_bit(void)
{
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		fill(0, suite, 0); // nothing but the tag
		aead_seal_burst(aead, mb, 1);
		for (size_t bit = 0; bit < 8u * aead_info[suite].tag_len; bit++) {
			mb[0].tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
			aead_open_burst(aead, mb, 1);
			check(!mb[0].ok, "tag bit", 0);
			mb[0].tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t bit = 0; bit < 8u * AEAD_AAD_LEN; bit++) {
			mb[0].aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			aead_open_burst(aead, mb, 1);
			check(!mb[0].ok, "additional data bit", 0);
			mb[0].aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		aead_open_burst(aead, mb, 1);
		check(mb[0].ok, "untouched", 0);
	}
}

static void test_all_lengths(void **state)
{
	(void)state;
	on_every_level(all_lengths);
}

static void test_mixed_bursts(void **state)
{
	(void)state;
	on_every_level(mixed_bursts);
}

static void test_spoilt_records(void **state)
{
	(void)state;
	on_every_level(spoilt_records);
}

static void test_every_tag_bit(void **state)
{
	(void)state;
	on_every_level(every_tag_bit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_mixed_bursts),
		cmocka_unit_test(test_spoilt_records),
		cmocka_unit_test(test_every_tag_bit),
	};

	seed = unit_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
