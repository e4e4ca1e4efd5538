// SPDX-License-Identifier: BSD-3-Clause
#include "nat_pool.h"

#include <errno.h>

#include "unit.h"

#define PORTS (NAT_PORT_NB - NAT_PORT_MIN)

static struct nat nat;
static struct port ports[RTE_MAX_ETHPORTS];
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
	pool = nat_pool_create(&nat, ports);
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
	struct nat_want want = {.port_id = port_id, .lcore = 5};

	assert_int_equal(ip_parse(prefer, &want.prefer), 0);
	return nat_pool_take(pool, &want, addr, port);
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

// With RSS on port 3 the replies reach the lcore that asks, for every family and backend, as long
// as there are such ports; then any will do.
static void test_rss(void **state)
{
	static const char *const backend[][2] = {{"192.0.2.1", "192.0.2.77"},
						 {"192.0.2.9", "203.0.113.5"},
						 {"2001:db8:2::1", "2001:db8:2::7"}};
	static struct rss rss = {.entries = 128, .key_len = 40, .ipv4 = true, .ipv6 = true};
	uint64_t seed = unit_seed();
	uint32_t taken = 0, astray = 0;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		rss.key[i] = (uint8_t)unit_random(&seed);
	for (size_t i = 0; i < 128; i++)
		rss.lcore[i] = i % 3; // lcore 3 has no queue
	ports[3].table = &rss;
	nat_pool_destroy(pool);
	pool = nat_pool_create(&nat, ports);
	ports[3].table = NULL;
	for (uint32_t i = 0; i < 6000; i++) {
		struct nat_want want = {
			.port_id = 3,
			.lcore = i % 4,
			.mark = i % 5 == 0 ? NAT_RELAY : 0,
			.backend_port = rte_cpu_to_be_16(7),
		};
		const struct nat_slot *slot;
		struct rss_tuple reply;
		uint16_t a;

		ip_parse(backend[i % 3][0], &want.prefer);
		ip_parse(backend[i % 3][1], &want.backend);
		reply = (struct rss_tuple){.src = want.backend, .src_port = want.backend_port};
		assert_int_equal(nat_pool_take(pool, &want, &a, &reply.dst_port), 0);
		reply.dst = nat.addr[a].addr;
		assert_true(ip_equal(&reply.dst, &want.prefer));
		slot = &nat.addr[a].slot[rte_be_to_cpu_16(reply.dst_port)];
		unit_check(i, atomic_load(&slot->lcore) == (want.lcore | want.mark));
		if (want.lcore < 3)
			unit_check(i, rss.lcore[rss_entry(&rss, &reply)] == want.lcore);
	}
	// All of one address, for one lcore: a third of them, then those of others.
	struct nat_want want = {.port_id = 3, .lcore = 1};
	struct rss_tuple reply = {.src_port = 0};

	ip_parse("192.0.2.1", &want.prefer);
	ip_parse("192.0.2.77", &want.backend);
	for (uint16_t a = 0; a == 0; taken++) {
		assert_int_equal(nat_pool_take(pool, &want, &a, &reply.dst_port), 0);
		reply.src = want.backend;
		reply.dst = want.prefer;
		astray += a == 0 && rss.lcore[rss_entry(&rss, &reply)] != 1;
	}
	assert_in_range(taken, PORTS - 2001, PORTS - 1999);
	assert_in_range(astray, PORTS / 2, PORTS * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_choice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exhaustion, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reuse, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rss, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("nat_pool", tests, NULL, NULL);
}
