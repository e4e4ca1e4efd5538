// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_MATCH_H
#define GEN_MATCH_H

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "ip.h"

// A UDP datagram in a received frame.
struct match {
	struct ip_addr src;
	struct ip_addr dst;
	rte_be16_t src_port;
	rte_be16_t dst_port;
	uint16_t payload_at; // bytes from the frame's start
	uint16_t payload_len;
};

// Reads the UDP header at l4, of l4_len bytes in all.
static inline bool match_udp(const uint8_t *frame, uint16_t l4_at, uint32_t l4_len,
			     struct match *match)
{
	struct rte_udp_hdr udp;

	if (l4_len < sizeof(udp))
		return false;
	memcpy(&udp, frame + l4_at, sizeof(udp));
	match->src_port = udp.src_port;
	match->dst_port = udp.dst_port;
	match->payload_at = (uint16_t)(l4_at + sizeof(udp));
	match->payload_len = (uint16_t)(l4_len - sizeof(udp));
	return rte_be_to_cpu_16(udp.dgram_len) == l4_len;
}

static inline bool match_ipv4(const uint8_t *frame, uint32_t len, struct match *match)
{
	const uint16_t l4_at = RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr);
	struct rte_ipv4_hdr ip;
	uint32_t total;

	if (len < l4_at)
		return false;
	memcpy(&ip, frame + RTE_ETHER_HDR_LEN, sizeof(ip));
	total = rte_be_to_cpu_16(ip.total_length);
	if (ip.version_ihl != RTE_IPV4_VHL_DEF || ip.next_proto_id != IPPROTO_UDP ||
	    (ip.fragment_offset & ~rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0 ||
	    total + RTE_ETHER_HDR_LEN > len || total < sizeof(ip))
		return false;
	ip_from_v4(&match->src, &ip.src_addr);
	ip_from_v4(&match->dst, &ip.dst_addr);
	return match_udp(frame, l4_at, total - (uint32_t)sizeof(ip), match);
}

static inline bool match_ipv6(const uint8_t *frame, uint32_t len, struct match *match)
{
	const uint16_t l4_at = RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv6_hdr);
	struct rte_ipv6_hdr ip;
	uint32_t payload_len;

	if (len < l4_at)
		return false;
	memcpy(&ip, frame + RTE_ETHER_HDR_LEN, sizeof(ip));
	payload_len = rte_be_to_cpu_16(ip.payload_len);
	if (frame[RTE_ETHER_HDR_LEN] >> 4 != 6 || ip.proto != IPPROTO_UDP ||
	    payload_len + l4_at > len)
		return false;
	ip_from_v6(&match->src, &ip.src_addr);
	ip_from_v6(&match->dst, &ip.dst_addr);
	return match_udp(frame, l4_at, payload_len, match);
}

// True, with *match filled, if the len bytes at frame are a whole UDP datagram in one piece,
// without a tag or IP options, to this MAC address.  Checksums are not looked at.
static inline bool match_frame(const struct rte_ether_addr *mac, const uint8_t *frame, uint32_t len,
			       struct match *match)
{
	uint16_t type;

	if (len < RTE_ETHER_HDR_LEN || memcmp(frame, mac, RTE_ETHER_ADDR_LEN) != 0)
		return false;
	type = (uint16_t)(frame[12] << 8 | frame[13]);
	if (type == RTE_ETHER_TYPE_IPV4)
		return match_ipv4(frame, len, match);
	return type == RTE_ETHER_TYPE_IPV6 && match_ipv6(frame, len, match);
}

#endif
