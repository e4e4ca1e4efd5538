// SPDX-License-Identifier: BSD-3-Clause
#include <rte_mbuf.h>

#include "classify.h"
#include "packet.h"
#include "plain.h"
#include "unit.h"

#define ETH  14
#define UDP4 (ETH + 20)
#define UDP6 (ETH + 40)

static const struct rte_ether_addr gateway_mac = {{2, 0, 0, 0, 0, 1}};
static struct config_port config = {.addr_nb = 2};
static struct port port = {.config = &config, .outside = true};

static const uint8_t plain_record[20] = {22, 0xfe, 0xfd};		    // epoch 0
static const uint8_t sealed_record[40] = {23, 0xfe, 0xfd, 0, 1, [12] = 27}; // epoch 1

static uint16_t frame_v4(uint8_t *frame, const void *payload, uint16_t len)
{
	return packet_udp(frame, &gateway_mac, "198.51.100.2", 40000, "198.51.100.1", 4433, payload,
			  len);
}

static uint16_t frame_v6(uint8_t *frame, const void *payload, uint16_t len)
{
	return packet_udp(frame, &gateway_mac, "2001:db8:1::2", 40000, "2001:db8:1::1", 4433,
			  payload, len);
}

static int set_up(void **state)
{
	(void)state;
	port.mac = gateway_mac;
	assert_int_equal(ip_parse("198.51.100.1", &config.addr[0].addr), 0);
	assert_int_equal(ip_parse("2001:db8:1::1", &config.addr[1].addr), 0);
	return 0;
}

static bool plain; // the last frame of classify() is a plain datagram

// classify_frame(), which plain_datagram() may only forestall where it says the same.
static enum classify classify(const struct port *p, uint16_t port_id, const uint8_t *frame,
			      uint32_t len, uint64_t ol_flags, struct datagram *dg)
{
	enum classify kind = classify_frame(p, port_id, frame, len, ol_flags, dg);
	struct datagram quick;

	classify_init(&port);
	plain = plain_datagram(p, port_id, frame, len, ol_flags, &quick);
	if (plain) {
		assert_int_equal(kind, CLASSIFY_UDP);
		assert_memory_equal(&quick.flow, &dg->flow, sizeof(dg->flow));
		assert_int_equal(quick.payload_at, dg->payload_at);
		assert_int_equal(quick.payload_len, dg->payload_len);
		assert_int_equal(quick.local, dg->local);
	}
	return kind;
}

static void datagram_fields(void **state)
{
	struct datagram dg;
	uint8_t frame[PACKET_MAX];
	uint16_t len = frame_v4(frame, plain_record, sizeof(plain_record));
	struct ip_addr client;

	(void)state;
	// The Ethernet padding behind a short datagram is not payload.
	memset(frame + len, 0xee, 12);
	assert_int_equal(classify(&port, 5, frame, len + 12, 0, &dg), CLASSIFY_UDP);
	assert_true(plain);
	assert_int_equal(dg.local, 0);
	assert_int_equal(dg.payload_at, UDP4 + 8);
	assert_int_equal(dg.payload_len, sizeof(plain_record));
	ip_parse("198.51.100.2", &client);
	assert_memory_equal(&dg.flow.remote, &client, sizeof(client));
	assert_memory_equal(&dg.flow.local, &config.addr[0].addr, sizeof(client));
	assert_int_equal(rte_be_to_cpu_16(dg.flow.remote_port), 40000);
	assert_int_equal(rte_be_to_cpu_16(dg.flow.local_port), 4433);
	assert_int_equal(dg.flow.port_id, 5);

	len = frame_v6(frame, plain_record, sizeof(plain_record));
	assert_int_equal(classify(&port, 5, frame, len, 0, &dg), CLASSIFY_UDP);
	assert_true(plain);
	assert_int_equal(dg.local, 1);
	assert_int_equal(dg.payload_at, UDP6 + 8);
	assert_memory_equal(&dg.flow.local, &config.addr[1].addr, sizeof(client));
}

