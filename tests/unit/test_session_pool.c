// SPDX-License-Identifier: BSD-3-Clause
#include "session_pool.h"

#include <rte_eal.h>

#include "unit.h"

#define NB     5000 // more than one piece of memory
#define WINDOW 64

static struct session *got[NB];

static int set_up(void **state)
{
	char *argv[] = {"pool", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	"64",	     "--lcores", "0@0",		"--log-level=error"};

	(void)state;
	return rte_eal_init(RTE_DIM(argv), argv) < 0;
}

static bool is_zero(const void *p, size_t len)
{
	const uint8_t *byte = p;

	while (len > 0 && byte[len - 1] == 0)
		len--;
	return len == 0;
}

static const int sockets[2] = {SOCKET_ID_ANY, SOCKET_ID_ANY};

// Each session once, on lines of its own, with nothing of another's in it.
static void every_session(void **state)
{
	struct session_pool *pool = session_pool_create(NB, WINDOW, sockets, 1);
	size_t size = session_size(WINDOW);

	(void)state;
	assert_non_null(pool);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(session_pool_count(pool), NB);
		for (uint32_t i = 0; i < NB; i++) {
			got[i] = session_pool_get(pool, 0);
			assert_non_null(got[i]);
			assert_int_equal((uintptr_t)got[i] % RTE_CACHE_LINE_SIZE, 0);
			unit_check(i, is_zero(got[i], size));
			memset(got[i], (int)(i % 255) + 1, size);
			got[i]->node = 0;
		}
		assert_null(session_pool_get(pool, 0));
		assert_int_equal(session_pool_count(pool), 0);
		for (uint32_t i = 0; i < NB; i++) {
			const uint8_t *byte = (const uint8_t *)got[i];

			unit_check(i, byte[0] == i % 255 + 1 && byte[size - 1] == i % 255 + 1);
			session_pool_put(pool, got[i]);
		}
	}
	session_pool_destroy(pool);
}

// A node gives its own sessions first, then the others'; what comes back is its own again.
static void nodes(void **state)
{
	struct session_pool *pool = session_pool_create(5, WINDOW, sockets, 2);

	(void)state;
	assert_int_equal(session_pool_count(pool), 5);
	for (int i = 0; i < 2; i++) { // three of node 0, two of node 1
		got[i] = session_pool_get(pool, 1);
		assert_int_equal(got[i]->node, 1);
	}
	for (int i = 2; i < 5; i++) {
		got[i] = session_pool_get(pool, 1);
		assert_int_equal(got[i]->node, 0);
	}
	assert_null(session_pool_get(pool, 0));
	for (int i = 0; i < 5; i++)
		session_pool_put(pool, got[i]);
	assert_int_equal(session_pool_get(pool, 0)->node, 0);
	assert_int_equal(session_pool_get(pool, 1)->node, 1);
	assert_int_equal(session_pool_count(pool), 3);
	session_pool_destroy(pool);
}

static void too_large(void **state)
{
	(void)state;
	assert_null(session_pool_create(1000000, WINDOW, sockets, 2));
	session_pool_destroy(NULL);
	// What was had of it is free again.
	session_pool_destroy(session_pool_create(NB, WINDOW, sockets, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_session),
		cmocka_unit_test(nodes),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
