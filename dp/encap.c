// SPDX-License-Identifier: BSD-3-Clause
#include "encap.h"

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
	e->l2_l3_len = h->len;
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
	e->l2_l3_len |= sizeof(ip) << RTE_MBUF_L2_LEN_BITS;
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
	e->l2_l3_len |= sizeof(ip) << RTE_MBUF_L2_LEN_BITS;
}

void encap_init(struct encap *e, const struct port *port, uint16_t port_id, uint16_t next_hop,
		const struct encap_addr *addr)
{
	bool v4 = ip_is_v4(&addr->dst);
	size_t addr_at = v4 ? 12 : 0, addr_len = v4 ? 4 : 16;
	struct rte_udp_hdr udp = {.src_port = addr->src_port, .dst_port = addr->dst_port};
	struct header h = {0};
	uint64_t sum;
	uint16_t len;

	memset(e, 0, sizeof(*e));
	e->port_id = (uint8_t)port_id;
	e->next_hop = next_hop;
	put_ethernet(e, &h, port, v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	if (v4)
		put_ipv4(e, &h, addr);
	else
		put_ipv6(e, &h, addr);
	put(&h, &udp, sizeof(udp));
	memcpy(e->header + (ENCAP_MAX - h.len), h.byte + RTE_ETHER_ADDR_LEN,
	       h.len - RTE_ETHER_ADDR_LEN);
	sum = (uint64_t)rte_raw_cksum(addr->src.byte + addr_at, addr_len) +
	      rte_raw_cksum(addr->dst.byte + addr_at, addr_len) + rte_cpu_to_be_16(IPPROTO_UDP);
	if (((v4 ? port->tx_ipv4_flags : port->tx_ipv6_flags) & RTE_MBUF_F_TX_L4_MASK) == 0)
		sum += (uint64_t)udp.src_port + udp.dst_port;
	e->udp_sum = cksum_fold(sum);
	e->len = (uint8_t)h.len;
	len = h.len - encap_l2_len(e);
	e->payload_max = port->mtu > len ? port->mtu - len : 0;
}
