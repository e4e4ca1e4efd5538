// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NDP_H
#define DTLSGW_NDP_H

#include <rte_ether.h>
#include <stddef.h>

#include "ip.h"

#define NDP_LEN (40 + 24 + 8) // bytes of the IPv6 datagrams that ndp_write() makes

enum ndp_type { NDP_SOLICITATION = 135, NDP_ADVERTISEMENT = 136 };

// A neighbour solicitation or advertisement (RFC 4861 sections 4.3 and 4.4).
struct ndp {
	uint8_t type;	// enum ndp_type
	bool solicited; // advertisement: answers a solicitation
	bool override;	// advertisement: may change a known MAC address
	bool has_mac;	// mac is the link-layer address option
	struct rte_ether_addr mac;
	struct ip_addr src;
	struct ip_addr dst;
	struct ip_addr target;
};

// Reads an IPv6 datagram at ip; bytes behind it are padding.  False unless it is valid by RFC 4861
// section 7.1: hop limit 255, good checksum, code 0, no option of length 0, target no group,
// no IPv4-mapped address.
bool ndp_parse(const uint8_t *ip, size_t len, struct ndp *ndp);

// Writes the IPv6 datagram; has_mac must be set.
void ndp_write(uint8_t ip[static NDP_LEN], const struct ndp *ndp);

// The port's link-local address (RFC 4291 section 2.5.6 and appendix A).
void ndp_link_local(const struct rte_ether_addr *mac, struct ip_addr *addr);

// The group in which target is asked for (RFC 4291 section 2.7.1); all nodes; a group's MAC
// address (RFC 2464 section 7).
void ndp_solicited_node(const struct ip_addr *target, struct ip_addr *group);
void ndp_all_nodes(struct ip_addr *group);
void ndp_group_mac(const struct ip_addr *group, struct rte_ether_addr *mac);

#endif
