// SPDX-License-Identifier: BSD-3-Clause
#include "icmp.h"

#include <rte_ip.h>

#include "unit.h"

#define LEN_MAX 128

// "ping!": an odd length.
static const struct {
	const char *request, *reply, *src, *dst;
} good[] = {
	{"45000021123440003d01d73dc6336402c63364010800f8260007000170696e6721",
	 "45000021123440004001d43dc6336401c6336402000000270007000170696e6721", "198.51.100.2",
	 "198.51.100.1"},
	{"60000000000d3a3d20010db800010000000000000000000220010db80001000000000000"
	 "00000001800024680007000170696e6721",
	 "60000000000d3a4020010db800010000000000000000000120010db80001000000000000"
	 "00000002810023680007000170696e6721",
	 "2001:db8:1::2", "2001:db8:1::1"},
};

static void replies_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		uint8_t bytes[LEN_MAX], want[LEN_MAX];
		size_t len = unit_hex(good[i].request, bytes, sizeof(bytes));
		struct ip_addr src, dst;
		struct icmp_echo echo;

		unit_hex(good[i].reply, want, sizeof(want));
		ip_parse(good[i].src, &src);
		ip_parse(good[i].dst, &dst);
		unit_check(i, icmp_echo_parse(bytes, len, &echo));
		assert_int_equal(echo.len, len);
		assert_memory_equal(&echo.src, &src, sizeof(src));
		assert_memory_equal(&echo.dst, &dst, sizeof(dst));
		icmp_echo_reply(bytes, &echo);
		assert_memory_equal(bytes, want, len);
		unit_check(i, !icmp_echo_parse(bytes, len, &echo));
	}
}

static void refuses_every_prefix_and_takes_padding(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(good); i++) {
		uint8_t bytes[LEN_MAX] = {0};
		size_t full = unit_hex(good[i].request, bytes, sizeof(bytes));

		for (size_t len = 0; len <= full + 9; len++) {
			uint8_t *cut = malloc(len + !len);
			struct icmp_echo echo;

			memcpy(cut, bytes, len);
			unit_check(len, icmp_echo_parse(cut, len, &echo) == (len >= full));
			unit_check(len, icmp_echo_parse(bytes, len, &echo) == (len >= full));
			unit_check(len, len < full || echo.len == full);
			free(cut);
		}
	}
}

// Bytes put into good[family]; the IPv4 header's checksum is set again.
static const struct {
	const char *name;
	size_t family;
	size_t at;
	const char *put;
	bool good;
} changes[] = {
	{"unchanged", 0, 0, "", true},
	{"type of service", 0, 1, "b8", true},
	{"version 5", 0, 0, "55", false},
	{"options", 0, 0, "46", false},
	{"header of 16 bytes", 0, 0, "44", false},
	{"total length past the end", 0, 2, "0022", false},
	{"total length within the header", 0, 2, "0013", false},
	{"total length within the message", 0, 2, "001b", false},
	{"more fragments", 0, 6, "2000", false},
	{"later fragment", 0, 6, "0001", false},
	{"UDP", 0, 9, "11", false},
	{"echo reply", 0, 20, "0000", false},
	{"unreachable", 0, 20, "03", false},
	{"code 1", 0, 20, "0801f825", false},
	{"bad checksum", 0, 22, "f827", false},
	{"checksum 0", 0, 22, "0000", false},
	{"payload changed", 0, 32, "22", false},
	{"unchanged", 1, 0, "", true},
	{"version 7", 1, 0, "70", false},
	{"payload length past the end", 1, 4, "000e", false},
	{"payload length 65535", 1, 4, "ffff", false},
	{"payload length within the message", 1, 4, "0007", false},
	{"UDP", 1, 6, "11", false},
	{"fragment", 1, 6, "2c", false},
	{"source changed", 1, 23, "03", false},
	{"source IPv4-mapped", 1, 8, "00000000000000000000ffffc6336402", false},
	{"echo reply", 1, 40, "81002368", false},
	{"code 1", 1, 40, "80012467", false},
	{"bad checksum", 1, 42, "2469", false},
};

static void checks_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(changes); i++) {
		uint8_t bytes[LEN_MAX];
		size_t len = unit_hex(good[changes[i].family].request, bytes, sizeof(bytes));
		struct icmp_echo echo;

		unit_hex(changes[i].put, bytes + changes[i].at, len - changes[i].at);
		if (changes[i].family == 0) {
			uint16_t sum;

			memset(bytes + 10, 0, 2);
			sum = (uint16_t)~rte_raw_cksum(bytes, 20);
			memcpy(bytes + 10, &sum, sizeof(sum));
		}
		if (icmp_echo_parse(bytes, len, &echo) != changes[i].good)
			fail_msg("family %zu: %s", changes[i].family, changes[i].name);
	}
}

static void refuses_bad_ipv4_header_checksum(void **state)
{
	uint8_t bytes[LEN_MAX];
	size_t len = unit_hex(good[0].request, bytes, sizeof(bytes));
	struct icmp_echo echo;

	(void)state;
	bytes[11] ^= 1;
	assert_false(icmp_echo_parse(bytes, len, &echo));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_byte_for_byte),
		cmocka_unit_test(refuses_every_prefix_and_takes_padding),
		cmocka_unit_test(checks_headers),
		cmocka_unit_test(refuses_bad_ipv4_header_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