// One byte or two of a good frame set to a value; what comes of it.
struct change {
	const char *what;
	bool v6;
	bool checksum; // made good again after the change
	uint16_t at, len;
	uint8_t byte[2];
	enum drop reason; // DROP_NB: CLASSIFY_ECHO
};

static const struct change changes[] = {
	{"other MAC", false, true, 5, 1, {9}, DROP_ETH_ADDRESS},
	{"group as source MAC", false, true, 6, 1, {3}, DROP_ETH_ADDRESS},
	{"LLDP", false, false, 12, 2, {0x88, 0xcc}, DROP_ETH_TYPE},
	{"IPv4 version 5", false, false, ETH, 1, {0x55}, DROP_IP_HEADER},
	{"IHL 4", false, false, ETH, 1, {0x44}, DROP_IP_HEADER},
	{"IHL 6", false, false, ETH, 1, {0x46}, DROP_IP_OPTIONS},
	{"total length 19", false, false, ETH + 2, 2, {0, 19}, DROP_IP_HEADER},
	{"total length past the frame", false, false, ETH + 2, 2, {0, 49}, DROP_IP_HEADER},
	{"header checksum", false, false, ETH + 10, 2, {0, 0}, DROP_IP_CHECKSUM},
	{"more fragments behind 28 bytes", false, true, ETH + 6, 1, {0x20}, DROP_IP_FRAGMENT},
	{"fragment past 64 KB", false, true, ETH + 6, 2, {0x1f, 0xff}, DROP_IP_FRAGMENT},
	{"source 0.x", false, true, ETH + 12, 1, {0}, DROP_IP_ADDRESS},
	{"source 127.x", false, true, ETH + 12, 1, {127}, DROP_IP_ADDRESS},
	{"source 224.x", false, true, ETH + 12, 1, {224}, DROP_IP_ADDRESS},
	{"other destination", false, true, ETH + 19, 1, {9}, DROP_IP_ADDRESS},
	{"TCP", false, true, ETH + 9, 1, {6}, DROP_IP_PROTOCOL},
	{"ICMP", false, true, ETH + 9, 1, {1}, DROP_NB},
	{"UDP length 7", false, false, UDP4 + 4, 2, {0, 7}, DROP_UDP_HEADER},
	{"UDP length past IP", false, false, UDP4 + 4, 2, {0, 29}, DROP_UDP_HEADER},
	{"UDP checksum", false, false, UDP4 + 6, 2, {1, 1}, DROP_UDP_CHECKSUM},
	{"source port 0", false, true, UDP4, 2, {0, 0}, DROP_UDP_HEADER},
	{"IPv6 version 4", true, false, ETH, 1, {0x40}, DROP_IP_HEADER},
	{"payload length past the frame", true, false, ETH + 4, 2, {0, 29}, DROP_IP_HEADER},
	{"fragment header of no UDP", true, false, ETH + 6, 1, {44}, DROP_IP_FRAGMENT},
	{"hop-by-hop options", true, false, ETH + 6, 1, {0}, DROP_IP_OPTIONS},
	{"routing header", true, false, ETH + 6, 1, {43}, DROP_IP_OPTIONS},
	{"TCP over IPv6", true, false, ETH + 6, 1, {6}, DROP_IP_PROTOCOL},
	{"multicast source", true, true, ETH + 8, 1, {0xff}, DROP_IP_ADDRESS},
	{"other IPv6 destination", true, true, ETH + 39, 1, {9}, DROP_IP_ADDRESS},
	{"ICMPv6", true, true, ETH + 6, 1, {58}, DROP_NB},
	{"no checksum over IPv6", true, false, UDP6 + 6, 2, {0, 0}, DROP_UDP_CHECKSUM},
};

