// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ROUTE_H
#define DTLSGW_ROUTE_H

#include "dp.h"

// Where a destination is reached.
struct route_hop {
	uint16_t port_id;   // ethdev port
	struct ip_addr hop; // the neighbour: the destination itself, or a gateway
	struct ip_addr src; // the port's address to send from
};

// Chooses a port of the role: the one with the longest connected prefix that holds dst, else the
// first one with a gateway of dst's family.  -ENETUNREACH if there is none, and for what is no
// host's address, for link-local addresses and for the gateway's own.
int route_find(const struct dp *dp, const struct ip_addr *dst, bool outside, struct route_hop *hop);

// True if addr can be one host's address: no group, no broadcast, neither loopback nor unset.
bool route_is_host(const struct ip_addr *addr);

// True if addr names its IPv4 subnet, or all the subnet's hosts (RFC 1122 section 3.2.1.3).
bool route_is_subnet(const struct ip_addr *addr, uint8_t prefix_len);

bool route_is_link_local(const struct ip_addr *addr); // IPv6 only

// True if addr is one of the port's, its IPv6 link-local address included.
bool route_is_own(const struct port *port, const struct ip_addr *addr);

// True if addr can be another host's on the port's link.
bool route_is_neighbour(const struct dp *dp, const struct port *port, const struct ip_addr *addr);

// The port's address towards a host on its link: that of the same subnet, else the first of the
// family, link-local to link-local.  False if it has none of the family.
bool route_src(const struct port *port, const struct ip_addr *hop, struct ip_addr *src);

#endif
