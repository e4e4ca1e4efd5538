// SPDX-License-Identifier: BSD-3-Clause
#include "route.h"

#include <errno.h>

#include "unit.h"

// Ethdev ports 3 (outside), 5 and 9 (inside).
static struct config config = {
	.port_nb = 3,
	.port = {{.role = CONFIG_OUTSIDE}, {.role = CONFIG_INSIDE}, {.role = CONFIG_INSIDE}},
	.listener_nb = 1,
	.listener = {{.addr_nb = 1}},
};
static struct dp dp = {.config = &config, .port_id = {3, 5, 9}};

static void add(uint16_t port, const char *addr, uint8_t prefix_len)
{
	struct config_addr *a = &config.port[port].addr[config.port[port].addr_nb++];

	assert_int_equal(ip_parse(addr, &a->addr), 0);
	a->prefix_len = prefix_len;
}

static int set_up(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < config.port_nb; i++) {
		dp.port[dp.port_id[i]] = (struct port){
			.config = &config.port[i],
			.index = i,
			.outside = config.port[i].role == CONFIG_OUTSIDE,
			.mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}},
		};
	}
	add(0, "198.51.100.1", 24);
	add(0, "203.0.113.1", 31);
	add(0, "2001:db8:1::1", 64);
	add(1, "10.128.0.1", 16);
	add(1, "10.0.0.1", 8);
	add(1, "2001:db8:2::1", 64);
	add(2, "11.0.0.1", 7);
	add(2, "10.1.0.1", 16);
	add(2, "10.2.0.1", 30);
	ip_parse("198.51.100.254", &config.port[0].gateway_v4);
	ip_parse("fe80::254", &config.port[0].gateway_v6);
	ip_parse("10.2.0.2", &config.port[2].gateway_v4);
	ip_parse("198.51.100.9", &config.listener[0].addr[0]);
	return 0;
}

static const struct {
	const char *dst;
	bool outside;
	uint16_t port_id; // 0: no way
	const char *hop, *src;
} routes[] = {
	{"198.51.100.2", true, 3, "198.51.100.2", "198.51.100.1"},
	{"203.0.113.0", true, 3, "203.0.113.0", "203.0.113.1"}, // RFC 3021
	{"192.0.2.7", true, 3, "198.51.100.254", "198.51.100.1"},
	{"10.0.0.2", true, 3, "198.51.100.254", "198.51.100.1"},
	{"2001:db8:1::2", true, 3, "2001:db8:1::2", "2001:db8:1::1"},
	{"2001:db8:9::2", true, 3, "fe80::254", "2001:db8:1::1"},
	{"2001:db8:2::2", true, 3, "fe80::254", "2001:db8:1::1"},
	{"198.51.100.1", true, 0, NULL, NULL},	 // the gateway's own
	{"10.1.0.1", true, 0, NULL, NULL},	 // own, on another port
	{"198.51.100.9", true, 0, NULL, NULL},	 // a listener's
	{"198.51.100.0", true, 0, NULL, NULL},	 // the subnet
	{"198.51.100.255", true, 0, NULL, NULL}, // its broadcast address
	{"255.255.255.255", true, 0, NULL, NULL},
	{"224.0.0.1", true, 0, NULL, NULL},
	{"127.0.0.1", true, 0, NULL, NULL},
	{"0.0.0.0", true, 0, NULL, NULL},
	{"::", true, 0, NULL, NULL},
	{"::1", true, 0, NULL, NULL},
	{"ff02::1", true, 0, NULL, NULL},
	{"fe80::2", true, 0, NULL, NULL},
	{"10.0.0.2", false, 5, "10.0.0.2", "10.0.0.1"},
	{"10.1.0.2", false, 9, "10.1.0.2", "10.1.0.1"}, // the longest prefix
	{"10.128.0.2", false, 5, "10.128.0.2", "10.128.0.1"},
	{"11.0.0.2", false, 9, "11.0.0.2", "11.0.0.1"},
	{"10.2.0.2", false, 9, "10.2.0.2", "10.2.0.1"},
	{"10.2.0.4", false, 5, "10.2.0.4", "10.0.0.1"},
	{"10.2.0.3", false, 0, NULL, NULL}, // broadcast address of the /30
	{"192.0.2.7", false, 9, "10.2.0.2", "10.2.0.1"},
	{"198.51.100.2", false, 9, "10.2.0.2", "10.2.0.1"},
	{"2001:db8:2::2", false, 5, "2001:db8:2::2", "2001:db8:2::1"},
	{"2001:db8:9::2", false, 0, NULL, NULL}, // no gateway
};

static void finds_the_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(routes); i++) {
		struct ip_addr dst, hop_addr, src;
		struct route_hop hop;
		int rc;

		assert_int_equal(ip_parse(routes[i].dst, &dst), 0);
		rc = route_find(&dp, &dst, routes[i].outside, &hop);
		if (rc != (routes[i].port_id != 0 ? 0 : -ENETUNREACH))
			fail_msg("%s: %d", routes[i].dst, rc);
		if (rc != 0)
			continue;
		ip_parse(routes[i].hop, &hop_addr);
		ip_parse(routes[i].src, &src);
		unit_check(i, hop.port_id == routes[i].port_id);
		unit_check(i, ip_equal(&hop.hop, &hop_addr));
		unit_check(i, ip_equal(&hop.src, &src));
	}
}

static const struct {
	const char *addr;
	bool neighbour; // of port 3
	const char *src;
} hosts[] = {
	{"198.51.100.2", true, "198.51.100.1"},
	{"198.51.100.255", false, "198.51.100.1"},
	{"198.51.101.2", false, "198.51.100.1"},
	{"203.0.113.0", true, "203.0.113.1"},
	{"198.51.100.9", false, "198.51.100.1"},
	{"2001:db8:1::2", true, "2001:db8:1::1"},
	{"2001:db8:2::2", false, "2001:db8:1::1"},
	{"fe80::2", true, "fe80::ff:fe00:1"},
	{"fe80::ff:fe00:1", false, "fe80::ff:fe00:1"},
	{"fe80::ff:fe00:2", false, "fe80::ff:fe00:1"},
	{"ff02::1", false, "2001:db8:1::1"},
};

static void knows_neighbours_and_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(hosts); i++) {
		struct ip_addr addr, want, src;

		ip_parse(hosts[i].addr, &addr);
		ip_parse(hosts[i].src, &want);
		unit_check(i, route_is_neighbour(&dp, &dp.port[3], &addr) == hosts[i].neighbour);
		unit_check(i, route_src(&dp.port[3], &addr, &src) && ip_equal(&src, &want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_way),
		cmocka_unit_test(knows_neighbours_and_sources),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
