// SPDX-License-Identifier: BSD-3-Clause
#include "classify.h"

#include "plain.h"

#define ARP_LEN	     28
#define NDP_TYPE_MIN 133 // RFC 4861 section 4
#define NDP_TYPE_MAX 137

// The frame as it is taken apart.
struct frame {
	const struct port *port;
	const uint8_t *start; // of the frame
	const uint8_t *l3;
	uint32_t left;	   // bytes from l3 on
	uint32_t addr_len; // of both IP addresses
	uint64_t ol_flags;
	struct datagram *dg;
};

static enum classify drop(struct frame *f, enum drop reason)
{
	f->dg->reason = reason;
	return CLASSIFY_DROP;
}

// Solicited-node group (RFC 4291 section 2.7.1): ff02::1:ffXX:XXXX, and all nodes ff02::1.
static bool is_ndp_group(const struct ip_addr *addr)
{
	static const uint8_t solicited[13] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 0x01};

	return memcmp(addr->byte, solicited, sizeof(solicited)) == 0 ||
	       memcmp(addr->byte, all_nodes, sizeof(all_nodes)) == 0;
}

static bool is_link_local(const struct ip_addr *addr)
{
	return addr->byte[0] == 0xfe && (addr->byte[1] & 0xc0) == 0x80;
}

static enum classify classify_udp(struct frame *f, const uint8_t *l4, uint32_t left)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)l4;
	struct datagram *dg = f->dg;
	uint16_t len;

	if (left < sizeof(*udp))
		return drop(f, DROP_UDP_HEADER);
	len = rte_be_to_cpu_16(udp->dgram_len);
	if (len < sizeof(*udp) || len > left)
		return drop(f, DROP_UDP_HEADER);
	dg->flow.remote_port = udp->src_port;
	dg->flow.local_port = udp->dst_port;
	dg->payload_at = (uint16_t)(l4 + sizeof(*udp) - f->start);
	dg->payload_len = len - sizeof(*udp);
	if (udp->src_port == 0)
		return drop(f, DROP_UDP_HEADER);
	if (!plain_udp_checksum_good(f->port, udp, len, f->addr_len, f->ol_flags))
		return drop(f, DROP_UDP_CHECKSUM);
	return CLASSIFY_UDP;
}

// Fragments of the datagram at l3, which has len bytes, of which part_len are this fragment's.
// offset: as in the header, in units of 8 bytes.
static enum classify classify_fragment(struct frame *f, uint16_t len, uint32_t part_len,
				       uint16_t offset, bool more)
{
	struct datagram *dg = f->dg;
	uint32_t end = offset * 8u + part_len;

	// The end must lie where a length field can say so.
	if (!f->port->outside || part_len == 0 || (more && part_len % 8 != 0) || end > UINT16_MAX)
		return drop(f, DROP_IP_FRAGMENT);
	dg->flow.remote_port = dg->flow.local_port = 0;
	dg->payload_at = (uint16_t)(f->l3 - f->start);
	dg->payload_len = len;
	dg->fragment_end = end;
	dg->fragment_whole = offset == 0 && !more;
	return CLASSIFY_FRAGMENT;
}

static enum classify classify_ipv4(struct frame *f)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)f->l3;
	struct flow_key *flow = &f->dg->flow;
	uint16_t total, fragment;

	if (f->left < sizeof(*ip) || ip->version_ihl >> 4 != 4 || (ip->version_ihl & 0xf) < 5)
		return drop(f, DROP_IP_HEADER);
	total = rte_be_to_cpu_16(ip->total_length);
	if (total < sizeof(*ip) || total > f->left)
		return drop(f, DROP_IP_HEADER);
	if (ip->version_ihl != RTE_IPV4_VHL_DEF)
		return drop(f, DROP_IP_OPTIONS);
	if (!plain_ipv4_checksum_good(ip, f->ol_flags))
		return drop(f, DROP_IP_CHECKSUM);
	fragment = rte_be_to_cpu_16(ip->fragment_offset);
	ip_from_v4(&flow->remote, &ip->src_addr);
	ip_from_v4(&flow->local, &ip->dst_addr);
	f->dg->local = plain_local(f->port, &flow->local);
	if (!plain_unicast_v4((const uint8_t *)&ip->src_addr) ||
	    f->dg->local == f->port->config->addr_nb)
		return drop(f, DROP_IP_ADDRESS);
	if ((fragment & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0) {
		if (ip->next_proto_id != IPPROTO_UDP)
			return drop(f, DROP_IP_FRAGMENT);
		return classify_fragment(f, total, total - sizeof(*ip),
					 fragment & RTE_IPV4_HDR_OFFSET_MASK,
					 (fragment & RTE_IPV4_HDR_MF_FLAG) != 0);
	}
	if (ip->next_proto_id == IPPROTO_ICMP)
		return CLASSIFY_ECHO;
	if (ip->next_proto_id != IPPROTO_UDP)
		return drop(f, DROP_IP_PROTOCOL);
	f->addr_len = 2 * sizeof(ip->src_addr);
	return classify_udp(f, f->l3 + sizeof(*ip), total - sizeof(*ip));
}

