// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ARP_H
#define DTLSGW_ARP_H

#include <rte_ether.h>
#include <stddef.h>

#include "ip.h"

#define ARP_LEN 28 // bytes of ARP for Ethernet and IPv4

enum arp_op { ARP_REQUEST = 1, ARP_REPLY = 2 };

// RFC 826, for Ethernet and IPv4.
struct arp {
	uint16_t op; // enum arp_op
	struct rte_ether_addr sender_mac;
	struct rte_ether_addr target_mac;
	struct ip_addr sender;
	struct ip_addr target;
};

// Reads a message at p; bytes behind it are padding.  False unless it is a whole request or reply
// for Ethernet and IPv4.
bool arp_parse(const uint8_t *p, size_t len, struct arp *arp);

void arp_write(uint8_t p[static ARP_LEN], const struct arp *arp);

#endif
