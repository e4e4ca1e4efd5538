// SPDX-License-Identifier: BSD-3-Clause
#include "table.h"

#include <rte_eal.h>

#include "unit.h"

// Digits of pi.
static const struct table_secret secret = {
	{UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0),
	 UINT64_C(0x082efa98ec4e6c89), UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6c),
	 UINT64_C(0xc0ac29b7c97c50dd), UINT64_C(0x3f84d5b5b5470917)},
};

#define SIZE 1000

static struct flow_key key(uint32_t i)
{
	struct flow_key k = {.remote_port = (rte_be16_t)i, .port_id = 1};

	memcpy(k.remote.byte, &i, sizeof(i));
	return k;
}

static int set_up(void **state)
{
	char *argv[] = {"table", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	 "64",	      "--lcores", "0@0",	 "--log-level=error"};

	(void)state;
	return rte_eal_init(RTE_DIM(argv), argv) < 0;
}

static void enter_find_leave(void **state)
{
	struct table *t = table_create("t", SIZE, &secret, SOCKET_ID_ANY);
	struct flow_key k = key(1), other = key(2);
	struct flow *flow = table_enter(t, &k);

	(void)state;
	assert_non_null(flow);
	assert_null(flow->session);
	assert_int_equal(flow->handshake_tsc, 0);
	assert_ptr_equal(table_enter(t, &k), flow);
	assert_ptr_equal(table_find(t, &k), flow);
	assert_null(table_find(t, &other));

	// It stays as long as there is a handshake or a session.
	flow->handshake_tsc = 1;
	table_leave(t, flow);
	assert_ptr_equal(table_find(t, &k), flow);
	flow->handshake_tsc = 0;
	flow->session = (struct session *)flow;
	table_leave(t, flow);
	assert_ptr_equal(table_find(t, &k), flow);
	flow->session = NULL;
	table_leave(t, flow);
	assert_null(table_find(t, &k));
	table_destroy(t);
}

static void full_and_again(void **state)
{
	struct table *t = table_create("t", SIZE, &secret, SOCKET_ID_ANY);
	uint32_t n = 0;

	(void)state;
	for (struct flow_key k = key(n); table_enter(t, &k) != NULL; k = key(n)) {
		n++;
		assert_true(n < 2 * SIZE);
	}
	assert_int_equal(n, SIZE);
	for (uint32_t i = 0; i < n; i++) {
		struct flow_key k = key(i);

		table_leave(t, table_find(t, &k));
	}
	for (uint32_t i = 0; i < SIZE; i++) {
		struct flow_key k = key(i + 5000);

		assert_non_null(table_enter(t, &k));
	}
	table_destroy(t);
}

// Flows come and go at random in a table that is nearly full, so that buckets spill, against a
// plain list of who is in.
static void like_a_list(void **state)
{
	struct table *t = table_create("t", SIZE, &secret, SOCKET_ID_ANY);
	static struct flow *in[2 * SIZE];
	uint32_t seed = 1, count = 0;

	(void)state;
	memset(in, 0, sizeof(in));
	for (uint32_t step = 0; step < 100 * SIZE; step++) {
		uint32_t i = (seed = seed * 1664525 + 1013904223) / 97 % (2 * SIZE);
		struct flow_key k = key(i);

		assert_ptr_equal(table_find(t, &k), in[i]);
		if (in[i] != NULL) {
			table_leave(t, in[i]);
			in[i] = NULL;
			count--;
			assert_null(table_find(t, &k));
			continue;
		}
		in[i] = table_enter(t, &k);
		if (count == SIZE) {
			assert_null(in[i]);
			continue;
		}
		assert_non_null(in[i]);
		count++;
	}
	for (uint32_t i = 0; i < 2 * SIZE; i++) {
		struct flow_key k = key(i);

		assert_ptr_equal(table_find(t, &k), in[i]);
	}
	table_destroy(t);
}

static void lookup_burst(void **state)
{
	struct table *t = table_create("t", SIZE, &secret, SOCKET_ID_ANY);
	struct flow_key k[32];
	uint32_t hash[32];
	struct flow *flow[32];

	(void)state;
	for (uint32_t i = 0; i < 32; i++) {
		k[i] = key(i);
		hash[i] = table_hash(&k[i], &secret);
		if (i % 3 == 0)
			table_enter(t, &k[i]);
	}
	table_prefetch_burst(t, hash, 32);
	table_lookup_burst(t, k, sizeof(k[0]), hash, 32, flow);
	for (uint32_t i = 0; i < 32; i++)
		assert_ptr_equal(flow[i], table_find(t, &k[i]));
	assert_non_null(flow[0]);
	assert_null(flow[1]);
	table_destroy(t);
}

static void walk_visits_each(void **state)
{
	struct table *t = table_create("t", SIZE, &secret, SOCKET_ID_ANY);
	uint32_t cursor = 0, seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct flow_key k = key(i);

		table_enter(t, &k);
	}
	for (uint32_t i = 0; i < table_slots(t); i++)
		seen += table_walk(t, &cursor) != NULL;
	assert_int_equal(seen, 100);
	assert_int_equal(cursor, 0);
	table_destroy(t);
}

// Flows of one lcore keep a table's buckets evenly used, and lcores get equal shares.
static void lcore_share(void **state)
{
	uint32_t share[3] = {0};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		struct flow_key k = key(i);

		share[table_hash_lcore(table_hash(&k, &secret), 3)]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(share[i], 850, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enter_find_leave), cmocka_unit_test(full_and_again),
		cmocka_unit_test(like_a_list),	    cmocka_unit_test(lookup_burst),
		cmocka_unit_test(walk_visits_each), cmocka_unit_test(lcore_share),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
