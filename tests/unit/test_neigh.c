// SPDX-License-Identifier: BSD-3-Clause
// Who is asked for, how often, and what waits meanwhile.
#include "neigh_host.h"

#include <errno.h>

static void resolves_and_sends_in_order(void **state)
{
	uint16_t hop = link_route(&l, HOST, true);

	(void)state;
	link_expect(&l, LINK_OUTSIDE, ASK_HOST);
	assert_string_equal(link_mac(&l, hop), "");
	for (uint8_t i = 1; i <= 3; i++)
		link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, i);
	link_expect_silence(&l);
	answer(MAC);
	for (uint8_t i = 1; i <= 3; i++)
		expect_payload(MAC, i);
	link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 4);
	expect_payload(MAC, 4);
}

static void resolves_ipv6(void **state)
{
	uint16_t hop = link_route(&l, HOST6, true);

	(void)state;
	link_expect(&l, LINK_OUTSIDE,
		    "3333ff00000202000000000186dd"
		    "6000000000203aff20010db8000100000000000000000001ff0200000000000000000001"
		    "ff00000287001c250000000020010db80001000000000000000000020101020000000001");
	link_send(&l, LINK_OUTSIDE, hop, GATEWAY6, HOST6, 1);
	put_advertisement(HOST6, MAC, true, true);
	expect_payload(MAC, 1);
}

static void keeps_the_last_four(void **state)
{
	uint16_t hop = link_route(&l, HOST, true);

	(void)state;
	link_expect(&l, LINK_OUTSIDE, ASK_HOST);
	for (uint8_t i = 1; i <= 6; i++)
		link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, i);
	assert_int_equal(neigh_stats(&l.cp)->pending_dropped, 2);
	answer(MAC);
	for (uint8_t i = 3; i <= 6; i++)
		expect_payload(MAC, i);
}

static void keeps_asking_while_referenced(void **state)
{
	static const uint32_t wait_s[] = {1, 1, 1, 2, 4, 8, 8};
	uint16_t hop = link_route(&l, HOST, true);
	char dst[13];

	(void)state;
	link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 1);
	link_expect(&l, LINK_OUTSIDE, ASK_HOST);
	for (size_t i = 0; i < UNIT_NB(wait_s); i++) {
		uint32_t ms = wait_question(wait_s[i] * 1000 + NEIGH_TICK_MS, dst);

		unit_check(i, ms >= wait_s[i] * 1000);
		assert_string_equal(dst, BROADCAST);
		assert_int_equal(neigh_stats(&l.cp)->pending_dropped, i + 1 >= NEIGH_PROBES);
	}
	answer(MAC);
	assert_string_equal(link_mac(&l, hop), MAC);
}

static void forgets_unanswered_without_reference(void **state)
{
	uint16_t hop = link_route(&l, HOST, true);

	(void)state;
	link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 1);
	neigh_release(&l.cp, hop);
	link_pass(&l, 4000);
	assert_int_equal(link_flush(&l), NEIGH_PROBES);
	assert_int_equal(neigh_stats(&l.cp)->entries, 0);
	assert_int_equal(neigh_stats(&l.cp)->pending_dropped, 1);
}

// A referenced neighbour is asked by unicast before it ages, and stays in use meanwhile.
static void probes_what_is_referenced(void **state)
{
	uint16_t hop = reachable();
	char dst[13];

	(void)state;
	for (int round = 0; round < 5; round++) {
		uint32_t ms = wait_question(1500 * NEIGH_REACHABLE_S + NEIGH_TICK_MS, dst);

		assert_true(ms >= 500 * NEIGH_REACHABLE_S);
		assert_string_equal(dst, MAC);
		assert_string_equal(link_mac(&l, hop), MAC);
		answer(MAC);
	}
	wait_question(1500 * NEIGH_REACHABLE_S + NEIGH_TICK_MS, dst);
	for (int i = 1; i < NEIGH_PROBES; i++) {
		wait_question(1200, dst);
		assert_string_equal(dst, MAC);
		link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 1);
		expect_payload(MAC, 1);
	}
	wait_question(1200, dst);
	assert_string_equal(dst, BROADCAST);
	assert_string_equal(link_mac(&l, hop), "");
	assert_int_equal(neigh_stats(&l.cp)->unreachable, 1);
	answer(OTHER_MAC);
	assert_string_equal(link_mac(&l, hop), OTHER_MAC);
}

static void forgets_what_is_not_referenced(void **state)
{
	uint16_t hop = reachable();

	(void)state;
	neigh_release(&l.cp, hop);
	link_pass(&l, 500 * NEIGH_REACHABLE_S + 1000 * NEIGH_STALE_S - 1000);
	assert_int_equal(neigh_stats(&l.cp)->entries, 1);
	link_pass(&l, 1000 * NEIGH_REACHABLE_S + 2000);
	assert_int_equal(neigh_stats(&l.cp)->entries, 0);
	assert_string_equal(link_mac(&l, hop), "");
}

