// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ENCAP_H
#define DTLSGW_ENCAP_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "ip.h"
#include "port.h"

#define ENCAP_MAX	 (14 + 4 + 40 + 8) // Ethernet, VLAN, IPv6, UDP
#define ENCAP_HEADER_LEN (ENCAP_MAX - 6)

// All headers in front of a UDP payload on the way to one peer.  Built once by cp, const after;
// per packet only lengths, checksums and the destination MAC change.  The header ends the array, so
// that one copy of constant length puts any of them in front of a payload.
struct encap {
	uint16_t port_id;    // ethdev port to send on
	uint16_t next_hop;   // index in struct next_hops
	uint8_t l2_len;	     // 14 or 18
	uint8_t l3_len;	     // 20 or 40
	uint16_t ip_sum;     // ones' complement sum of the IPv4 header with total length 0
	uint16_t udp_sum;    // the same of pseudo and UDP header with lengths 0
	uint16_t pseudo_sum; // the same of the pseudo header alone
	uint8_t header[ENCAP_HEADER_LEN]; // at its end; without the destination MAC
};
_Static_assert(sizeof(struct encap) == 72, "ends a cache line of a session half");

struct encap_addr {
	struct ip_addr src;
	struct ip_addr dst;
	rte_be16_t src_port;
	rte_be16_t dst_port;
};

// src and dst are of the same family.  TTL or hop limit 64, DF set, DSCP 0.
void encap_init(struct encap *e, const struct port *port, uint16_t port_id, uint16_t next_hop,
		const struct encap_addr *addr);

static inline uint16_t encap_len(const struct encap *e)
{
	return e->l2_len + e->l3_len + 8;
}

// Puts the headers in front of m, whose data is the UDP payload (one segment, headroom of at
// least ENCAP_MAX), and sets lengths, checksums (the port's offloads or software) and m->port.
void encap_push(struct rte_mbuf *m, const struct encap *e, const struct port *port,
		const struct rte_ether_addr *dst);

#endif
