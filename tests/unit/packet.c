// SPDX-License-Identifier: BSD-3-Clause
#include "packet.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include "ip.h"
#include "unit.h"

void packet_checksum(uint8_t *frame)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	uint8_t *l3 = frame + sizeof(*eth);

	if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
	}
}

bool packet_checksum_good(const uint8_t *frame, uint16_t len)
{
	uint8_t copy[PACKET_MAX];

	assert_true(len <= sizeof(copy));
	memcpy(copy, frame, len);
	packet_checksum(copy);
	return memcmp(copy, frame, len) == 0;
}

uint16_t packet_fragment(uint8_t *part, const uint8_t *frame, uint16_t at, uint16_t len, bool more,
			 uint16_t id)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)frame;
	uint16_t l3 = sizeof(*eth), l4;

	if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(part + l3);

		l4 = l3 + sizeof(*ip);
		memcpy(part, frame, l4);
		ip->total_length = rte_cpu_to_be_16(sizeof(*ip) + len);
		ip->packet_id = rte_cpu_to_be_16(id);
		ip->fragment_offset = rte_cpu_to_be_16((more ? RTE_IPV4_HDR_MF_FLAG : 0) | at / 8);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		memcpy(part + l4, frame + l4 + at, len);
		return l4 + len;
	}
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(part + l3);
	struct rte_ipv6_fragment_ext header = {
		.frag_data = rte_cpu_to_be_16((uint16_t)(at | more)),
		.id = rte_cpu_to_be_32(id),
	};

	l4 = l3 + sizeof(*ip);
	memcpy(part, frame, l4);
	header.next_header = ip->proto;
	ip->proto = IPPROTO_FRAGMENT;
	ip->payload_len = rte_cpu_to_be_16(sizeof(header) + len);
	memcpy(part + l4, &header, sizeof(header));
	memcpy(part + l4 + sizeof(header), frame + l4 + at, len);
	return l4 + sizeof(header) + len;
}

static uint16_t put_ip(uint8_t *p, const struct ip_addr *src, const struct ip_addr *dst,
		       uint16_t len)
{
	if (ip_is_v4(src)) {
		struct rte_ipv4_hdr ip = {.version_ihl = RTE_IPV4_VHL_DEF,
					  .total_length = rte_cpu_to_be_16(sizeof(ip) + len),
					  .time_to_live = 9,
					  .next_proto_id = IPPROTO_UDP};

		memcpy(&ip.src_addr, src->byte + 12, 4);
		memcpy(&ip.dst_addr, dst->byte + 12, 4);
		memcpy(p, &ip, sizeof(ip));
		return sizeof(ip);
	}
	struct rte_ipv6_hdr ip = {.vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28),
				  .payload_len = rte_cpu_to_be_16(len),
				  .proto = IPPROTO_UDP,
				  .hop_limits = 9};

	memcpy(&ip.src_addr, src->byte, 16);
	memcpy(&ip.dst_addr, dst->byte, 16);
	memcpy(p, &ip, sizeof(ip));
	return sizeof(ip);
}

uint16_t packet_udp(uint8_t frame[static PACKET_MAX], const struct rte_ether_addr *dst_mac,
		    const char *src, uint16_t src_port, const char *dst, uint16_t dst_port,
		    const void *payload, uint16_t len)
{
	struct rte_ether_hdr eth = {.dst_addr = *dst_mac,
				    .src_addr = {{2, 0, 0, 0, 1, 1}},
				    .ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)};
	uint16_t udp_len = sizeof(struct rte_udp_hdr) + len, at = sizeof(eth);
	struct rte_udp_hdr udp = {.src_port = rte_cpu_to_be_16(src_port),
				  .dst_port = rte_cpu_to_be_16(dst_port),
				  .dgram_len = rte_cpu_to_be_16(udp_len)};
	struct ip_addr from, to;

	assert_int_equal(ip_parse(src, &from), 0);
	assert_int_equal(ip_parse(dst, &to), 0);
	if (ip_is_v4(&from))
		eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	memcpy(frame, &eth, sizeof(eth));
	at += put_ip(frame + at, &from, &to, udp_len);
	memcpy(frame + at, &udp, sizeof(udp));
	memcpy(frame + at + sizeof(udp), payload, len);
	packet_checksum(frame);
	return at + udp_len;
}
