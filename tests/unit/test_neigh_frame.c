// SPDX-License-Identifier: BSD-3-Clause
#include "link.h"
#include "neigh.h"
#include "neigh_frame.h"
#include "unit.h"

#define PEER	  "0a0000000009"
#define OUT	  "020000000001"
#define IN	  "020000000002"
#define BROADCAST "ffffffffffff"
#define ETH_ARP	  "0806"
#define ETH_V4	  "0800"
#define ETH_V6	  "86dd"
#define TAG	  "81000007"

#define ARP_ASK	   "0001080006040001"
#define ARP_ANSWER "0001080006040002"
#define NOBODY	   "000000000000"

#define ARP_GOOD BROADCAST PEER ETH_ARP ARP_ASK PEER "c6336402" NOBODY "c6336401"
#define NS_GOOD                                                                                    \
	"3333ff000001" PEER ETH_V6                                                                 \
	"6000000000203aff20010db8000100000000000000000002ff0200000000000000000001"                 \
	"ff0000018700141e0000000020010db800010000000000000000000101010a0000000009"
#define NA_ANSWER                                                                                  \
	PEER OUT ETH_V6 "6000000000203aff20010db8000100000000000000000001"                         \
			"20010db8000100000000000000000002"                                         \
			"88008a706000000020010db80001000000000000000000010201020000000001"
#define NA_TO_ALL                                                                                  \
	"333300000001" OUT ETH_V6                                                                  \
	"6000000000203aff20010db8000100000000000000000001ff0200000000000000000000"                 \
	"000000018800f9282000000020010db80001000000000000000000010201020000000001"
#define ECHO4 OUT PEER ETH_V4 "45000021123440003d01d73dc6336402c63364010800f8260007000170696e6721"
#define ECHO6                                                                                      \
	OUT PEER ETH_V6 "60000000000d3a3d20010db800010000000000000000000220010db80001000000000000" \
			"00000001800024680007000170696e6721"

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