// NDP comes from the link itself, which the hop limit proves (RFC 4861 section 7.1).
static bool is_ndp(const struct frame *f, uint16_t len)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)f->l3;
	uint8_t type = len > 0 ? f->l3[sizeof(*ip)] : 0;

	return ip->hop_limits == 255 && type >= NDP_TYPE_MIN && type <= NDP_TYPE_MAX;
}

static bool is_ipv6_extension(uint8_t next_header)
{
	return next_header == IPPROTO_HOPOPTS || next_header == IPPROTO_ROUTING ||
	       next_header == IPPROTO_DSTOPTS || next_header == IPPROTO_AH;
}

// len: bytes behind the IPv6 header (RFC 8200 section 4.5).
static enum classify classify_ipv6_fragment(struct frame *f, uint16_t len)
{
	const struct rte_ipv6_fragment_ext *header =
		(const struct rte_ipv6_fragment_ext *)(f->l3 + sizeof(struct rte_ipv6_hdr));
	uint16_t word;

	if (len < sizeof(*header) || header->next_header != IPPROTO_UDP)
		return drop(f, DROP_IP_FRAGMENT);
	word = rte_be_to_cpu_16(header->frag_data);
	return classify_fragment(f, sizeof(struct rte_ipv6_hdr) + len, len - sizeof(*header),
				 word >> 3, (word & 1) != 0);
}

static enum classify classify_ipv6(struct frame *f)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)f->l3;
	struct flow_key *flow = &f->dg->flow;
	uint16_t len;
	bool local;

	if (f->left < sizeof(*ip) || f->l3[0] >> 4 != 6)
		return drop(f, DROP_IP_HEADER);
	len = rte_be_to_cpu_16(ip->payload_len);
	if (len > f->left - sizeof(*ip))
		return drop(f, DROP_IP_HEADER);
	if (is_ipv6_extension(ip->proto))
		return drop(f, DROP_IP_OPTIONS);
	ip_from_v6(&flow->remote, &ip->src_addr);
	ip_from_v6(&flow->local, &ip->dst_addr);
	// Mapped addresses are ours, for IPv4, and never on a wire (RFC 4038 section 4.2).
	if (ip_is_v4(&flow->remote) || ip_is_v4(&flow->local))
		return drop(f, DROP_IP_ADDRESS);
	f->dg->local = plain_local(f->port, &flow->local);
	local = f->dg->local < f->port->config->addr_nb;
	// A host that looks for a duplicate of its own address asks from :: (RFC 4862 5.4.2).
	if (ip->proto == IPPROTO_ICMPV6 &&
	    (local || is_ndp_group(&flow->local) || is_link_local(&flow->local)))
		return is_ndp(f, len) ? CLASSIFY_NEIGHBOUR : CLASSIFY_ECHO;
	if (!local || !plain_unicast_v6(&flow->remote))
		return drop(f, DROP_IP_ADDRESS);
	if (ip->proto == IPPROTO_FRAGMENT)
		return classify_ipv6_fragment(f, len);
	if (ip->proto != IPPROTO_UDP)
		return drop(f, DROP_IP_PROTOCOL);
	f->addr_len = 2 * sizeof(ip->src_addr);
	return classify_udp(f, f->l3 + sizeof(*ip), len);
}

// Byte at is value, where mask has bits.
static void match_byte(struct port_match *match, size_t at, uint8_t value, uint8_t mask)
{
	match->value[at] = value;
	match->mask[at] = mask;
}

