// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ICMP_H
#define DTLSGW_ICMP_H

#include <stddef.h>

#include "ip.h"

// An echo request (RFC 792; RFC 4443 section 4.1).
struct icmp_echo {
	struct ip_addr src;
	struct ip_addr dst;
	uint16_t len; // bytes of the IP datagram; of the reply as well
};

// Reads an IPv4 or IPv6 datagram at ip; bytes behind it are padding.  False unless it is a whole
// echo request without IP options or extension headers, no fragment, no IPv4-mapped
// address, with good checksums.
bool icmp_echo_parse(const uint8_t *ip, size_t len, struct icmp_echo *echo);

// Turns the datagram that icmp_echo_parse() read into its reply, in place.
void icmp_echo_reply(uint8_t *ip, const struct icmp_echo *echo);

// ICMPv6 checksum field over pseudo header and message (RFC 8200 section 8.1); 0 for a message
// whose own checksum is good, and what to put where that field is 0.
uint16_t icmpv6_checksum(const struct ip_addr *src, const struct ip_addr *dst, const uint8_t *msg,
			 uint16_t len);

#endif
