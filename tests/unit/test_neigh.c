// SPDX-License-Identifier: BSD-3-Clause
#include "neigh.h"

#include <errno.h>

#include "arp.h"
#include "frame.h"
#include "icmp.h"
#include "link.h"
#include "ndp.h"
#include "unit.h"

#define HOST	  "198.51.100.2"
#define HOST6	  "2001:db8:1::2"
#define GATEWAY	  "198.51.100.1"
#define GATEWAY6  "2001:db8:1::1"
#define MAC	  "0a0000000009"
#define OTHER_MAC "0a0000000008"
#define BROADCAST "ffffffffffff"
#define ASK_HOST                                                                                   \
	BROADCAST "020000000001080600010800060400010200000000"                                     \
		  "01c6336401000000000000c6336402"

static struct link l;

static int set_up(void **state)
{
	(void)state;
	link_start(&l);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	link_stop(&l);
	return 0;
}

static struct rte_ether_addr mac_of(const char *hex)
{
	struct rte_ether_addr mac;

	unit_hex(hex, mac.addr_bytes, sizeof(mac.addr_bytes));
	return mac;
}

static void put(uint16_t port_id, const char *mac, uint16_t type, uint8_t *l3, uint16_t l3_len)
{
	struct rte_ether_addr src = mac_of(mac);
	uint8_t *p;
	struct rte_mbuf *m = frame_make(&l.dp, port_id, &l.dp.port[port_id].mac, type, l3_len, &p);

	assert_non_null(m);
	memcpy(p, l3, l3_len);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, 6), &src, sizeof(src));
	neigh_frame(&l.cp, m);
}

static void put_arp(uint16_t port_id, uint16_t op, const char *sender, const char *mac,
		    const char *target)
{
	struct arp arp = {.op = op, .sender_mac = mac_of(mac)};
	uint8_t bytes[ARP_LEN];

	ip_parse(sender, &arp.sender);
	ip_parse(target, &arp.target);
	arp_write(bytes, &arp);
	put(port_id, mac, RTE_ETHER_TYPE_ARP, bytes, sizeof(bytes));
}

static void put_advertisement(const char *target, const char *mac, bool solicited, bool override)
{
	struct ndp ndp = {.type = NDP_ADVERTISEMENT,
			  .solicited = solicited,
			  .override = override,
			  .has_mac = true,
			  .mac = mac_of(mac)};
	uint8_t bytes[NDP_LEN];

	ip_parse(target, &ndp.src);
	ip_parse(target, &ndp.target);
	ip_parse(GATEWAY6, &ndp.dst);
	ndp_write(bytes, &ndp);
	put(LINK_OUTSIDE, mac, RTE_ETHER_TYPE_IPV6, bytes, sizeof(bytes));
}

static void answer(const char *mac)
{
	put_arp(LINK_OUTSIDE, ARP_REPLY, HOST, mac, GATEWAY);
}

// An entry for HOST in state REACHABLE, referenced once.
static uint16_t reachable(void)
{
	uint16_t hop = link_route(&l, HOST, true);

	answer(MAC);
	assert_int_equal(link_flush(&l), 1);
	assert_string_equal(link_mac(&l, hop), MAC);
	return hop;
}

// Lets time pass until a frame is sent, at most max_ms.  Returns the time in milliseconds, and the
// frame's destination as hexadecimal digits.
static uint32_t wait_question(uint32_t max_ms, char dst[static 13])
{
	uint8_t bytes[LINK_FRAME_MAX];

	for (uint32_t ms = NEIGH_TICK_MS; ms <= max_ms; ms += NEIGH_TICK_MS) {
		link_pass(&l, NEIGH_TICK_MS);
		if (link_take(&l, LINK_OUTSIDE, bytes) == 0)
			continue;
		for (int i = 0; i < 6; i++)
			snprintf(dst + 2 * i, 3, "%02x", bytes[i]);
		return ms;
	}
	fail_msg("no question within %u ms", max_ms);
	return 0;
}

