// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PLAIN_H
#define DTLSGW_PLAIN_H

#include <endian.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <smmintrin.h>

#include "cksum.h"
#include "classify.h"
#include "dtls.h"

// Recognises in few steps what nearly all frames are: a good UDP datagram in one piece, without
// options, to an address of the port.  What it does not take, classify_frame() has to look at.

// Index of addr among the port's addresses, or their number.
static inline uint16_t plain_local(const struct port *port, const struct ip_addr *addr)
{
	uint16_t i = 0;

	while (i < port->config->addr_nb && !ip_equal(addr, &port->config->addr[i].addr))
		i++;
	return i;
}

// addr: four bytes as on the wire.
static inline bool plain_unicast_v4(const uint8_t *addr)
{
	return addr[0] != 0 && addr[0] < 224 && addr[0] != 127;
}

static inline bool plain_unicast_v6(const struct ip_addr *addr)
{
	return addr->byte[0] != 0xff && ip_is_set(addr);
}

// True if a datagram's authenticity rests on a record's tag and not on its checksum.
static inline bool plain_protected(const struct port *port, const uint8_t *payload, uint32_t len)
{
	return port->outside && len >= DTLS_RECORD_HEADER_LEN && (payload[3] | payload[4]) != 0 &&
	       payload[0] >= DTLS_FIRST_BYTE_MIN && payload[0] <= DTLS_FIRST_BYTE_MAX;
}

// What the device says, or the software finds.  ip is an IPv4 header without options.
static inline bool plain_ipv4_checksum_good(const struct rte_ipv4_hdr *ip, uint64_t ol_flags)
{
	uint64_t state = ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint8_t *p = (const uint8_t *)ip;
	uint32_t last;

	if (state != RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN)
		return state != RTE_MBUF_F_RX_IP_CKSUM_BAD;
	memcpy(&last, p + 16, sizeof(last));
	return cksum_fold(cksum_word(p) + cksum_word(p + 8) + last) == 0xffff;
}

// The same of a datagram with udp_len bytes of UDP header and payload at udp.  addr_len bytes of
// addresses stand in front of udp.
static inline bool plain_udp_checksum_good(const struct port *port, const struct rte_udp_hdr *udp,
					   uint32_t udp_len, uint32_t addr_len, uint64_t ol_flags)
{
	uint64_t state = ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t sum;

	if (udp->dgram_cksum == 0)
		return addr_len == 8; // RFC 768, RFC 8200 section 8.1
	if (state == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	// NONE: not filled in on the way here, but known to be intact.
	if (state != RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN ||
	    plain_protected(port, (const uint8_t *)(udp + 1), udp_len - (uint32_t)sizeof(*udp)))
		return true;
	sum = cksum_sum((const uint8_t *)udp - addr_len, addr_len + udp_len);
	return cksum_fold(sum + htobe16(IPPROTO_UDP) + htobe16((uint16_t)udp_len)) == 0xffff;
}

static inline bool plain_matches(const struct port_match *match, const uint8_t *frame)
{
	const __m128i *mask = (const __m128i *)match->mask, *value = (const __m128i *)match->value;
	__m128i front = _mm_loadu_si128((const __m128i *)frame);
	__m128i back = _mm_loadu_si128((const __m128i *)frame + 1);
	__m128i differs = _mm_or_si128(_mm_and_si128(_mm_xor_si128(front, value[0]), mask[0]),
				       _mm_and_si128(_mm_xor_si128(back, value[1]), mask[1]));

	return _mm_testz_si128(differs, differs) != 0;
}

// What a device says of a datagram in which it has checked everything.
#define PLAIN_CHECKED (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)

static inline bool plain_checked(uint64_t ol_flags)
{
	return (ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)) ==
	       PLAIN_CHECKED;
}