static void changed_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];
		uint8_t frame[PACKET_MAX];
		struct datagram dg;
		uint16_t len = c->v6 ? frame_v6(frame, plain_record, sizeof(plain_record))
				     : frame_v4(frame, plain_record, sizeof(plain_record));
		enum classify want = c->reason == DROP_NB ? CLASSIFY_ECHO : CLASSIFY_DROP;

		memcpy(frame + c->at, c->byte, c->len);
		if (c->checksum)
			packet_checksum(frame);
		print_message("  %s\n", c->what);
		assert_int_equal(classify(&port, 0, frame, len, 0, &dg), want);
		if (want == CLASSIFY_DROP)
			assert_string_equal(drop_name(dg.reason), drop_name(c->reason));
	}
}

static void fragments(void **state)
{
	static const struct {
		bool v6, outside;
		uint16_t payload, at, part; // bytes behind the UDP header, of the UDP datagram
		bool more;
		int protocol; // 0: UDP
		enum classify want;
		bool whole;
	} rows[] = {
		{false, true, 56, 0, 32, true, 0, CLASSIFY_FRAGMENT, false},
		{false, true, 56, 32, 32, false, 0, CLASSIFY_FRAGMENT, false},
		{false, true, 56, 32, 31, false, 0, CLASSIFY_FRAGMENT, false},
		{false, true, 56, 32, 31, true, 0, CLASSIFY_DROP, false},
		{false, true, 56, 32, 0, false, 0, CLASSIFY_DROP, false},
		{false, false, 56, 0, 32, true, 0, CLASSIFY_DROP, false},
		{false, true, 56, 0, 32, true, IPPROTO_ICMP, CLASSIFY_DROP, false},
		{true, true, 56, 0, 32, true, 0, CLASSIFY_FRAGMENT, false},
		{true, true, 56, 32, 32, false, 0, CLASSIFY_FRAGMENT, false},
		{true, true, 56, 0, 64, false, 0, CLASSIFY_FRAGMENT, true},
		{true, true, 56, 8, 8, true, 0, CLASSIFY_FRAGMENT, false},
		{true, true, 56, 8, 9, true, 0, CLASSIFY_DROP, false},
		{true, true, 56, 8, 0, false, 0, CLASSIFY_DROP, false},
		{true, false, 56, 0, 32, true, 0, CLASSIFY_DROP, false},
		{true, true, 56, 0, 32, true, IPPROTO_ICMPV6, CLASSIFY_DROP, false},
	};
	static const uint8_t payload[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t frame[PACKET_MAX], part[PACKET_MAX];
		struct datagram dg;
		uint16_t len;

		if (rows[i].v6)
			frame_v6(frame, payload, rows[i].payload);
		else
			frame_v4(frame, payload, rows[i].payload);
		if (rows[i].protocol != 0)
			frame[ETH + (rows[i].v6 ? 6 : 9)] = (uint8_t)rows[i].protocol;
		len = packet_fragment(part, frame, rows[i].at, rows[i].part, rows[i].more, 77);
		port.outside = rows[i].outside;
		unit_check(i, classify(&port, 5, part, len, 0, &dg) == rows[i].want);
		port.outside = true;
		if (rows[i].want == CLASSIFY_DROP) {
			unit_check(i, dg.reason == DROP_IP_FRAGMENT);
			continue;
		}
		unit_check(i, dg.payload_at == ETH && dg.payload_len == len - ETH);
		unit_check(i, dg.fragment_end == rows[i].at + rows[i].part);
		unit_check(i, dg.fragment_whole == rows[i].whole);
		unit_check(i, ip_is_v4(&dg.flow.remote) == !rows[i].v6);
	}
}