static void expect_payload(const char *mac, uint8_t payload)
{
	uint8_t bytes[LINK_FRAME_MAX];
	struct rte_ether_addr want = mac_of(mac);
	size_t len = link_take(&l, LINK_OUTSIDE, bytes);

	assert_true(len > 0);
	assert_memory_equal(bytes, &want, sizeof(want));
	assert_int_equal(bytes[len - 1], payload);
}

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

// Who asks us is known at once, and asked back when it is needed.
static void learns_from_a_request(void **state)
{
	uint16_t hop;

	(void)state;
	put_arp(LINK_OUTSIDE, ARP_REQUEST, HOST, MAC, GATEWAY);
	assert_int_equal(link_flush(&l), 1);
	hop = link_route(&l, HOST, true);
	assert_string_equal(link_mac(&l, hop), MAC);
	link_expect(&l, LINK_OUTSIDE,
		    MAC "020000000001080600010800060400010200000000"
			"01c6336401000000000000c6336402");
	link_send(&l, LINK_OUTSIDE, hop, GATEWAY, HOST, 1);
	expect_payload(MAC, 1);
	answer(MAC);
	link_pass(&l, 500 * NEIGH_REACHABLE_S - 1000);
}

// Messages about a reachable HOST or HOST6; what dp then sees, and whether the host is asked.
static const struct {
	const char *name;
	bool v6, request, solicited, override;
	const char *target, *mac, *after;
	unsigned int asked;
} messages[] = {
	{"same MAC", false, false, true, true, GATEWAY, MAC, MAC, 0},
	{"reply with another MAC", false, false, true, true, GATEWAY, OTHER_MAC, MAC, 1},
	{"gratuitous reply", false, false, true, true, HOST, OTHER_MAC, MAC, 1},
	{"gratuitous request", false, true, true, true, HOST, OTHER_MAC, MAC, 1},
	{"request to us", false, true, true, true, GATEWAY, OTHER_MAC, MAC, 2},
	{"advertisement, same MAC", true, false, true, true, NULL, MAC, MAC, 0},
	{"solicited, no override", true, false, true, false, NULL, OTHER_MAC, MAC, 1},
	{"unsolicited, no override", true, false, false, false, NULL, OTHER_MAC, MAC, 1},
	{"solicited, override", true, false, true, true, NULL, OTHER_MAC, OTHER_MAC, 1},
	{"unsolicited, override", true, false, false, true, NULL, OTHER_MAC, OTHER_MAC, 1},
};

static void verifies_what_it_did_not_ask_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(messages); i++) {
		uint16_t hop;

		link_start(&l);
		hop = link_route(&l, messages[i].v6 ? HOST6 : HOST, true);
		if (messages[i].v6)
			put_advertisement(HOST6, MAC, true, true);
		else
			answer(MAC);
		link_flush(&l);
		if (messages[i].v6)
			put_advertisement(HOST6, messages[i].mac, messages[i].solicited,
					  messages[i].override);
		else
			put_arp(LINK_OUTSIDE, messages[i].request ? ARP_REQUEST : ARP_REPLY, HOST,
				messages[i].mac, messages[i].target);
		if (strcmp(link_mac(&l, hop), messages[i].after) != 0 ||
		    link_flush(&l) != messages[i].asked)
			fail_msg("%s", messages[i].name);
		link_stop(&l);
	}
}

#define ASK_OWNER                                                                                  \
	MAC "020000000001080600010800060400010200000000"                                           \
	    "01c6336401000000000000c6336402"

