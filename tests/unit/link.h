// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LINK_H
#define DTLSGW_LINK_H

#include "cp.h"

// The control plane's neighbours on the links of two ports: frames go in by neigh_frame(), what is
// sent comes off the lcores' rings, time passes as the test says.  EAL is started once a process.
//
//   outside  port 3, 02:00:00:00:00:01, sent by lcore 0, untagged
//            198.51.100.1/24 2001:db8:1::1/64, gateways 198.51.100.254 and fe80::254
//   inside   port 5, 02:00:00:00:00:02, sent by lcore 1, VLAN 7
//            192.0.2.1/24 2001:db8:2::1/64, backend 192.0.2.2
#define LINK_OUTSIDE	3
#define LINK_INSIDE	5
#define LINK_NEIGHBOURS 8
#define LINK_RING_SIZE	32
#define LINK_FRAME_MAX	2048

struct link {
	struct config config;
	struct dp dp;
	struct cp cp;
	uint64_t now_tsc;
};

// link_stop() fails the test if an mbuf is missing, or a frame was sent that it has not taken.
void link_start(struct link *l);
void link_stop(struct link *l);

// A host sends the frame, given as hexadecimal digits, or as bytes.
void link_put(struct link *l, uint16_t port_id, const char *hex);
void link_put_bytes(struct link *l, uint16_t port_id, const void *bytes, size_t len);

// Takes the next frame sent on the port, and returns its length; 0: none.
size_t link_take(struct link *l, uint16_t port_id, uint8_t bytes[static LINK_FRAME_MAX]);

// Takes the next frame sent on the port, which must be this one.
void link_expect(struct link *l, uint16_t port_id, const char *hex);

// Nothing was sent on either port.
void link_expect_silence(struct link *l);

// Drops what was sent.  Returns how many frames.
unsigned int link_flush(struct link *l);

// Lets time pass in ticks.
void link_pass(struct link *l, uint32_t ms);

// The MAC address dp sees for a next hop, as hexadecimal digits; "" if there is none.
const char *link_mac(struct link *l, uint16_t next_hop);

// A UDP payload of one byte to a host behind next_hop, sent by neigh_send() on the lcore that sends
// for the port.
void link_send(struct link *l, uint16_t port_id, uint16_t next_hop, const char *src,
	       const char *dst, uint8_t payload);

// neigh_route() to addr, which must succeed; returns the next hop.
uint16_t link_route(struct link *l, const char *addr, bool outside);

#endif
