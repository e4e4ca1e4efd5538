// SPDX-License-Identifier: BSD-3-Clause
#include "flow_index.h"

#include "unit.h"

#define NB 1000

static struct flow_key key[NB];

static void make_keys(uint64_t *seed)
{
	memset(key, 0, sizeof(key));
	for (int i = 0; i < NB; i++) {
		unit_random_bytes(seed, &key[i].remote, sizeof(key[i].remote));
		key[i].remote_port = (rte_be16_t)i; // no two alike
	}
}

// Against a table of what should be there.
static void test_random(void **state)
{
	uint64_t seed = unit_seed();
	struct flow_index index = {0};
	bool there[NB] = {false};

	(void)state;
	make_keys(&seed);
	for (int n = 0; n < 20000; n++) {
		unsigned int i = (unsigned int)(unit_random(&seed) % NB);
		struct flow_key copy = key[i];

		assert_ptr_equal(flow_index_find(&index, &copy), there[i] ? &key[i] : NULL);
		if (unit_random(&seed) % 2 == 0) {
			assert_int_equal(flow_index_enter(&index, &key[i]), 0);
			there[i] = true;
		} else {
			flow_index_leave(&index, &key[i]);
			there[i] = false;
		}
	}
	flow_index_fini(&index);
	assert_null(flow_index_find(&index, &key[0]));
}

// A younger item takes the place of one with the same flow, which then leaves nothing.
static void test_replaced(void **state)
{
	struct flow_index index = {0};
	struct flow_key old = {.remote_port = 1}, young = {.remote_port = 1};

	(void)state;
	assert_int_equal(flow_index_enter(&index, &old), 0);
	assert_int_equal(flow_index_enter(&index, &young), 0);
	assert_ptr_equal(flow_index_find(&index, &old), &young);
	flow_index_leave(&index, &old);
	assert_ptr_equal(flow_index_find(&index, &old), &young);
	flow_index_leave(&index, &young);
	assert_null(index.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
