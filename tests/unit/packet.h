// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PACKET_H
#define DTLSGW_PACKET_H

#include <rte_ether.h>
#include <stdbool.h>
#include <stdint.h>

#define PACKET_MAX 2048 // bytes

// Writes a good Ethernet frame with one UDP datagram, addresses as text of one family.  Returns
// its length in bytes.
uint16_t packet_udp(uint8_t frame[static PACKET_MAX], const struct rte_ether_addr *dst_mac,
		    const char *src, uint16_t src_port, const char *dst, uint16_t dst_port,
		    const void *payload, uint16_t len);

// Writes the IP fragment with bytes at..at + len of the payload of the IP datagram in frame (made
// by packet_udp(), larger than PACKET_MAX if its buffer is).  Returns the length of part.
uint16_t packet_fragment(uint8_t *part, const uint8_t *frame, uint16_t at, uint16_t len, bool more,
			 uint16_t id);

// Sets the IPv4 header's and the UDP checksum of a frame that packet_udp() made and a test changed.
void packet_checksum(uint8_t *frame);

// Whether both are right in a frame of len bytes without VLAN tag.
bool packet_checksum_good(const uint8_t *frame, uint16_t len);

#endif
