// SPDX-License-Identifier: BSD-3-Clause
#include "sizes.h"
#include "unit.h"

#define MIN 16

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint16_t nb, steps, largest;
	} good[] = {
		{"16", 1, 1, 16},
		{"65535", 1, 1, 65535},
		{"64,128", 2, 2, 128},
		{"imix", 3, 12, 1400},
		{"18:7,548:4,1400:1", 3, 12, 1400},
		{"64:10,128:20", 2, 3, 128}, // in lowest terms
		{"64:4096", 1, 1, 64},	     // the same
		{"64:2048,65:2047", 2, 4095, 65},
		{"16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31", 16, 16, 31},
	};
	struct sizes s;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		unit_check(i, sizes_parse(&s, good[i].text, MIN) == 0);
		unit_check(i, s.nb == good[i].nb && s.step_nb == good[i].steps);
		unit_check(i, sizes_largest(&s) == good[i].largest);
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"15",
		"0",
		"-64",
		"65536",
		"64 ",
		" 64",
		"64,",
		",64",
		"64:",
		"64:0",
		"64:-1",
		"64:x",
		"64:4097",
		"99999999999999999999999",
		"64,64",
		"imix,",
		"imix:2",
		"64:4096,65:4095",
		"16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32",
	};
	struct sizes s;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(bad); i++)
		unit_check(i, sizes_parse(&s, bad[i], MIN) != 0);
}

// Every size comes as often as it should, and at no time is one more than a packet off its share.
static void test_order(void **state)
{
	uint32_t seen[SIZES_MAX] = {0};
	struct sizes s;

	(void)state;
	assert_int_equal(sizes_parse(&s, "100:1,200:10,300:100,400:1000", MIN), 0);
	assert_int_equal(s.step_nb, 1111);
	for (uint32_t i = 0; i < s.step_nb; i++) {
		assert_true(s.step[i] < s.nb);
		seen[s.step[i]]++;
		for (uint16_t k = 0; k < s.nb; k++) {
			double share = (double)s.weight[k] * (i + 1) / s.step_nb;

			assert_true(seen[k] > share - 2 && seen[k] < share + 2);
		}
	}
	for (uint16_t k = 0; k < s.nb; k++)
		assert_int_equal(seen[k], s.weight[k]);
}

static void test_find(void **state)
{
	struct sizes s;

	(void)state;
	assert_int_equal(sizes_parse(&s, "imix", MIN), 0);
	assert_int_equal(sizes_find(&s, 18), 0);
	assert_int_equal(sizes_find(&s, 1400), 2);
	assert_int_equal(sizes_find(&s, 19), SIZES_NONE);
	assert_int_equal(sizes_find(&s, 0), SIZES_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
