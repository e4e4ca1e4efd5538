// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include <pthread.h>
#include <rte_cycles.h>

#include "unit.h"

#define LINE_TSC                                                                                   \
	UINT64_C(200000000) // a fifth of the second that counts before EAL has measured one
#define TAKES 100000

static void types_registered(void **state)
{
	(void)state;
	assert_int_equal(rte_log_get_level(log_dp), RTE_LOG_INFO);
	assert_int_equal(rte_log_get_level(log_cp), RTE_LOG_INFO);
	assert_int_not_equal(log_dp, log_cp);
}

// Twenty lines at once, then none; the next line tells how many were lost.
static void bucket_empties(void **state)
{
	struct log_limit limit = {0};
	uint32_t suppressed = 7;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		unit_check(i, log_limit_take(&limit, &suppressed));
		unit_check(i, suppressed == 0);
	}
	for (size_t i = 0; i < 3; i++)
		unit_check(i, !log_limit_take(&limit, &suppressed));
	limit.paid_tsc -= LINE_TSC; // as if time had passed
	assert_true(log_limit_take(&limit, &suppressed));
	assert_int_equal(suppressed, 3);
	assert_false(log_limit_take(&limit, &suppressed));
	limit.paid_tsc -= LINE_TSC;
	assert_true(log_limit_take(&limit, &suppressed));
	assert_int_equal(suppressed, 1);
	limit.paid_tsc = rte_rdtsc() - 1000 * LINE_TSC; // no more than a burst is saved up
	for (size_t i = 0; i < 20; i++)
		unit_check(i, log_limit_take(&limit, &suppressed));
	assert_false(log_limit_take(&limit, &suppressed));
}

static struct log_limit shared;
static _Atomic unsigned int taken, missed;

static void *take_many(void *arg)
{
	uint32_t suppressed;

	(void)arg;
	for (int i = 0; i < TAKES; i++) {
		if (!log_limit_take(&shared, &suppressed))
			continue;
		taken++;
		missed += suppressed;
	}
	return NULL;
}

// No thread's line is lost to the sum, and none is written twice.
static void bucket_is_shared(void **state)
{
	uint64_t start_tsc = rte_rdtsc();
	pthread_t thread[4];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_many, NULL), 0);
	for (size_t i = 0; i < UNIT_NB(thread); i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(taken + missed + shared.suppressed, UNIT_NB(thread) * TAKES);
	assert_in_range(taken, 20, 20 + (rte_rdtsc() - start_tsc) / LINE_TSC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_registered),
		cmocka_unit_test(bucket_empties),
		cmocka_unit_test(bucket_is_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
