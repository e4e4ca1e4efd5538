// SPDX-License-Identifier: BSD-3-Clause
#include "hs_table.h"

#include <errno.h>
#include <rte_eal.h>

#include "unit.h"

#define SIZE 100

static struct hs_table *table;

static int start_eal(void **state)
{
	char *argv[] = {"test", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	"64",	     "--lcores", "0@0",		"--log-level=error"};

	(void)state;
	return rte_eal_init(UNIT_NB(argv), argv) < 0;
}

static int set_up(void **state)
{
	(void)state;
	table = hs_table_create(SIZE, 3);
	return table == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	hs_table_destroy(table);
	return 0;
}

static struct flow_key flow(uint16_t port)
{
	struct flow_key key = {.remote_port = port, .local_port = 4433};

	ip_parse("198.51.100.2", &key.remote);
	return key;
}

// A handshake is only an address to the table.
static struct handshake *handshake(uint16_t i)
{
	return (struct handshake *)((uintptr_t)i + 1);
}

static void test_bound(void **state)
{
	struct flow_key key;

	(void)state;
	for (uint16_t i = 0; i < SIZE; i++) {
		key = flow(i);
		assert_int_equal(hs_table_enter(table, &key, handshake(i)), 0);
		assert_int_equal(hs_table_enter(table, &key, handshake(i)), -EEXIST);
		assert_int_equal(hs_table_count(table), i + 1);
	}
	key = flow(SIZE);
	assert_int_equal(hs_table_enter(table, &key, handshake(SIZE)), -ENOSPC);
	assert_null(hs_table_find(table, &key));
	hs_table_leave(table, &key); // not there: nothing happens
	assert_int_equal(hs_table_count(table), SIZE);
	key = flow(7);
	assert_ptr_equal(hs_table_find(table, &key), handshake(7));
	hs_table_leave(table, &key);
	assert_null(hs_table_find(table, &key));
	key = flow(SIZE);
	assert_int_equal(hs_table_enter(table, &key, handshake(SIZE)), 0);
}

static void test_walk_and_leave(void **state)
{
	bool seen[SIZE] = {false};
	struct handshake *hs;
	uint32_t cursor = 0;

	(void)state;
	for (uint16_t i = 0; i < SIZE; i++) {
		struct flow_key key = flow(i);

		hs_table_enter(table, &key, handshake(i));
	}
	while ((hs = hs_table_next(table, &cursor)) != NULL) {
		uint16_t i = (uint16_t)((uintptr_t)hs - 1);
		struct flow_key key = flow(i);

		assert_false(seen[i]);
		seen[i] = true;
		hs_table_leave(table, &key);
	}
	assert_int_equal(hs_table_count(table), 0);
	for (uint16_t i = 0; i < SIZE; i++)
		assert_true(seen[i]);
}

// Entering and leaving for long loses no room.
static void test_churn(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (uint32_t n = 0; n < 100000; n++) {
		struct flow_key key = flow((uint16_t)unit_random(&seed));

		assert_int_equal(hs_table_enter(table, &key, handshake(0)), 0);
		hs_table_leave(table, &key);
	}
	assert_int_equal(hs_table_count(table), 0);
}

static void test_early(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(hs_table_early_take(table));
	assert_false(hs_table_early_take(table));
	hs_table_early_give(table);
	assert_true(hs_table_early_take(table));
}

static void test_counters(void **state)
{
	(void)state;
	hs_table_counters(table, 2)->failed++;
	assert_int_equal(hs_table_stats(table, 2)->failed, 1);
	assert_int_equal(hs_table_stats(table, 1)->failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_walk_and_leave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_churn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("hs_table", tests, start_eal, NULL);
}
