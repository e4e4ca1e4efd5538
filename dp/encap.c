// SPDX-License-Identifier: BSD-3-Clause
#include "encap.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include "cksum.h"

#define TTL 64

// A whole header while it is built.
struct header {
	uint8_t byte[ENCAP_MAX];
	uint16_t len;
};

static void put(struct header *h, const void *src, uint16_t len)
{
	memcpy(h->byte + h->len, src, len);
	h->len += len;
}

static void put_ethernet(struct encap *e, struct header *h, const struct port *port, uint16_t type)
{
	struct rte_ether_hdr eth = {.src_addr = port->mac, .ether_type = rte_cpu_to_be_16(type)};
	struct rte_vlan_hdr vlan = {rte_cpu_to_be_16(port->vlan), eth.ether_type};

	if (port->vlan != 0)
		eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
	put(h, &eth, sizeof(eth));
	if (port->vlan != 0)
		put(h, &vlan, sizeof(vlan));
	e->l2_len = (uint8_t)h->len;
}

static void put_ipv4(struct encap *e, struct header *h, const struct encap_addr *addr)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_UDP,
	};

	memcpy(&ip.src_addr, addr->src.byte + 12, 4);
	memcpy(&ip.dst_addr, addr->dst.byte + 12, 4);
	put(h, &ip, sizeof(ip));
	e->l3_len = sizeof(ip);
	e->ip_sum = rte_raw_cksum(&ip, sizeof(ip));
}

static void put_ipv6(struct encap *e, struct header *h, const struct encap_addr *addr)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28),
		.proto = IPPROTO_UDP,
		.hop_limits = TTL,
	};

	memcpy(&ip.src_addr, addr->src.byte, 16);
	memcpy(&ip.dst_addr, addr->dst.byte, 16);
	put(h, &ip, sizeof(ip));
	e->l3_len = sizeof(ip);
}

void encap_init(struct encap *e, const struct port *port, uint16_t port_id, uint16_t next_hop,
		const struct encap_addr *addr)
{
	bool v4 = ip_is_v4(&addr->dst);
	size_t addr_at = v4 ? 12 : 0, addr_len = v4 ? 4 : 16;
	struct rte_udp_hdr udp = {.src_port = addr->src_port, .dst_port = addr->dst_port};
	struct header h = {0};

	memset(e, 0, sizeof(*e));
	e->port_id = port_id;
	e->next_hop = next_hop;
	put_ethernet(e, &h, port, v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	if (v4)
		put_ipv4(e, &h, addr);
	else
		put_ipv6(e, &h, addr);
	put(&h, &udp, sizeof(udp));
	memcpy(e->header + ENCAP_MAX - h.len, h.byte + RTE_ETHER_ADDR_LEN,
	       h.len - RTE_ETHER_ADDR_LEN);
	e->pseudo_sum = cksum_fold((uint64_t)rte_raw_cksum(addr->src.byte + addr_at, addr_len) +
				   rte_raw_cksum(addr->dst.byte + addr_at, addr_len) +
				   rte_cpu_to_be_16(IPPROTO_UDP));
	e->udp_sum = cksum_fold((uint64_t)e->pseudo_sum + udp.src_port + udp.dst_port);
}

static void set_ipv4(struct rte_mbuf *m, const struct encap *e, const struct port *port,
		     uint8_t *l3, uint16_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;

	ip->total_length = rte_cpu_to_be_16(e->l3_len + len);
	if (port->tx_ip_cksum)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	else
		ip->hdr_checksum = (uint16_t)~cksum_fold((uint64_t)e->ip_sum + ip->total_length);
	if (port->tx_ip_cksum || port->tx_udp_cksum)
		m->ol_flags |= RTE_MBUF_F_TX_IPV4;
}

static void set_ipv6(struct rte_mbuf *m, const struct port *port, uint8_t *l3, uint16_t len)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;

	ip->payload_len = rte_cpu_to_be_16(len);
	if (port->tx_udp_cksum)
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
}

static void set_udp(struct rte_mbuf *m, const struct encap *e, const struct port *port,
		    struct rte_udp_hdr *udp, uint16_t len)
{
	rte_be16_t be_len = rte_cpu_to_be_16(len);
	uint16_t sum;

	udp->dgram_len = be_len;
	if (port->tx_udp_cksum) {
		// The device adds UDP header and payload.
		udp->dgram_cksum = cksum_fold((uint64_t)e->pseudo_sum + be_len);
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
		return;
	}
	// The length counts in the pseudo header and in UDP's own.
	sum = (uint16_t)~cksum_fold(
		cksum_sum((const uint8_t *)(udp + 1), len - (uint32_t)sizeof(*udp)) + e->udp_sum +
		2 * (uint64_t)be_len);
	udp->dgram_cksum = sum == 0 ? 0xffff : sum; // RFC 768
}

void encap_push(struct rte_mbuf *m, const struct encap *e, const struct port *port,
		const struct rte_ether_addr *dst)
{
	uint16_t len = m->data_len + sizeof(struct rte_udp_hdr);
	uint8_t *payload = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *p = payload - encap_len(e);

	m->data_off -= encap_len(e);
	m->data_len += encap_len(e);
	m->pkt_len = m->data_len;
	m->port = e->port_id;
	m->ol_flags = 0;
	m->l2_len = e->l2_len;
	m->l3_len = e->l3_len;
	memcpy(payload - ENCAP_HEADER_LEN, e->header, ENCAP_HEADER_LEN);
	memcpy(p, dst, sizeof(*dst));
	if (e->l3_len == sizeof(struct rte_ipv4_hdr))
		set_ipv4(m, e, port, p + e->l2_len, len);
	else
		set_ipv6(m, port, p + e->l2_len, len);
	set_udp(m, e, port, (struct rte_udp_hdr *)payload - 1, len);
}
