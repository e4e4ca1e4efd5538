// SPDX-License-Identifier: BSD-3-Clause
#include "delay.h"
#include "unit.h"

#define NB 20000

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

// Slots go up with the delay, one by one, and stay inside.
static void test_slots(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (uint64_t ticks = 0; ticks < 100000; ticks++) {
		uint32_t slot = delay_slot(ticks);

		assert_true(slot == last || slot == last + 1);
		last = slot;
	}
	assert_int_equal(delay_slot(UINT64_MAX), DELAY_OCTAVES * DELAY_STEPS - 1);
}

// A quantile is the sorted value, or up to one part in DELAY_STEPS more.
static void test_quantiles(void **state)
{
	static const double shares[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	static uint64_t value[NB];
	static struct delay d;
	uint64_t seed = unit_seed(), sum = 0;

	(void)state;
	memset(&d, 0, sizeof(d));
	for (uint32_t i = 0; i < NB; i++) {
		value[i] = unit_random(&seed) >> (24 + unit_random(&seed) % 40);
		sum += value[i];
		delay_add(&d, value[i]);
	}
	qsort(value, NB, sizeof(value[0]), compare);
	assert_int_equal(d.nb, NB);
	assert_int_equal(d.sum, sum);
	assert_int_equal(d.max, value[NB - 1]);
	for (size_t i = 0; i < UNIT_NB(shares); i++) {
		uint32_t rank = (uint32_t)(shares[i] * NB + 0.999999);
		uint64_t exact = value[rank > 0 ? rank - 1 : 0];
		uint64_t got = delay_quantile(&d, shares[i]);

		unit_check(i, got >= exact && got <= exact + exact / DELAY_STEPS);
	}
}

static void test_few(void **state)
{
	static struct delay none, one;

	(void)state;
	assert_int_equal(delay_quantile(&none, 0.5), 0);
	delay_add(&one, 123456789);
	assert_int_equal(delay_quantile(&one, 0), 123456789);
	assert_int_equal(delay_quantile(&one, 0.5), 123456789);
	assert_int_equal(delay_quantile(&one, 1), 123456789);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
