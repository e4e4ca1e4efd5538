// SPDX-License-Identifier: BSD-3-Clause
#include "hs_table.h"

#include <errno.h>
#include <rte_eal.h>

#include "handshake.h"
#include "unit.h"

#define SIZE 2048 // a full table uses the hash's extension buckets

static struct hs_table *table;
static struct hs_room room;
static struct handshake handshakes[SIZE + 1];

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
	room = (struct hs_room){.handshakes = 2 * SIZE, .early = 3};
	table = hs_table_create("handshakes", SIZE, &room);
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

static struct handshake *handshake(uint16_t i)
{
	handshakes[i].flow = flow(i);
	return &handshakes[i];
}

static void test_bound(void **state)
{
	struct flow_key key;

	(void)state;
	for (uint16_t i = 0; i < SIZE; i++) {
		assert_int_equal(hs_table_enter(table, handshake(i)), 0);
		assert_int_equal(hs_table_enter(table, handshake(i)), -EEXIST);
		assert_int_equal(hs_table_count(table), i + 1);
	}
	key = flow(SIZE);
	assert_int_equal(hs_table_enter(table, handshake(SIZE)), -ENOSPC);
	assert_null(hs_table_find(table, &key));
	hs_table_leave(table, handshake(SIZE)); // not there: nothing happens
	assert_int_equal(hs_table_count(table), SIZE);
	key = flow(7);
	assert_ptr_equal(hs_table_find(table, &key), handshake(7));
	hs_table_leave(table, handshake(7));
	assert_null(hs_table_find(table, &key));
	assert_int_equal(hs_table_enter(table, handshake(SIZE)), 0);
}

// The loser of a flow does not take the winner's entry with it.
static void test_leave_other(void **state)
{
	struct handshake other = {.flow = flow(7)};

	(void)state;
	assert_int_equal(hs_table_enter(table, handshake(7)), 0);
	hs_table_leave(table, &other);
	assert_ptr_equal(hs_table_find(table, &other.flow), handshake(7));
	assert_int_equal(hs_table_count(table), 1);
}

// All leave while they are visited, or every other one.
static void test_walk_and_leave(void **state)
{
	(void)state;
	for (uint16_t step = 1; step <= 2; step++) {
		struct handshake *hs, *next;
		uint16_t seen = 0;

		for (uint16_t i = 0; i < SIZE; i++)
			assert_int_equal(hs_table_enter(table, handshake(i)), 0);
		for (hs = hs_table_first(table); hs != NULL; hs = next) {
			assert_ptr_equal(hs, handshake(seen));
			next = hs_table_next(hs);
			if (seen++ % step == 0)
				hs_table_leave(table, hs);
		}
		assert_int_equal(seen, SIZE);
		assert_int_equal(hs_table_count(table), SIZE - SIZE / step);
		while ((hs = hs_table_first(table)) != NULL)
			hs_table_leave(table, hs);
		assert_int_equal(hs_table_count(table), 0);
	}
}

// Entering and leaving for long loses no room.
static void test_churn(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (uint32_t n = 0; n < 100000; n++) {
		struct handshake hs = {.flow = flow((uint16_t)unit_random(&seed))};

		assert_int_equal(hs_table_enter(table, &hs), 0);
		hs_table_leave(table, &hs);
	}
	assert_int_equal(hs_table_count(table), 0);
}

// Two tables share one room, of handshakes and of what is held for them.
static void test_room(void **state)
{
	struct hs_table *other = hs_table_create("other", SIZE, &room);

	(void)state;
	assert_non_null(other);
	room.handshakes = 3;
	assert_int_equal(hs_table_enter(table, handshake(0)), 0);
	assert_int_equal(hs_table_enter(other, handshake(1)), 0);
	assert_int_equal(hs_table_enter(table, handshake(2)), 0);
	assert_int_equal(hs_table_enter(table, handshake(3)), -ENOSPC);
	assert_int_equal(hs_table_enter(other, handshake(3)), -ENOSPC);
	hs_table_leave(table, handshake(3)); // not there: gives nothing back
	assert_int_equal(room.handshakes, 0);
	hs_table_leave(other, handshake(1));
	assert_int_equal(hs_table_enter(table, handshake(3)), 0);
	assert_int_equal(hs_table_count(table), 3);
	assert_int_equal(hs_table_count(other), 0);
	assert_true(hs_table_early_take(table) && hs_table_early_take(other));
	assert_true(hs_table_early_take(other));
	assert_false(hs_table_early_take(table) || hs_table_early_take(other));
	hs_table_destroy(other);
	for (uint16_t i = 0; i < 4; i++)
		hs_table_leave(table, handshake(i));
	assert_int_equal(room.handshakes, 3);
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
	assert_int_equal(hs_table_counters(table, 2)->failed, 1);
	assert_int_equal(hs_table_counters(table, 1)->failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leave_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_walk_and_leave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_churn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("hs_table", tests, start_eal, NULL);
}