static void evicts_the_longest_unused(void **state)
{
	uint16_t hop[LINK_NEIGHBOURS];
	struct ip_addr dst;
	struct route route;
	char text[IP_TEXT_LEN];

	(void)state;
	for (int i = 0; i < LINK_NEIGHBOURS; i++) {
		snprintf(text, sizeof(text), "198.51.100.%d", 10 + i);
		hop[i] = link_route(&l, text, true);
	}
	ip_parse(HOST, &dst);
	assert_int_equal(neigh_route(&l.cp, &dst, true, &route), -ENOSPC);
	put_arp(LINK_OUTSIDE, ARP_REQUEST, HOST, MAC, GATEWAY);
	assert_int_equal(neigh_stats(&l.cp)->full, 2);
	neigh_release(&l.cp, hop[5]);
	neigh_release(&l.cp, hop[2]);
	assert_int_equal(link_route(&l, "198.51.100.12", true), hop[2]);
	neigh_release(&l.cp, hop[2]);
	assert_int_equal(link_route(&l, HOST, true), hop[5]);
	put_arp(LINK_OUTSIDE, ARP_REQUEST, "198.51.100.3", MAC, GATEWAY);
	assert_string_equal(link_mac(&l, hop[2]), MAC);
	assert_int_equal(neigh_stats(&l.cp)->entries, LINK_NEIGHBOURS);
	assert_int_equal(neigh_stats(&l.cp)->referenced, LINK_NEIGHBOURS - 1);
	link_flush(&l);
}

static void shares_the_gateway(void **state)
{
	uint16_t hop = link_route(&l, "203.0.113.5", true);

	(void)state;
	link_expect(&l, LINK_OUTSIDE,
		    BROADCAST "020000000001080600010800060400010200000000"
			      "01c6336401000000000000c63364fe");
	assert_int_equal(link_route(&l, "203.0.113.6", true), hop);
	neigh_release(&l.cp, hop);
	assert_int_equal(neigh_stats(&l.cp)->referenced, 1);
	assert_int_not_equal(link_route(&l, "2001:db8:9::5", true), hop);
	link_expect(&l, LINK_OUTSIDE,
		    "3333ff00025402000000000186dd"
		    "6000000000203afffe80000000000000000000fffe000001ff0200000000000000000001"
		    "ff000254870076f300000000fe8000000000000000000000000002540101020000000001");
}

static void starts_with_announcements_and_backends(void **state)
{
	(void)state;
	assert_int_equal(neigh_start(&l.cp), 0);
	assert_int_equal(neigh_stats(&l.cp)->announced, 4);
	assert_int_equal(neigh_stats(&l.cp)->referenced, 3);
	link_pass(&l, 2200);
	assert_int_equal(neigh_stats(&l.cp)->announced, 8);
	link_pass(&l, 10000);
	assert_int_equal(neigh_stats(&l.cp)->announced, 8);
	link_flush(&l);
	ip_parse("203.0.113.1", &l.config.backend[0].addr);
	assert_int_equal(neigh_start(&l.cp), -ENETUNREACH);
	link_flush(&l);
}

// Hosts on the link that take every entry lock nobody out who comes through a gateway.
static void keeps_the_gateways(void **state)
{
	char text[IP_TEXT_LEN];

	(void)state;
	assert_int_equal(neigh_start(&l.cp), 0);
	for (int i = 0; i < 2 * LINK_NEIGHBOURS; i++) {
		struct route route;
		struct ip_addr dst;

		snprintf(text, sizeof(text), "198.51.100.%d", 10 + i);
		put_arp(LINK_OUTSIDE, ARP_REQUEST, text, MAC, GATEWAY);
		ip_parse(text, &dst);
		neigh_route(&l.cp, &dst, true, &route);
	}
	assert_int_equal(neigh_stats(&l.cp)->referenced, LINK_NEIGHBOURS);
	link_route(&l, "203.0.113.5", true);
	link_route(&l, "2001:db8:9::5", true);
	link_route(&l, "192.0.2.2", false);
	assert_int_equal(neigh_stats(&l.cp)->referenced, LINK_NEIGHBOURS);
	link_flush(&l);
}

static void counts_what_it_cannot_send(void **state)
{
	struct rte_mbuf *all[128];
	unsigned int n = rte_mempool_avail_count(l.dp.mbuf_pool);
	uint16_t hop = reachable();

	(void)state;
	l.dp.port[LINK_OUTSIDE].mtu = 28;
	link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 1);
	assert_int_equal(neigh_stats(&l.cp)->too_big, 1);
	l.dp.port[LINK_OUTSIDE].mtu = 29;
	for (int i = 0; i < LINK_RING_SIZE; i++)
		link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 1);
	assert_int_equal(neigh_stats(&l.cp)->ring_full, 1);
	assert_int_equal(link_flush(&l), LINK_RING_SIZE - 1);
	assert_true(n <= UNIT_NB(all));
	assert_int_equal(rte_pktmbuf_alloc_bulk(l.dp.mbuf_pool, all, n), 0);
	link_route(&l, "198.51.100.3", true);
	assert_int_equal(neigh_stats(&l.cp)->no_mbuf, 1);
	rte_pktmbuf_free_bulk(all, n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(resolves_and_sends_in_order),
		TEST(resolves_ipv6),
		TEST(keeps_the_last_four),
		TEST(keeps_asking_while_referenced),
		TEST(forgets_unanswered_without_reference),
		TEST(probes_what_is_referenced),
		TEST(forgets_what_is_not_referenced),
		TEST(evicts_the_longest_unused),
		TEST(shares_the_gateway),
		TEST(starts_with_announcements_and_backends),
		TEST(keeps_the_gateways),
		TEST(counts_what_it_cannot_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
