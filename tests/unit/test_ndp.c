// SPDX-License-Identifier: BSD-3-Clause
#include "ndp.h"

#include "icmp.h"
#include "unit.h"

#define LEN_MAX 128
#define MSG_AT	40
#define FLAGS	(MSG_AT + 4)
#define TARGET	(MSG_AT + 8)
#define OPTION	(MSG_AT + 24)

static const char solicitation[] =
	"6000000000203aff20010db8000100000000000000000002ff0200000000000000000001"
	"ff0000018700141e0000000020010db800010000000000000000000101010a0000000009";
static const char advertisement[] =
	"6000000000203aff20010db8000100000000000000000001"
	"20010db8000100000000000000000002"
	"88008a706000000020010db80001000000000000000000010201020000000001";
static const char duplicate_check[] =
	"6000000000183aff00000000000000000000000000000000ff0200000000000000000001"
	"ff00000187004cec0000000020010db8000100000000000000000001";

static const struct {
	const char *hex, *src, *dst;
	struct ndp ndp;
} good[] = {
	{solicitation,
	 "2001:db8:1::2",
	 "ff02::1:ff00:1",
	 {.type = NDP_SOLICITATION, .has_mac = true, .mac = {{0x0a, 0, 0, 0, 0, 9}}}},
	{advertisement,
	 "2001:db8:1::1",
	 "2001:db8:1::2",
	 {.type = NDP_ADVERTISEMENT,
	  .solicited = true,
	  .override = true,
	  .has_mac = true,
	  .mac = {{2, 0, 0, 0, 0, 1}}}},
	{duplicate_check, "::", "ff02::1:ff00:1", {.type = NDP_SOLICITATION}},
};

static void reads_and_writes_every_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		struct ndp want = good[i].ndp, got;
		uint8_t bytes[LEN_MAX], written[NDP_LEN];
		size_t len = unit_hex(good[i].hex, bytes, sizeof(bytes));

		ip_parse(good[i].src, &want.src);
		ip_parse(good[i].dst, &want.dst);
		ip_parse("2001:db8:1::1", &want.target);
		unit_check(i, ndp_parse(bytes, len, &got));
		assert_memory_equal(&got, &want, sizeof(want));
		if (!got.has_mac)
			continue;
		ndp_write(written, &got);
		assert_int_equal(len, NDP_LEN);
		assert_memory_equal(written, bytes, len);
	}
}

static void refuses_every_prefix_and_takes_padding(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		uint8_t bytes[LEN_MAX] = {0};
		size_t full = unit_hex(good[i].hex, bytes, sizeof(bytes));

		for (size_t len = 0; len <= full + 4; len++) {
			uint8_t *cut = malloc(len + !len);
			struct ndp ndp;

			memcpy(cut, bytes, len);
			unit_check(len, ndp_parse(cut, len, &ndp) == (len >= full));
			unit_check(len, ndp_parse(bytes, len, &ndp) == (len >= full));
			free(cut);
		}
	}
}

static void set_checksum(uint8_t *ip, uint16_t len)
{
	struct ip_addr src, dst;
	uint16_t sum;

	ip_from_v6(&src, ip + 8);
	ip_from_v6(&dst, ip + 24);
	memset(ip + MSG_AT + 2, 0, 2);
	sum = icmpv6_checksum(&src, &dst, ip + MSG_AT, len);
	memcpy(ip + MSG_AT + 2, &sum, sizeof(sum));
}

// Each message cut after every byte, with lengths and checksum that agree.
static void refuses_every_short_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		uint8_t bytes[LEN_MAX];
		size_t full = unit_hex(good[i].hex, bytes, sizeof(bytes));

		for (size_t len = MSG_AT + 4; len < full; len++) {
			struct ndp ndp;

			bytes[5] = (uint8_t)(len - MSG_AT);
			set_checksum(bytes, (uint16_t)(len - MSG_AT));
			// An advertisement or solicitation without option is good as well.
			unit_check(len, ndp_parse(bytes, len, &ndp) == (len == OPTION));
		}
	}
}

#define MAPPED "00000000000000000000ffffc6336402"

