// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include <rte_cycles.h>

#include "unit.h"

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
	limit.filled_tsc = rte_rdtsc(); // no time has passed
	for (size_t i = 0; i < 3; i++)
		unit_check(i, !log_limit_take(&limit, &suppressed));
	limit.tokens = 1;
	assert_true(log_limit_take(&limit, &suppressed));
	assert_int_equal(suppressed, 3);
	assert_false(log_limit_take(&limit, &suppressed));
	limit.tokens = 1;
	assert_true(log_limit_take(&limit, &suppressed));
	assert_int_equal(suppressed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_registered),
		cmocka_unit_test(bucket_empties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
