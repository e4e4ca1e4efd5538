// SPDX-License-Identifier: BSD-3-Clause
#include "frame.h"

#include "unit.h"

#define LEN_MAX 64

static const struct {
	const char *name;
	uint16_t vlan; // of the port
	const char *hex;
	uint16_t type; // 0: refused
	uint16_t l3_len;
} rows[] = {
	{"unicast", 0, "0200000000010a0000000009080045", 0x0800, 1},
	{"broadcast", 0, "ffffffffffff0a00000000090806aabb", 0x0806, 2},
	{"group", 0, "3333ff0000010a000000000986dd", 0x86dd, 0},
	{"tagged", 7, "0200000000010a00000000098100000786dd60", 0x86dd, 1},
	{"tagged, with a priority", 7, "0200000000010a00000000098100e00786dd60", 0x86dd, 1},
	{"priority tag on an untagged port", 0, "0200000000010a00000000098100e000080045", 0x0800,
	 1},
	{"tagged on an untagged port", 0, "0200000000010a00000000098100000786dd60", 0, 0},
	{"untagged on a tagged port", 7, "0200000000010a0000000009080045", 0, 0},
	{"other tag", 7, "0200000000010a00000000098100000886dd60", 0, 0},
	{"another host's", 0, "0200000000020a0000000009080045", 0, 0},
	{"from a group", 0, "020000000001010000000009080045", 0, 0},
	{"from the broadcast address", 0, "020000000001ffffffffffff080045", 0, 0},
	{"from no address", 0, "020000000001000000000000080045", 0, 0},
	{"from the port itself", 0, "ffffffffffff020000000001080045", 0, 0},
};

static void reads_ethernet(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct port port = {.mac = {{2, 0, 0, 0, 0, 1}}, .vlan = rows[i].vlan};
		uint8_t bytes[LEN_MAX];
		size_t len = unit_hex(rows[i].hex, bytes, sizeof(bytes));
		struct frame f;
		bool good = frame_parse(&port, 3, bytes, len, &f);

		if (good != (rows[i].type != 0))
			fail_msg("%s", rows[i].name);
		if (!good)
			continue;
		assert_int_equal(f.type, rows[i].type);
		assert_int_equal(f.l3_len, rows[i].l3_len);
		assert_ptr_equal(f.l3 + f.l3_len, bytes + len);
		assert_int_equal(f.port_id, 3);
		assert_memory_equal(&f.dst, bytes, 6);
		assert_memory_equal(&f.src, bytes + 6, 6);
	}
}

static void refuses_every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct port port = {.mac = {{2, 0, 0, 0, 0, 1}}, .vlan = rows[i].vlan};
		uint8_t bytes[LEN_MAX];
		size_t full = unit_hex(rows[i].hex, bytes, sizeof(bytes));

		for (size_t len = 0; rows[i].type != 0 && len < full - rows[i].l3_len; len++) {
			uint8_t *cut = malloc(len + !len);
			struct frame f;

			memcpy(cut, bytes, len);
			unit_check(i, !frame_parse(&port, 3, cut, len, &f));
			free(cut);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ethernet),
		cmocka_unit_test(refuses_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