static void match_type(struct port_match *match, size_t at, uint16_t type)
{
	match_byte(match, at, (uint8_t)(type >> 8), 0xff);
	match_byte(match, at + 1, (uint8_t)type, 0xff);
}

// Addresses, tag and EtherType.  Returns their bytes.
static uint8_t match_ethernet(struct port_match *match, const struct port *port, uint16_t type)
{
	size_t at = 2 * RTE_ETHER_ADDR_LEN;

	for (size_t i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		match_byte(match, i, port->mac.addr_bytes[i], 0xff);
	match_byte(match, RTE_ETHER_ADDR_LEN, 0, RTE_ETHER_GROUP_ADDR);
	if (port->vlan != 0) {
		match_type(match, at, RTE_ETHER_TYPE_VLAN);
		match_byte(match, at + 2, (uint8_t)(port->vlan >> 8), 0x0f);
		match_byte(match, at + 3, (uint8_t)port->vlan, 0xff);
		at += sizeof(struct rte_vlan_hdr);
	}
	match_type(match, at, type);
	return (uint8_t)(at + sizeof(type));
}

void classify_init(struct port *port)
{
	memset(&port->ipv4, 0, sizeof(port->ipv4));
	memset(&port->ipv6, 0, sizeof(port->ipv6));
	port->l2_len = match_ethernet(&port->ipv4, port, RTE_ETHER_TYPE_IPV4);
	match_byte(&port->ipv4, port->l2_len, RTE_IPV4_VHL_DEF, 0xff);
	match_byte(&port->ipv4, port->l2_len + 6, 0, 0x3f); // more fragments, offset
	match_byte(&port->ipv4, port->l2_len + 7, 0, 0xff);
	match_byte(&port->ipv4, port->l2_len + 9, IPPROTO_UDP, 0xff);
	match_ethernet(&port->ipv6, port, RTE_ETHER_TYPE_IPV6);
	match_byte(&port->ipv6, port->l2_len, 6 << 4, 0xf0);
	match_byte(&port->ipv6, port->l2_len + 6, IPPROTO_UDP, 0xff);
	port->ipv4_nb = 0;
	for (uint16_t i = 0; i < port->config->addr_nb; i++) {
		const struct ip_addr *addr = &port->config->addr[i].addr;

		if (!ip_is_v4(addr))
			continue;
		memcpy(&port->ipv4_addr[port->ipv4_nb].addr, addr->byte + 12, 4);
		port->ipv4_addr[port->ipv4_nb++].local = i;
	}
}

static bool is_for_port(const struct port *port, const struct rte_ether_addr *dst)
{
	return rte_is_same_ether_addr(dst, &port->mac) || rte_is_multicast_ether_addr(dst);
}

enum classify classify_frame(const struct port *port, uint16_t port_id, const uint8_t *frame,
			     uint32_t len, uint64_t ol_flags, struct datagram *dg)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)frame;
	struct frame f = {.port = port, .start = frame, .ol_flags = ol_flags, .dg = dg};
	uint32_t l2_len = sizeof(*eth);
	rte_be16_t type;
	uint16_t vlan = 0;

	dg->flow.port_id = port_id;
	dg->flow.zero = 0;
	if (len < sizeof(*eth))
		return drop(&f, DROP_ETH_TRUNCATED);
	if (!is_for_port(port, &eth->dst_addr) || rte_is_multicast_ether_addr(&eth->src_addr))
		return drop(&f, DROP_ETH_ADDRESS);
	type = eth->ether_type;
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
		const struct rte_vlan_hdr *tag = (const struct rte_vlan_hdr *)(eth + 1);

		l2_len += sizeof(*tag);
		if (len < l2_len)
			return drop(&f, DROP_ETH_TRUNCATED);
		vlan = rte_be_to_cpu_16(tag->vlan_tci) & 0xfff;
		type = tag->eth_proto;
	}
	if (vlan != port->vlan)
		return drop(&f, DROP_VLAN);
	f.l3 = frame + l2_len;
	f.left = len - l2_len;
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return classify_ipv4(&f);
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
		return classify_ipv6(&f);
	if (type != rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP))
		return drop(&f, DROP_ETH_TYPE);
	return f.left < ARP_LEN ? drop(&f, DROP_ARP) : CLASSIFY_NEIGHBOUR;
}
