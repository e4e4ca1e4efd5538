// SPDX-License-Identifier: BSD-3-Clause
#include "pace.h"
#include "unit.h"

#define HZ UINT64_C(2400000000)

// However the time between two looks varies, after some time exactly what is due was sent.
static void test_exact(void **state)
{
	static const uint64_t rates[] = {1, 7, 1000, 999983, 14880952};
	uint64_t seed = unit_seed();

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rates); i++) {
		uint64_t start = unit_random(&seed) >> 8, now = start, sent = 0;
		// So that no more than PACE_OWED_MIN are owed.
		uint64_t step_max = rates[i] > 100 ? HZ * 100 / rates[i] : HZ;
		struct pace p;

		pace_start(&p, rates[i], 1, HZ, now);
		while (now - start < 20 * step_max) {
			now += unit_random(&seed) % step_max;
			for (uint16_t n = 32; n == 32; sent += n)
				n = pace_take(&p, now, 32);
		}
		unit_check(i, p.missed == 0);
		unit_check(i, sent == (uint64_t)((unsigned __int128)(now - start) * rates[i] / HZ));
	}
}

static void test_max(void **state)
{
	struct pace p;

	(void)state;
	pace_start(&p, 1000, 1, HZ, 0);
	assert_int_equal(pace_take(&p, HZ / 10, 32), 32);
	assert_int_equal(pace_take(&p, HZ / 10, 32), 32);
	assert_int_equal(pace_take(&p, HZ / 10, 50), 36);
	assert_int_equal(pace_take(&p, HZ / 10, 32), 0);
}

// Who comes late owes PACE_OWED_MIN at most; the rest is counted and never sent.
static void test_late(void **state)
{
	struct pace p;
	uint64_t sent = 0;

	(void)state;
	pace_start(&p, 1000, 1, HZ, 0);
	for (uint16_t n = 32; n == 32; sent += n)
		n = pace_take(&p, HZ / 2, 32);
	assert_int_equal(sent, PACE_OWED_MIN);
	assert_int_equal(p.missed, 500 - PACE_OWED_MIN);
	assert_int_equal(pace_take(&p, HZ / 2 + HZ / 1000, 32), 1);

	// Many seconds at a high rate do not overflow.
	pace_start(&p, 100000000, 1, HZ, 0);
	for (sent = 0; sent < 100000 * PACE_OWED_MS; sent += 32)
		assert_int_equal(pace_take(&p, 1000 * HZ, 32), 32);
	assert_int_equal(pace_take(&p, 1000 * HZ, 32), 0);
	assert_int_equal(p.missed + sent, UINT64_C(100000000000));
}

// Nothing is sent until a burst is owed; none is lost by that.
static void test_burst(void **state)
{
	uint64_t now = 0, sent = 0;
	struct pace p;

	(void)state;
	pace_start(&p, 1000, 16, HZ, 0);
	while (now < HZ) {
		uint16_t n;

		now += HZ / 10000;
		n = pace_take(&p, now, 32);
		assert_true(n == 0 || n == 16);
		sent += n;
	}
	assert_int_equal(sent, 992); // 62 bursts; the rest is owed
	assert_int_equal(p.missed, 0);
}

static void test_flood(void **state)
{
	struct pace p;

	(void)state;
	pace_start(&p, 0, 8, HZ, 5);
	assert_int_equal(pace_take(&p, 5, 32), 32);
	assert_int_equal(pace_take(&p, 5, 7), 7);
	assert_int_equal(p.missed, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact), cmocka_unit_test(test_max),
		cmocka_unit_test(test_late),  cmocka_unit_test(test_burst),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
