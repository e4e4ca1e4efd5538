// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ENCAP_H
#define DTLSGW_ENCAP_H

#include <endian.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <stdint.h>

#include "cksum.h"
#include "ip.h"
#include "port.h"

#define ENCAP_MAX	 (14 + 4 + 40 + 8) // Ethernet, VLAN, IPv6, UDP
#define ENCAP_HEADER_LEN (ENCAP_MAX - 6)

// All headers in front of a UDP payload on the way to one peer.  Built once by cp, const after;
// per packet only lengths, checksums and the destination MAC change.  The header ends the array, so
// that one copy of constant length puts any of them in front of a payload.
struct encap {
	uint8_t port_id;      // ethdev port to send on
	uint8_t len;	      // bytes of all headers
	uint16_t next_hop;    // index in struct next_hops
	uint16_t payload_max; // bytes of UDP payload that fit the port's MTU
	uint16_t l2_l3_len;   // as in an mbuf's tx_offload: l3_len (20, 40) behind 7 bits of l2_len
	uint16_t ip_sum;      // ones' complement sum of the IPv4 header with total length 0
	// The same of the pseudo header with length 0 and, if software makes the checksum, of the
	// ports.
	uint16_t udp_sum;
	uint8_t header[ENCAP_HEADER_LEN]; // at its end; without the destination MAC
};
_Static_assert(sizeof(struct encap) == 72, "ends a cache line of a session half");
_Static_assert(RTE_MAX_ETHPORTS <= UINT8_MAX + 1, "port_id");

struct encap_addr {
	struct ip_addr src;
	struct ip_addr dst;
	rte_be16_t src_port;
	rte_be16_t dst_port;
};

// src and dst are of the same family.  TTL or hop limit 64, DF set, DSCP 0.  port with its MAC
// address, MTU, tag and flags.
void encap_init(struct encap *e, const struct port *port, uint16_t port_id, uint16_t next_hop,
		const struct encap_addr *addr);

static inline uint16_t encap_l2_len(const struct encap *e)
{
	return e->l2_l3_len & ((1 << RTE_MBUF_L2_LEN_BITS) - 1);
}

static inline uint16_t encap_l3_len(const struct encap *e)
{
	return e->l2_l3_len >> RTE_MBUF_L2_LEN_BITS;
}

static inline uint16_t encap_len(const struct encap *e)
{
	return e->len;
}

// Completes the IP header in front of udp.  Returns what the device shall fill in.
static inline uint64_t encap_set_ip(struct rte_udp_hdr *udp, const struct encap *e,
				    const struct port *port, uint16_t udp_len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)udp - 1;
	rte_be16_t total;

	if (encap_l3_len(e) != sizeof(*ip)) {
		((struct rte_ipv6_hdr *)udp - 1)->payload_len = htobe16(udp_len);
		return port->tx_ipv6_flags;
	}
	total = htobe16(sizeof(*ip) + udp_len);
	ip->total_length = total;
	if ((port->tx_ipv4_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0)
		ip->hdr_checksum = (uint16_t)~cksum_fold((uint64_t)e->ip_sum + total);
	return port->tx_ipv4_flags;
}

// udp->dgram_cksum; a device adds UDP header and payload.
static inline uint16_t encap_udp_cksum(const struct rte_udp_hdr *udp, const struct encap *e,
				       uint16_t udp_len, uint64_t flags)
{
	rte_be16_t len = htobe16(udp_len);
	uint16_t sum;

	if ((flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM)
		return cksum_fold((uint64_t)e->udp_sum + len);
	// The length counts in the pseudo header and in UDP's own.
	sum = (uint16_t)~cksum_fold(
		cksum_sum((const uint8_t *)(udp + 1), udp_len - (uint32_t)sizeof(*udp)) +
		e->udp_sum + 2 * (uint64_t)len);
	return sum == 0 ? 0xffff : sum; // RFC 768
}

// Puts the headers in front of m, whose data is the UDP payload (one segment, headroom of at
// least ENCAP_MAX), and sets lengths, checksums (the port's offloads or software) and m->port.
// dst: the MAC address in bytes 0..5.
static inline void encap_push(struct rte_mbuf *m, const struct encap *e, const struct port *port,
			      uint64_t dst)
{
	uint8_t *payload = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)payload - 1;
	uint16_t len = encap_len(e), payload_len = m->data_len;
	uint16_t udp_len = payload_len + (uint16_t)sizeof(*udp);
	uint64_t flags;

	m->data_off -= len;
	m->data_len = len + payload_len;
	m->pkt_len = m->data_len;
	m->port = e->port_id;
	m->tx_offload = e->l2_l3_len;
	memcpy(payload - ENCAP_HEADER_LEN, e->header, ENCAP_HEADER_LEN);
	memcpy(payload - len, &dst, RTE_ETHER_ADDR_LEN);
	flags = encap_set_ip(udp, e, port, udp_len);
	m->ol_flags = flags;
	udp->dgram_len = htobe16(udp_len);
	udp->dgram_cksum = encap_udp_cksum(udp, e, udp_len, flags);
}

#endif
