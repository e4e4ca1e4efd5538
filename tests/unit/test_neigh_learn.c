// SPDX-License-Identifier: BSD-3-Clause
// What hosts say of themselves, asked or not, and who is believed.
#include "neigh_host.h"

#include "icmp.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(learns_from_a_request),
		cmocka_unit_test(verifies_what_it_did_not_ask_for),
		TEST(stays_with_who_answers),
		TEST(follows_who_moves),
		TEST(returns_to_who_answers),
		TEST(needs_the_address_option),
		TEST(ignores_answers_on_another_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