// Bytes put into a good message; sum: the checksum is set again.
static const struct {
	const char *name;
	const char *hex;
	size_t at;
	const char *put;
	bool sum;
	bool good;
} changes[] = {
	{"unchanged", solicitation, 0, "", true, true},
	{"traffic class and flow label", solicitation, 0, "6fffffff", true, true},
	{"version 4", solicitation, 0, "40", true, false},
	{"payload length past the end", solicitation, 4, "0028", true, false},
	{"payload length 65535", solicitation, 4, "ffff", true, false},
	{"payload length 0", solicitation, 4, "0000", false, false},
	{"UDP", solicitation, 6, "11", true, false},
	{"hop-by-hop options", solicitation, 6, "00", true, false},
	{"hop limit 254", solicitation, 7, "fe", true, false},
	{"hop limit 0", solicitation, 7, "00", true, false},
	{"source is a group", solicitation, 8, "ff02", true, false},
	{"source is IPv4-mapped", solicitation, 8, MAPPED, true, false},
	{"destination is IPv4-mapped", solicitation, 24, MAPPED, true, false},
	{"bad checksum", solicitation, MSG_AT + 2, "141f", false, false},
	{"checksum 0", solicitation, MSG_AT + 2, "0000", false, false},
	{"router solicitation", solicitation, MSG_AT, "85", true, false},
	{"redirect", solicitation, MSG_AT, "89", true, false},
	{"code 1", solicitation, MSG_AT + 1, "01", true, false},
	{"reserved bits", solicitation, FLAGS, "ffffffff", true, true},
	{"target is a group", solicitation, TARGET, "ff02", true, false},
	{"target is IPv4-mapped", solicitation, TARGET, MAPPED, true, false},
	{"option length 0", solicitation, OPTION + 1, "00", true, false},
	{"option length past the end", solicitation, OPTION + 1, "02", true, false},
	{"option length 255", solicitation, OPTION + 1, "ff", true, false},
	{"unknown option", solicitation, OPTION, "fd", true, true},
	{"unknown option of length 0", solicitation, OPTION, "fd00", true, false},
	{"address option in a duplicate check", solicitation, 8, "00000000000000000000000000000000",
	 true, false},
	{"duplicate check to a unicast address", duplicate_check, 24,
	 "20010db8000100000000000000000001", true, false},
	{"duplicate check to another group", duplicate_check, 24 + 13, "00ff02", true, false},
	{"solicited advertisement to a group", advertisement, 24, "ff02", true, false},
	{"advertisement with code 1", advertisement, MSG_AT + 1, "01", true, false},
	{"advertisement with hop limit 254", advertisement, 7, "fe", true, false},
	{"advertisement with option length 0", advertisement, OPTION + 1, "00", true, false},
};

static void checks_what_the_rfc_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(changes); i++) {
		uint8_t bytes[LEN_MAX];
		size_t len = unit_hex(changes[i].hex, bytes, sizeof(bytes));
		struct ndp ndp;

		unit_hex(changes[i].put, bytes + changes[i].at, len - changes[i].at);
		if (changes[i].sum)
			set_checksum(bytes, (uint16_t)(len - MSG_AT));
		if (ndp_parse(bytes, len, &ndp) != changes[i].good)
			fail_msg("%s", changes[i].name);
	}
}

// A source address option two units long, and a second one behind the first.
static void reads_the_first_address_option(void **state)
{
	uint8_t bytes[LEN_MAX] = {0};
	size_t len = unit_hex(solicitation, bytes, sizeof(bytes));
	struct ndp ndp;

	(void)state;
	unit_hex("01010b0000000008", bytes + len, sizeof(bytes) - len);
	bytes[5] = (uint8_t)(len + 8 - MSG_AT);
	set_checksum(bytes, bytes[5]);
	assert_true(ndp_parse(bytes, len + 8, &ndp));
	assert_int_equal(ndp.mac.addr_bytes[0], 0x0a);
	bytes[OPTION + 1] = 2;
	set_checksum(bytes, bytes[5]);
	assert_false(ndp_parse(bytes, len + 8, &ndp));
}

static void derives_addresses(void **state)
{
	static const struct rte_ether_addr mac = {{0x00, 0x1b, 0x21, 0xab, 0xcd, 0xef}};
	static const struct rte_ether_addr group_mac = {{0x33, 0x33, 0xff, 0xab, 0xcd, 0xef}};
	struct ip_addr addr, group, want;
	struct rte_ether_addr got;

	(void)state;
	ndp_link_local(&mac, &addr);
	ip_parse("fe80::21b:21ff:feab:cdef", &want);
	assert_memory_equal(&addr, &want, sizeof(want));
	ndp_solicited_node(&addr, &group);
	ip_parse("ff02::1:ffab:cdef", &want);
	assert_memory_equal(&group, &want, sizeof(want));
	ndp_group_mac(&group, &got);
	assert_memory_equal(&got, &group_mac, sizeof(got));
	ndp_all_nodes(&group);
	ip_parse("ff02::1", &want);
	assert_memory_equal(&group, &want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_every_field),
		cmocka_unit_test(refuses_every_prefix_and_takes_padding),
		cmocka_unit_test(refuses_every_short_message),
		cmocka_unit_test(checks_what_the_rfc_says),
		cmocka_unit_test(reads_the_first_address_option),
		cmocka_unit_test(derives_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
