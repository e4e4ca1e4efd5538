// SPDX-License-Identifier: BSD-3-Clause
#include "ip.h"

#include <errno.h>

#include "unit.h"

static void parses_and_formats(void **state)
{
	static const struct {
		const char *in;
		const char *out; // NULL: refused
		bool v4;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"0.0.0.0", "0.0.0.0", true},
		{"255.255.255.255", "255.255.255.255", true},
		{"2001:db8::1", "2001:db8::1", false},
		{"2001:0DB8:0:0:0:0:0:1", "2001:db8::1", false},
		{"::", "::", false},
		{"fe80::1", "fe80::1", false},
		{"", NULL, false},
		{"192.0.2", NULL, false},
		{"192.0.2.256", NULL, false},
		{"192.0.2.1 ", NULL, false},
		{"192.0.2.1/24", NULL, false},
		{"192.0.2.1:53", NULL, false},
		{"[2001:db8::1]", NULL, false},
		{"2001:db8::1%eth0", NULL, false},
		{"2001:db8", NULL, false},
		{"::ffff:192.0.2.1", NULL, false}, // an IPv4 address in disguise
		{"localhost", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		char text[IP_TEXT_LEN];
		struct ip_addr a = {{7}};

		unit_check(i, ip_parse(rows[i].in, &a) == (rows[i].out != NULL ? 0 : -EINVAL));
		if (rows[i].out == NULL) {
			unit_check(i, a.byte[0] == 7); // untouched
			continue;
		}
		unit_check(i, ip_is_v4(&a) == rows[i].v4);
		unit_check(i, ip_format(&a, text) == text);
		assert_string_equal(text, rows[i].out);
	}
}

static void formats_with_port(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		const char *out;
	} rows[] = {
		{"192.0.2.1", 53, "192.0.2.1:53"},
		{"255.255.255.255", 65535, "255.255.255.255:65535"},
		{"2001:db8::1", 0, "[2001:db8::1]:0"},
		{"2001:db8:1111:2222:3333:4444:5555:6666", 65535,
		 "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		char text[IP_PORT_TEXT_LEN];
		struct ip_addr a;

		unit_check(i, ip_parse(rows[i].addr, &a) == 0);
		unit_check(i, ip_port_format(&a, htons(rows[i].port), text) == text);
		assert_string_equal(text, rows[i].out);
	}
}

static void prefixes(void **state)
{
	static const struct {
		const char *addr, *net;
		uint8_t prefix_len;
		bool in;
	} rows[] = {
		{"192.0.2.1", "192.0.2.0", 24, true},
		{"192.0.3.1", "192.0.2.0", 24, false},
		{"192.0.3.1", "192.0.2.0", 23, true},
		{"192.0.2.1", "192.0.2.200", 24, true}, // host bits of net do not count
		{"192.0.2.1", "192.0.2.1", 32, true},
		{"192.0.2.0", "192.0.2.1", 32, false},
		{"192.0.2.0", "192.0.2.1", 31, true},
		{"127.255.255.255", "128.0.0.0", 1, false},
		{"203.0.113.1", "0.0.0.0", 0, true},
		{"192.0.2.1", "192.0.2.0", 33, false}, // no such prefix
		{"2001:db8::1", "2001:db8::", 32, true},
		{"2001:db9::1", "2001:db8::", 32, false},
		{"2001:db9::1", "2001:db8::", 31, true},
		{"2001:db8::1", "2001:db8::1", 128, true},
		{"2001:db8::1", "2001:db8::2", 128, false},
		{"2001:db8::3", "2001:db8::2", 127, true},
		{"2001:db8::1", "::", 0, true},
		{"2001:db8::1", "2001:db8::1", 129, false},
		{"192.0.2.1", "::", 0, false}, // the other family
		{"2001:db8::1", "0.0.0.0", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct ip_addr a, net;

		unit_check(i, ip_parse(rows[i].addr, &a) == 0 && ip_parse(rows[i].net, &net) == 0);
		unit_check(i, ip_in_prefix(&a, &net, rows[i].prefix_len) == rows[i].in);
	}
}

static void set_and_equal(void **state)
{
	const struct ip_addr none = {0};
	struct ip_addr a, b;

	(void)state;
	ip_from_v4(&a, "\xc0\x00\x02\x01");
	assert_int_equal(ip_parse("192.0.2.1", &b), 0);
	assert_true(ip_equal(&a, &b));
	assert_true(ip_is_set(&a));
	assert_false(ip_is_set(&none));
	for (size_t i = 0; i < sizeof(b.byte); i++) {
		b = a;
		b.byte[i] ^= 1;
		assert_false(ip_equal(&a, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_formats),
		cmocka_unit_test(formats_with_port),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(set_and_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