// What comes in, what goes out.  NULL: nothing.
static const struct {
	const char *name;
	uint16_t port_id;
	const char *frame, *answer;
	uint64_t refused, duplicate, entries;
} rows[] = {
	{"ARP request", LINK_OUTSIDE, ARP_GOOD,
	 PEER OUT ETH_ARP ARP_ANSWER OUT "c6336401" PEER "c6336402", 0, 0, 1},
	{"padded ARP request", LINK_OUTSIDE, ARP_GOOD "000000000000000000000000000000000000",
	 PEER OUT ETH_ARP ARP_ANSWER OUT "c6336401" PEER "c6336402", 0, 0, 1},
	{"ARP request on a VLAN", LINK_INSIDE,
	 BROADCAST PEER TAG ETH_ARP ARP_ASK PEER "c0000202" NOBODY "c0000201",
	 PEER IN TAG ETH_ARP ARP_ANSWER IN "c0000201" PEER "c0000202", 0, 0, 1},
	{"ARP request without the VLAN", LINK_INSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "c0000202" NOBODY "c0000201", NULL, 1, 0, 0},
	{"ARP request from off the link", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "cb007102" NOBODY "c6336401",
	 PEER OUT ETH_ARP ARP_ANSWER OUT "c6336401" PEER "cb007102", 0, 0, 0},
	{"ARP request for another port's address", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "c6336402" NOBODY "c0000201", NULL, 0, 0, 0},
	{"ARP request for another host", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "c6336402" NOBODY "c6336403", NULL, 0, 0, 0},
	{"ARP request from a group address", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK "010000000009c6336402" NOBODY "c6336401", NULL, 1, 0, 0},
	{"ARP request from the broadcast address", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK BROADCAST "c6336402" NOBODY "c6336401", NULL, 1, 0, 0},
	{"ARP request from no address", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK NOBODY "c6336402" NOBODY "c6336401", NULL, 1, 0, 0},
	{"ARP request with another MAC than the frame's", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK "0a0000000008c6336402" NOBODY "c6336401", NULL, 1, 0, 0},
	{"ARP request from our MAC", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK OUT "c6336402" NOBODY "c6336401", NULL, 1, 0, 0},
	{"looped ARP request", LINK_OUTSIDE,
	 BROADCAST OUT ETH_ARP ARP_ASK OUT "c6336401" NOBODY "c6336402", NULL, 1, 0, 0},
	{"ARP request from our address", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "c6336401" NOBODY "c6336401", NULL, 0, 1, 0},
	{"ARP request from a multicast address", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "e0000001" NOBODY "c6336401", NULL, 1, 0, 0},
	{"ARP probe", LINK_OUTSIDE,
	 BROADCAST PEER ETH_ARP ARP_ASK PEER "00000000" NOBODY "c6336401",
	 PEER OUT ETH_ARP ARP_ANSWER OUT "c6336401" PEER "00000000", 0, 1, 0},
	{"ARP reply nobody asked for", LINK_OUTSIDE,
	 OUT PEER ETH_ARP ARP_ANSWER PEER "c6336402" OUT "c6336401", NULL, 0, 0, 0},
	{"ARP reply from our address", LINK_OUTSIDE,
	 OUT PEER ETH_ARP ARP_ANSWER PEER "c6336401" OUT "c6336401", NULL, 0, 1, 0},
	{"neighbour solicitation", LINK_OUTSIDE, NS_GOOD, NA_ANSWER, 0, 0, 1},
	{"neighbour solicitation by another MAC", LINK_OUTSIDE,
	 "3333ff000001"
	 "0a0000000008" ETH_V6
	 "6000000000203aff20010db8000100000000000000000002ff0200000000000000000001"
	 "ff0000018700141e0000000020010db800010000000000000000000101010a0000000009",
	 NA_ANSWER, 0, 0, 1},
	{"neighbour solicitation to all nodes", LINK_OUTSIDE,
	 "333300000001" PEER ETH_V6
	 "6000000000203aff20010db8000100000000000000000002ff0200000000000000000000"
	 "00000001870013200000000020010db800010000000000000000000101010a0000000009",
	 NULL, 0, 0, 0},
	{"neighbour solicitation with hop limit 254", LINK_OUTSIDE,
	 "3333ff000001" PEER ETH_V6
	 "6000000000203afe20010db8000100000000000000000002ff0200000000000000000001"
	 "ff0000018700141e0000000020010db800010000000000000000000101010a0000000009",
	 NULL, 1, 0, 0},
	{"neighbour solicitation with a bad checksum", LINK_OUTSIDE,
	 "3333ff000001" PEER ETH_V6
	 "6000000000203aff20010db8000100000000000000000002ff0200000000000000000001"
	 "ff0000018700141f0000000020010db800010000000000000000000101010a0000000009",
	 NULL, 1, 0, 0},
	{"neighbour solicitation with an option of length 0", LINK_OUTSIDE,
	 "3333ff000001" PEER ETH_V6
	 "6000000000203aff20010db8000100000000000000000002ff0200000000000000000001"
	 "ff0000018700141f0000000020010db800010000000000000000000101000a0000000009",
	 NULL, 1, 0, 0},
	{"neighbour solicitation on another port", LINK_INSIDE,
	 "3333ff000001" PEER TAG ETH_V6
	 "6000000000203aff20010db8000100000000000000000002ff0200000000000000000001"
	 "ff0000018700141e0000000020010db800010000000000000000000101010a0000000009",
	 NULL, 0, 0, 0},
	{"neighbour solicitation for the link-local address", LINK_OUTSIDE,
	 OUT PEER ETH_V6 "6000000000203afffe800000000000000000000000000009fe80000000000000000000ff"
			 "fe0000018700740d00000000fe80000000000000000000fffe00000101010a0000000009",
	 PEER OUT ETH_V6 "6000000000203afffe80000000000000000000fffe000001fe8000000000000000000000"
			 "0000000988001a1560000000fe80000000000000000000fffe0000010201020000000001",
	 0, 0, 1},
	{"duplicate address detection", LINK_OUTSIDE,
	 "3333ff000001" PEER ETH_V6
	 "6000000000183aff00000000000000000000000000000000ff0200000000000000000001"
	 "ff00000187004cec0000000020010db8000100000000000000000001",
	 NA_TO_ALL, 0, 1, 0},
	{"neighbour advertisement of our address", LINK_OUTSIDE,
	 "333300000001" PEER ETH_V6
	 "6000000000203aff20010db8000100000000000000000001ff0200000000000000000000"
	 "000000018800f9282000000020010db80001000000000000000000010201020000000001",
	 NULL, 1, 0, 0}, // it names our MAC
	{"echo request", LINK_OUTSIDE, ECHO4,
	 PEER OUT ETH_V4 "45000021123440004001d43dc6336401c6336402000000270007000170696e6721", 0, 0,
	 0},
	{"padded echo request", LINK_OUTSIDE, ECHO4 "00000000000000000000000000",
	 PEER OUT ETH_V4 "45000021123440004001d43dc6336401c6336402000000270007000170696e6721", 0, 0,
	 0},
	{"IPv6 echo request", LINK_OUTSIDE, ECHO6,
	 PEER OUT ETH_V6 "60000000000d3a4020010db800010000000000000000000120010db80001000000000000"
			 "00000002810023680007000170696e6721",
	 0, 0, 0},
	{"broadcast echo request", LINK_OUTSIDE,
	 BROADCAST PEER ETH_V4 "45000021123440003d01d73dc6336402c63364010800f8260007000170696e6721",
	 NULL, 1, 0, 0},
	{"echo request for another port", LINK_INSIDE,
	 IN PEER TAG ETH_V4 "45000021123440003d01d73dc6336402c63364010800f8260007000170696e6721",
	 NULL, 1, 0, 0},
	{"echo request under another EtherType", LINK_OUTSIDE,
	 OUT PEER ETH_V6 "45000021123440003d01d73dc6336402c63364010800f8260007000170696e6721", NULL,
	 1, 0, 0},
	{"echo request from our own address", LINK_OUTSIDE,
	 OUT PEER ETH_V4 "45000021123440003d01d73ec6336401c63364010800f8260007000170696e6721", NULL,
	 1, 0, 0},
	{"echo reply", LINK_OUTSIDE,
	 OUT PEER ETH_V4 "45000021123440004001d43dc6336402c6336401000000270007000170696e6721", NULL,
	 1, 0, 0},
	{"another EtherType", LINK_OUTSIDE, OUT PEER "88cc0207", NULL, 1, 0, 0},
};

