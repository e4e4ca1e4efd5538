// SPDX-License-Identifier: BSD-3-Clause
#include "nat_pool.h"

#include <errno.h>

#include "unit.h"

#define PORTS (NAT_PORT_NB - NAT_PORT_MIN)

static struct nat nat;
static struct nat_pool *pool;

// Inside addresses, by index in nat.
static const struct {
	const char *addr;
	uint16_t port_id;
} inside[] = {
	{"192.0.2.1", 3},
	{"192.0.2.9", 3},
	{"2001:db8:2::1", 3},
	{"10.0.0.1", 4},
};

static int set_up(void **state)
{
	(void)state;
	nat.addr_nb = UNIT_NB(inside);
	for (size_t i = 0; i < UNIT_NB(inside); i++) {
		assert_int_equal(ip_parse(inside[i].addr, &nat.addr[i].addr), 0);
		nat.addr[i].port_id = inside[i].port_id;
		nat.addr[i].slot = calloc(NAT_PORT_NB, sizeof(struct nat_slot));
	}
	pool = nat_pool_create(&nat);
	return pool == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	nat_pool_destroy(pool);
	for (size_t i = 0; i < UNIT_NB(inside); i++)
		free(nat.addr[i].slot);
	return 0;
}

static int take(uint16_t port_id, const char *prefer, uint16_t *addr, rte_be16_t *port)
{
	struct ip_addr ip;

	assert_int_equal(ip_parse(prefer, &ip), 0);
	return nat_pool_take(pool, port_id, &ip, 5, addr, port);
}

static void test_choice(void **state)
{
	static const struct {
		uint16_t port_id;
		const char *prefer;
		int rc;
		uint16_t addr; // index in inside
	} rows[] = {
		{3, "192.0.2.1", 0, 0},
		{3, "192.0.2.9", 0, 1},
		{3, "192.0.2.77", 0, 0}, // none of ours: the first of the family
		{3, "2001:db8:2::1", 0, 2},
		{4, "10.0.0.1", 0, 3},
		{4, "192.0.2.1", 0, 3}, // on another port
		{4, "2001:db8:2::1", -EADDRNOTAVAIL, 0},
		{5, "192.0.2.1", -EADDRNOTAVAIL, 0},
	};

	(void)state;
	assert_int_equal(nat_pool_free_count(pool), UNIT_NB(inside) * PORTS);
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		uint16_t addr;
		rte_be16_t port;
		int rc = take(rows[row].port_id, rows[row].prefer, &addr, &port);

		unit_check(row, rc == rows[row].rc);
		if (rc != 0)
			continue;
		struct nat_slot *slot = &nat.addr[addr].slot[rte_be_to_cpu_16(port)];

		unit_check(row, addr == rows[row].addr);
		unit_check(row, rte_be_to_cpu_16(port) >= NAT_PORT_MIN);
		unit_check(row, atomic_load(&slot->lcore) == 5);
		nat_pool_give(pool, addr, port);
		unit_check(row, atomic_load(&slot->lcore) == NAT_NO_LCORE);
	}
	assert_int_equal(nat_pool_free_count(pool), UNIT_NB(inside) * PORTS);
}

// All ports of both addresses, each once, then none; what was given back first comes first.
static void test_exhaustion(void **state)
{
	static bool used[2][NAT_PORT_NB];
	uint16_t addr;
	rte_be16_t port;

	(void)state;
	for (uint32_t i = 0; i < 2 * PORTS; i++) {
		assert_int_equal(take(3, "192.0.2.9", &addr, &port), 0);
		assert_int_equal(addr, i < PORTS ? 1 : 0);
		assert_false(used[addr][port]);
		used[addr][port] = true;
	}
	assert_int_equal(take(3, "192.0.2.9", &addr, &port), -ENOSPC);
	nat_pool_give(pool, 1, rte_cpu_to_be_16(50000));
	nat_pool_give(pool, 1, rte_cpu_to_be_16(2000));
	assert_int_equal(take(3, "192.0.2.9", &addr, &port), 0);
	assert_int_equal(port, rte_cpu_to_be_16(50000));
	assert_int_equal(take(3, "192.0.2.9", &addr, &port), 0);
	assert_int_equal(port, rte_cpu_to_be_16(2000));
	assert_int_equal(nat_pool_free_count(pool), (UNIT_NB(inside) - 2) * PORTS);
}

// A port given back is the last to be used again.
static void test_reuse(void **state)
{
	uint16_t addr;
	rte_be16_t first, port;

	(void)state;
	assert_int_equal(take(4, "10.0.0.1", &addr, &first), 0);
	nat_pool_give(pool, addr, first);
	for (uint32_t i = 0; i < PORTS - 1; i++) {
		assert_int_equal(take(4, "10.0.0.1", &addr, &port), 0);
		assert_int_not_equal(port, first);
		nat_pool_give(pool, addr, port);
	}
	assert_int_equal(take(4, "10.0.0.1", &addr, &port), 0);
	assert_int_equal(port, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_choice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exhaustion, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reuse, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("nat_pool", tests, NULL, NULL);
}