// Ports and lengths of the datagram at udp, which has l4_len bytes.
static inline bool plain_udp(const struct rte_udp_hdr *udp, uint32_t l4_len, struct datagram *dg)
{
	uint32_t ports;

	memcpy(&ports, &udp->src_port, sizeof(ports));
	memcpy(&dg->flow.remote_port, &ports, sizeof(ports));
	dg->payload_len = (uint16_t)(l4_len - sizeof(*udp));
	return be16toh(udp->dgram_len) == l4_len && (uint16_t)ports != 0;
}
_Static_assert(offsetof(struct flow_key, local_port) ==
		       offsetof(struct flow_key, remote_port) + sizeof(rte_be16_t),
	       "ports as in a UDP header");
_Static_assert(offsetof(struct flow_key, zero) ==
		       offsetof(struct flow_key, port_id) + sizeof(uint16_t),
	       "written as one word");

// ip_from_v4() in two instructions.
static inline void plain_mapped(struct ip_addr *a, rte_be32_t v4)
{
	const __m128i mapped = _mm_set_epi32(0, (int)0xffff0000, 0, 0);

	_mm_storeu_si128((__m128i *)a, _mm_insert_epi32(mapped, (int)v4, 3));
}

static inline bool plain_ipv4(const struct port *port, const uint8_t *frame, uint32_t len,
			      uint64_t ol_flags, struct datagram *dg)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + port->l2_len);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	uint32_t total = be16toh(ip->total_length);
	uint32_t l4_len = total - (uint32_t)sizeof(*ip);
	const uint32_t l2_len = port->l2_len;
	uint32_t i = 0;

	while (i < port->ipv4_nb && port->ipv4_addr[i].addr != ip->dst_addr)
		i++;
	if (unlikely(i == port->ipv4_nb))
		return false;
	dg->local = port->ipv4_addr[i].local;
	plain_mapped(&dg->flow.remote, ip->src_addr);
	plain_mapped(&dg->flow.local, ip->dst_addr);
	dg->payload_at = (uint16_t)(l2_len + sizeof(*ip) + sizeof(*udp));
	return total + l2_len <= len && total >= sizeof(*ip) + sizeof(*udp) &&
	       plain_unicast_v4((const uint8_t *)&ip->src_addr) && plain_udp(udp, l4_len, dg) &&
	       (plain_checked(ol_flags) ||
		(plain_ipv4_checksum_good(ip, ol_flags) &&
		 plain_udp_checksum_good(port, udp, l4_len, 8, ol_flags)));
}

static inline bool plain_ipv6(const struct port *port, const uint8_t *frame, uint32_t len,
			      uint64_t ol_flags, struct datagram *dg)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(frame + port->l2_len);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	uint32_t l4_len = be16toh(ip->payload_len);

	if (l4_len + sizeof(*ip) + port->l2_len > len || l4_len < sizeof(*udp))
		return false;
	ip_from_v6(&dg->flow.remote, &ip->src_addr);
	ip_from_v6(&dg->flow.local, &ip->dst_addr);
	dg->local = plain_local(port, &dg->flow.local);
	dg->payload_at = (uint16_t)(port->l2_len + sizeof(*ip) + sizeof(*udp));
	return dg->local < port->config->addr_nb && plain_unicast_v6(&dg->flow.remote) &&
	       !ip_is_v4(&dg->flow.remote) && !ip_is_v4(&dg->flow.local) &&
	       plain_udp(udp, l4_len, dg) && udp->dgram_cksum != 0 &&
	       (plain_checked(ol_flags) ||
		plain_udp_checksum_good(port, udp, l4_len, 32, ol_flags));
}

// True, with *dg filled as for CLASSIFY_UDP, if the frame is such a datagram.  Arguments as of
// classify_frame().
static inline bool plain_datagram(const struct port *port, uint16_t port_id, const uint8_t *frame,
				  uint32_t len, uint64_t ol_flags, struct datagram *dg)
{
	const uint32_t port_and_zero = port_id;

	if (unlikely(len < PORT_MATCH_LEN + sizeof(struct rte_udp_hdr)))
		return false;
	memcpy(&dg->flow.port_id, &port_and_zero, sizeof(port_and_zero));
	if (likely(plain_matches(&port->ipv4, frame)))
		return plain_ipv4(port, frame, len, ol_flags, dg);
	return plain_matches(&port->ipv6, frame) && plain_ipv6(port, frame, len, ol_flags, dg);
}

#endif