static void answers_what_is_for_us(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		uint8_t sent[LINK_FRAME_MAX], want[LINK_FRAME_MAX];
		const struct neigh_stats *stats;
		size_t len = 0;

		link_start(&l);
		stats = neigh_stats(&l.cp);
		link_put(&l, rows[i].port_id, rows[i].frame);
		if (rows[i].answer != NULL)
			len = unit_hex(rows[i].answer, want, sizeof(want));
		if (link_take(&l, rows[i].port_id, sent) != len || memcmp(sent, want, len) != 0)
			fail_msg("%s: answer", rows[i].name);
		if (stats->refused != rows[i].refused || stats->duplicate != rows[i].duplicate ||
		    stats->entries != rows[i].entries)
			fail_msg("%s: %" PRIu64 " refused, %" PRIu64 " duplicate, %" PRIu64
				 " entries",
				 rows[i].name, stats->refused, stats->duplicate, stats->entries);
		link_stop(&l);
	}
}

// Good frames cut after every byte: refused, unless what is cut off is padding.
static void refuses_every_prefix(void **state)
{
	static const char *const good[] = {ARP_GOOD, NS_GOOD, ECHO4, ECHO6};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		uint8_t bytes[LINK_FRAME_MAX];
		size_t full = unit_hex(good[i], bytes, sizeof(bytes));

		for (size_t len = 0; len < full; len++)
			link_put_bytes(&l, LINK_OUTSIDE, bytes, len);
		assert_int_equal(neigh_stats(&l.cp)->entries, 0);
		link_expect_silence(&l);
	}
}

