// SPDX-License-Identifier: BSD-3-Clause
#include "arp.h"

#include "unit.h"

static const char request[] = "0001080006040001"
			      "0a0000000009c6336402"
			      "000000000000c6336401";

static void reads_and_writes_every_field(void **state)
{
	static const struct rte_ether_addr mac = {{0x0a, 0, 0, 0, 0, 9}}, none;
	struct ip_addr sender, target;
	uint8_t bytes[ARP_LEN], written[ARP_LEN];
	struct arp arp;

	(void)state;
	unit_hex(request, bytes, sizeof(bytes));
	ip_parse("198.51.100.2", &sender);
	ip_parse("198.51.100.1", &target);
	assert_true(arp_parse(bytes, sizeof(bytes), &arp));
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_memory_equal(&arp.sender_mac, &mac, sizeof(mac));
	assert_memory_equal(&arp.target_mac, &none, sizeof(none));
	assert_memory_equal(&arp.sender, &sender, sizeof(sender));
	assert_memory_equal(&arp.target, &target, sizeof(target));
	arp_write(written, &arp);
	assert_memory_equal(written, bytes, sizeof(bytes));
}

static void refuses_every_prefix_and_takes_padding(void **state)
{
	struct arp arp;

	(void)state;
	for (size_t len = 0; len <= ARP_LEN + 18; len++) {
		uint8_t *bytes = calloc(1, len > ARP_LEN ? len : ARP_LEN),
			*cut = malloc(len + !len);

		unit_hex(request, bytes, ARP_LEN);
		memcpy(cut, bytes, len);
		unit_check(len, arp_parse(cut, len, &arp) == (len >= ARP_LEN));
		unit_check(len, arp_parse(bytes, len, &arp) == (len >= ARP_LEN));
		free(cut);
		free(bytes);
	}
}

static void refuses_other_headers(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {
		{0, 1},	 {1, 6}, {2, 0x86}, {3, 6}, {4, 5}, {4, 255},
		{5, 16}, {5, 0}, {6, 1},    {7, 0}, {7, 3}, {7, 9},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		uint8_t bytes[ARP_LEN];
		struct arp arp;

		unit_hex(request, bytes, sizeof(bytes));
		bytes[rows[i].at] = rows[i].value;
		unit_check(i, !arp_parse(bytes, sizeof(bytes), &arp));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_every_field),
		cmocka_unit_test(refuses_every_prefix_and_takes_padding),
		cmocka_unit_test(refuses_other_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