// Every prefix of a frame ends in a reason to drop, and is never read past its end: the copy lies
// at the end of its own allocation, where a sanitizer watches.
static void truncated_frames(void **state)
{
	uint8_t frame[PACKET_MAX];

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint16_t len = v6 ? frame_v6(frame, plain_record, sizeof(plain_record))
				  : frame_v4(frame, plain_record, sizeof(plain_record));

		for (uint16_t n = 0; n < len; n++) {
			uint8_t *cut = test_malloc(n + 1);
			struct datagram dg;

			memcpy(cut + 1, frame, n);
			assert_int_equal(classify(&port, 0, cut + 1, n, 0, &dg), CLASSIFY_DROP);
			assert_int_equal(dg.reason, n < ETH ? DROP_ETH_TRUNCATED : DROP_IP_HEADER);
			test_free(cut);
		}
	}
}

static void udp_header_cut(void **state)
{
	uint8_t frame[PACKET_MAX];
	struct datagram dg;

	(void)state;
	frame_v4(frame, plain_record, 0);
	frame[ETH + 3] = 20 + 7;
	packet_checksum(frame);
	assert_int_equal(classify(&port, 0, frame, ETH + 27, 0, &dg), CLASSIFY_DROP);
	assert_int_equal(dg.reason, DROP_UDP_HEADER);
}

static uint16_t tag_vlan(uint8_t *frame, uint16_t len, uint16_t tci)
{
	const uint8_t tag[4] = {0x81, 0, (uint8_t)(tci >> 8), (uint8_t)tci};

	memmove(frame + 16, frame + 12, len - 12u);
	memcpy(frame + 12, tag, 4);
	return len + 4;
}

static void vlan(void **state)
{
	static const struct {
		uint16_t port, tci; // tci 0xffff: untagged
		enum classify want;
	} cases[] = {
		{0, 0xffff, CLASSIFY_UDP}, {0, 0, CLASSIFY_UDP},       {0, 0x6000, CLASSIFY_UDP},
		{0, 7, CLASSIFY_DROP},	   {7, 7, CLASSIFY_UDP},       {7, 0xe007, CLASSIFY_UDP},
		{7, 8, CLASSIFY_DROP},	   {7, 0xffff, CLASSIFY_DROP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t frame[PACKET_MAX];
		struct datagram dg;
		uint16_t len = frame_v4(frame, plain_record, sizeof(plain_record));

		if (cases[i].tci != 0xffff)
			len = tag_vlan(frame, len, cases[i].tci);
		port.vlan = cases[i].port;
		assert_int_equal(classify(&port, 0, frame, len, 0, &dg), cases[i].want);
		if (cases[i].want == CLASSIFY_DROP)
			assert_int_equal(dg.reason, DROP_VLAN);
		else
			assert_int_equal(dg.payload_len, sizeof(plain_record));
	}
	port.vlan = 0;
}

// An IPv4 address of ours dressed up as IPv6 is not ours.
static void mapped_addresses(void **state)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	(void)state;
	for (uint16_t at = ETH + 8; at <= ETH + 24; at += 16) {
		uint8_t frame[PACKET_MAX];
		struct datagram dg;
		uint16_t len = frame_v6(frame, plain_record, sizeof(plain_record));

		memcpy(frame + at, mapped, sizeof(mapped));
		memcpy(frame + at + 12, config.addr[0].addr.byte + 12, 4);
		packet_checksum(frame);
		assert_int_equal(classify(&port, 0, frame, len, 0, &dg), CLASSIFY_DROP);
		assert_int_equal(dg.reason, DROP_IP_ADDRESS);
	}
}

static void vlan_truncated(void **state)
{
	uint8_t frame[PACKET_MAX];
	struct datagram dg;

	(void)state;
	tag_vlan(frame, frame_v4(frame, plain_record, 1), 0);
	assert_int_equal(classify(&port, 0, frame, 17, 0, &dg), CLASSIFY_DROP);
	assert_int_equal(dg.reason, DROP_ETH_TRUNCATED);
}

static void arp(void **state)
{
	uint8_t frame[ETH + 28] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 1, 8, 6};
	struct datagram dg;

	(void)state;
	assert_int_equal(classify(&port, 0, frame, sizeof(frame), 0, &dg), CLASSIFY_NEIGHBOUR);
	assert_int_equal(classify(&port, 0, frame, sizeof(frame) - 1, 0, &dg), CLASSIFY_DROP);
	assert_int_equal(dg.reason, DROP_ARP);
}