// A wrong ARP claim takes nothing from a host that answers, also not while it is asked.
static void stays_with_who_answers(void **state)
{
	uint16_t hop = reachable();

	(void)state;
	put_arp(LINK_OUTSIDE, ARP_REPLY, HOST, OTHER_MAC, HOST);
	link_expect(&l, LINK_OUTSIDE, ASK_OWNER);
	answer(OTHER_MAC);
	assert_string_equal(link_mac(&l, hop), MAC);
	answer(MAC);
	assert_string_equal(link_mac(&l, hop), MAC);
	link_pass(&l, 500 * NEIGH_REACHABLE_S - 1000);
}

// A host that has moved to another MAC is found there once the old one is silent.
static void follows_who_moves(void **state)
{
	uint16_t hop = reachable();
	char dst[13];

	(void)state;
	put_arp(LINK_OUTSIDE, ARP_REQUEST, HOST, OTHER_MAC, HOST);
	link_expect(&l, LINK_OUTSIDE, ASK_OWNER);
	for (int i = 1; i < NEIGH_PROBES; i++) {
		wait_question(1200, dst);
		assert_string_equal(dst, MAC);
	}
	wait_question(1200, dst);
	assert_string_equal(dst, BROADCAST);
	answer(OTHER_MAC);
	assert_string_equal(link_mac(&l, hop), OTHER_MAC);
}

// A wrong advertisement that may override (RFC 4861 section 7.2.5) does not last.
static void returns_to_who_answers(void **state)
{
	uint16_t hop = link_route(&l, HOST6, true);

	(void)state;
	put_advertisement(HOST6, MAC, true, true);
	put_advertisement(HOST6, OTHER_MAC, false, true);
	assert_string_equal(link_mac(&l, hop), OTHER_MAC);
	link_pass(&l, 1000 * NEIGH_PROBES * NEIGH_PROBE_S + 200);
	put_advertisement(HOST6, MAC, true, true);
	assert_string_equal(link_mac(&l, hop), MAC);
	link_flush(&l);
}

// RFC 4861 section 7.2.5: without its option an advertisement resolves nothing.
static void needs_the_address_option(void **state)
{
	uint16_t hop = link_route(&l, HOST6, true);
	struct ndp ndp = {.type = NDP_ADVERTISEMENT, .solicited = true, .has_mac = true};
	uint8_t bytes[NDP_LEN];
	uint16_t sum;

	(void)state;
	ip_parse(HOST6, &ndp.src);
	ip_parse(HOST6, &ndp.target);
	ip_parse(GATEWAY6, &ndp.dst);
	ndp.mac = mac_of(MAC);
	ndp_write(bytes, &ndp);
	bytes[NDP_LEN - 8] = 0xfd; // an unknown option
	memset(bytes + 42, 0, 2);
	sum = icmpv6_checksum(&ndp.src, &ndp.dst, bytes + 40, NDP_LEN - 40);
	memcpy(bytes + 42, &sum, sizeof(sum));
	put(LINK_OUTSIDE, MAC, RTE_ETHER_TYPE_IPV6, bytes, sizeof(bytes));
	assert_int_equal(neigh_stats(&l.cp)->refused, 0);
	assert_string_equal(link_mac(&l, hop), "");
	link_pass(&l, 1200);
	assert_int_equal(link_flush(&l), 2);
}

static void ignores_answers_on_another_link(void **state)
{
	uint16_t hop = link_route(&l, HOST, true);

	(void)state;
	link_expect(&l, LINK_OUTSIDE, ASK_HOST);
	put_arp(LINK_INSIDE, ARP_REPLY, HOST, MAC, "192.0.2.1");
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
		TEST(learns_from_a_request),
		cmocka_unit_test(verifies_what_it_did_not_ask_for),
		TEST(stays_with_who_answers),
		TEST(follows_who_moves),
		TEST(returns_to_who_answers),
		TEST(needs_the_address_option),
		TEST(ignores_answers_on_another_link),
		TEST(evicts_the_longest_unused),
		TEST(shares_the_gateway),
		TEST(starts_with_announcements_and_backends),
		TEST(keeps_the_gateways),
		TEST(counts_what_it_cannot_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