// A seeded run of good frames with some bytes changed: nothing crashes, leaks, or becomes a
// neighbour that must not.
static void survives_mutations(void **state)
{
	static const char *const good[] = {ARP_GOOD, NS_GOOD, ECHO4, ECHO6, NA_TO_ALL};
	uint64_t seed = unit_seed();

	(void)state;
	for (int n = 0; n < 50000; n++) {
		uint8_t bytes[LINK_FRAME_MAX];
		size_t len = unit_hex(good[unit_random(&seed) % UNIT_NB(good)], bytes, 256);

		for (uint64_t k = unit_random(&seed) % 4; k > 0; k--)
			bytes[unit_random(&seed) % len] = (uint8_t)unit_random(&seed);
		if (unit_random(&seed) % 4 == 0)
			len = unit_random(&seed) % len;
		link_put_bytes(&l, unit_random(&seed) % 8 == 0 ? LINK_INSIDE : LINK_OUTSIDE, bytes,
			       len);
		assert_true(link_flush(&l) <= 1);
		assert_true(neigh_stats(&l.cp)->entries <= LINK_NEIGHBOURS);
	}
	assert_true(neigh_stats(&l.cp)->answered > 0 && neigh_stats(&l.cp)->echoed > 0 &&
		    neigh_stats(&l.cp)->refused > 0);
}

// Frames as large as the MTU are answered, larger ones are not.
static void echoes_up_to_the_mtu(void **state)
{
	uint8_t bytes[LINK_FRAME_MAX] = {0}, sent[LINK_FRAME_MAX];

	(void)state;
	for (uint16_t ip_len = 1499; ip_len <= 1501; ip_len++) {
		uint16_t sum = (uint16_t)~0x0800;

		unit_hex(ECHO4, bytes, sizeof(bytes));
		memset(bytes + 14 + 20, 0, sizeof(bytes) - 34);
		bytes[34] = 8;
		bytes[36] = (uint8_t)(sum >> 8);
		bytes[37] = (uint8_t)sum;
		bytes[16] = (uint8_t)(ip_len >> 8);
		bytes[17] = (uint8_t)ip_len;
		// The header's sum for a total length of 33 was d73d.
		sum = (uint16_t)(0xd73d - (ip_len - 33));
		bytes[24] = (uint8_t)(sum >> 8);
		bytes[25] = (uint8_t)sum;
		link_put_bytes(&l, LINK_OUTSIDE, bytes, 14 + ip_len);
		assert_int_equal(link_take(&l, LINK_OUTSIDE, sent),
				 ip_len <= 1500 ? 14 + ip_len : 0);
	}
}

static void announces_every_address(void **state)
{
	(void)state;
	neigh_frame_announce(&l.cp);
	link_expect(&l, LINK_OUTSIDE,
		    BROADCAST OUT ETH_ARP ARP_ASK OUT "c6336401" NOBODY "c6336401");
	link_expect(&l, LINK_OUTSIDE, NA_TO_ALL);
	link_expect(&l, LINK_INSIDE,
		    BROADCAST IN TAG ETH_ARP ARP_ASK IN "c0000201" NOBODY "c0000201");
	link_expect(&l, LINK_INSIDE,
		    "333300000001" IN TAG ETH_V6
		    "6000000000203aff20010db8000200000000000000000001ff0200000000000000000000"
		    "000000018800f9252000000020010db80002000000000000000000010201020000000002");
}

static void counts_what_it_cannot_send(void **state)
{
	(void)state;
	for (int i = 0; i < LINK_RING_SIZE; i++)
		link_put(&l, LINK_OUTSIDE, ARP_GOOD);
	assert_int_equal(neigh_stats(&l.cp)->answered, LINK_RING_SIZE - 1);
	assert_int_equal(neigh_stats(&l.cp)->ring_full, 1);
	assert_int_equal(link_flush(&l), LINK_RING_SIZE - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_what_is_for_us),
		TEST(refuses_every_prefix),
		TEST(survives_mutations),
		TEST(echoes_up_to_the_mtu),
		TEST(announces_every_address),
		TEST(counts_what_it_cannot_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