// NDP is ICMPv6 of types 133 to 137 that has crossed no router.
static void ndp(void **state)
{
	static const struct {
		uint8_t hop_limit, type;
		enum classify want;
	} cases[] = {
		{255, 133, CLASSIFY_NEIGHBOUR}, {255, 137, CLASSIFY_NEIGHBOUR},
		{255, 132, CLASSIFY_ECHO},	{255, 138, CLASSIFY_ECHO},
		{254, 135, CLASSIFY_ECHO},	{255, 128, CLASSIFY_ECHO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t frame[PACKET_MAX];
		struct datagram dg;
		uint16_t len = frame_v6(frame, plain_record, sizeof(plain_record));

		frame[ETH + 6] = 58;
		frame[ETH + 7] = cases[i].hop_limit;
		frame[UDP6] = cases[i].type;
		assert_int_equal(classify(&port, 0, frame, len, 0, &dg), cases[i].want);
	}
}

// Checksums: what the device says wins; a sealed record on the outside has its tag; inside every
// byte counts; none at all is allowed over IPv4.
static void checksums(void **state)
{
	static const struct {
		bool outside, sealed;
		uint8_t checksum; // 0: none, 1: wrong
		uint64_t flags;
		enum classify want;
		enum drop reason;
	} cases[] = {
		{true, false, 1, RTE_MBUF_F_RX_L4_CKSUM_GOOD, CLASSIFY_UDP, 0},
		{true, false, 1, RTE_MBUF_F_RX_L4_CKSUM_BAD, CLASSIFY_DROP, DROP_UDP_CHECKSUM},
		{true, false, 1, 0, CLASSIFY_DROP, DROP_UDP_CHECKSUM},
		{true, true, 1, 0, CLASSIFY_UDP, 0},
		{false, true, 1, 0, CLASSIFY_DROP, DROP_UDP_CHECKSUM},
		{false, true, 0, 0, CLASSIFY_UDP, 0},
		{true, false, 0, 0, CLASSIFY_UDP, 0},
		{true, false, 1, RTE_MBUF_F_RX_L4_CKSUM_NONE, CLASSIFY_UDP, 0},
		{true, true, 1, RTE_MBUF_F_RX_L4_CKSUM_BAD, CLASSIFY_DROP, DROP_UDP_CHECKSUM},
		{true, true, 1, RTE_MBUF_F_RX_IP_CKSUM_NONE, CLASSIFY_UDP, 0},
		{true, true, 1, RTE_MBUF_F_RX_IP_CKSUM_BAD, CLASSIFY_DROP, DROP_IP_CHECKSUM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const void *payload = cases[i].sealed ? sealed_record : plain_record;
		uint8_t frame[PACKET_MAX];
		struct datagram dg;
		uint16_t len = frame_v4(frame, payload, 40 - 20 * !cases[i].sealed);

		memset(frame + UDP4 + 6, cases[i].checksum, 2);
		port.outside = cases[i].outside;
		assert_int_equal(classify(&port, 0, frame, len, cases[i].flags, &dg),
				 cases[i].want);
		assert_true(plain == (cases[i].want == CLASSIFY_UDP));
		if (cases[i].want == CLASSIFY_DROP)
			assert_int_equal(dg.reason, cases[i].reason);
	}
	port.outside = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagram_fields),
		cmocka_unit_test(changed_frames),
		cmocka_unit_test(fragments),
		cmocka_unit_test(truncated_frames),
		cmocka_unit_test(udp_header_cut),
		cmocka_unit_test(vlan),
		cmocka_unit_test(vlan_truncated),
		cmocka_unit_test(mapped_addresses),
		cmocka_unit_test(ndp),
		cmocka_unit_test(arp),
		cmocka_unit_test(checksums),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
