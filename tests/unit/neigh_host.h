// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_NEIGH_HOST_H
#define DTLSGW_UNIT_NEIGH_HOST_H

// What the tests of neigh share: a host outside that asks and answers.
#include "neigh.h"

#include "arp.h"
#include "frame.h"
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

static inline int set_up(void **state)
{
	(void)state;
	link_start(&l);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	link_stop(&l);
	return 0;
}

static inline struct rte_ether_addr mac_of(const char *hex)
{
	struct rte_ether_addr mac;

	unit_hex(hex, mac.addr_bytes, sizeof(mac.addr_bytes));
	return mac;
}

static inline void put(uint16_t port_id, const char *mac, uint16_t type, uint8_t *l3,
		       uint16_t l3_len)
{
	struct rte_ether_addr src = mac_of(mac);
	uint8_t *p;
	struct rte_mbuf *m = frame_make(&l.dp, port_id, &l.dp.port[port_id].mac, type, l3_len, &p);

	assert_non_null(m);
	memcpy(p, l3, l3_len);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, 6), &src, sizeof(src));
	neigh_frame(&l.cp, m);
}

static inline void put_arp(uint16_t port_id, uint16_t op, const char *sender, const char *mac,
			   const char *target)
{
	struct arp arp = {.op = op, .sender_mac = mac_of(mac)};
	uint8_t bytes[ARP_LEN];

	ip_parse(sender, &arp.sender);
	ip_parse(target, &arp.target);
	arp_write(bytes, &arp);
	put(port_id, mac, RTE_ETHER_TYPE_ARP, bytes, sizeof(bytes));
}

static inline void put_advertisement(const char *target, const char *mac, bool solicited,
				     bool override)
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

static inline void answer(const char *mac)
{
	put_arp(LINK_OUTSIDE, ARP_REPLY, HOST, mac, GATEWAY);
}

// An entry for HOST in state REACHABLE, referenced once.
static inline uint16_t reachable(void)
{
	uint16_t hop = link_route(&l, HOST, true);

	answer(MAC);
	assert_int_equal(link_flush(&l), 1);
	assert_string_equal(link_mac(&l, hop), MAC);
	return hop;
}

// Lets time pass until a frame is sent, at most max_ms.  Returns the time in milliseconds, and the
// frame's destination as hexadecimal digits.
static inline uint32_t wait_question(uint32_t max_ms, char dst[static 13])
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

static inline void expect_payload(const char *mac, uint8_t payload)
{
	uint8_t bytes[LINK_FRAME_MAX];
	struct rte_ether_addr want = mac_of(mac);
	size_t len = link_take(&l, LINK_OUTSIDE, bytes);

	assert_true(len > 0);
	assert_memory_equal(bytes, &want, sizeof(want));
	assert_int_equal(bytes[len - 1], payload);
}

#endif
