// SPDX-License-Identifier: BSD-3-Clause
#include "ndp.h"

#include "icmp.h"
#include "wire.h"

#define IPV6_LEN       40
#define HOP_LIMIT      255
#define MAC_OPTION_LEN 8
#define SOURCE_MAC     1
#define TARGET_MAC     2
#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE  0x20

// The datagram that ndp_write() makes.
struct message {
	uint8_t version;
	uint8_t class_flow[3];
	uint8_t payload_len[2];
	uint8_t next_header;
	uint8_t hop_limit;
	struct ip_addr src;
	struct ip_addr dst;
	uint8_t type;
	uint8_t code;
	uint8_t checksum[2];
	uint8_t flags;
	uint8_t reserved[3];
	struct ip_addr target;
	uint8_t option_type;
	uint8_t option_len;
	struct rte_ether_addr mac;
};
_Static_assert(sizeof(struct message) == NDP_LEN, "as on the wire");

static uint8_t mac_option(uint8_t type)
{
	return type == NDP_SOLICITATION ? SOURCE_MAC : TARGET_MAC;
}

static bool parse_options(struct wire_reader *r, struct ndp *ndp)
{
	while (wire_left(r) > 0) {
		uint8_t type = wire_u8(r);
		size_t len = wire_u8(r) * (size_t)8;
		const uint8_t *value;

		if (len == 0)
			return false;
		value = wire_bytes(r, len - 2);
		if (value == NULL)
			return false;
		if (type != mac_option(ndp->type) || ndp->has_mac)
			continue;
		if (len != MAC_OPTION_LEN)
			return false;
		ndp->has_mac = true;
		memcpy(&ndp->mac, value, sizeof(ndp->mac));
	}
	return true;
}

// What depends on the type: RFC 4861 sections 7.1.1 and 7.1.2.
static bool is_valid(const struct ndp *ndp)
{
	struct ip_addr group;

	if (ndp->type == NDP_ADVERTISEMENT)
		return ndp->dst.byte[0] != 0xff || !ndp->solicited;
	ndp_solicited_node(&ndp->target, &group);
	return ip_is_set(&ndp->src) || (!ndp->has_mac && ip_equal(&ndp->dst, &group));
}

static bool parse_message(const uint8_t *msg, uint16_t len, struct ndp *ndp)
{
	struct wire_reader r = wire_reader(msg, len);
	const uint8_t *target;
	uint8_t code, flags;

	ndp->type = wire_u8(&r);
	code = wire_u8(&r);
	wire_bytes(&r, 2);
	flags = wire_u8(&r);
	wire_bytes(&r, 3);
	target = wire_bytes(&r, 16);
	if (target == NULL || target[0] == 0xff || code != 0 ||
	    (ndp->type != NDP_SOLICITATION && ndp->type != NDP_ADVERTISEMENT))
		return false;
	ip_from_v6(&ndp->target, target);
	if (ip_is_v4(&ndp->target))
		return false;
	ndp->solicited = ndp->type == NDP_ADVERTISEMENT && (flags & FLAG_SOLICITED) != 0;
	ndp->override = ndp->type == NDP_ADVERTISEMENT && (flags & FLAG_OVERRIDE) != 0;
	return parse_options(&r, ndp) && is_valid(ndp);
}

bool ndp_parse(const uint8_t *ip, size_t len, struct ndp *ndp)
{
	struct wire_reader r = wire_reader(ip, len);
	uint32_t version = (uint32_t)wire_uint(&r, 4) >> 28;
	uint16_t payload_len = wire_u16(&r);
	uint8_t next_header = wire_u8(&r), hop_limit = wire_u8(&r);
	const uint8_t *src = wire_bytes(&r, 16), *dst = wire_bytes(&r, 16);
	const uint8_t *msg = wire_bytes(&r, payload_len);

	if (msg == NULL || version != 6 || next_header != IPPROTO_ICMPV6 || hop_limit != HOP_LIMIT)
		return false;
	memset(ndp, 0, sizeof(*ndp));
	ip_from_v6(&ndp->src, src);
	ip_from_v6(&ndp->dst, dst);
	if (ndp->src.byte[0] == 0xff || ip_is_v4(&ndp->src) || ip_is_v4(&ndp->dst))
		return false;
	return parse_message(msg, payload_len, ndp) &&
	       icmpv6_checksum(&ndp->src, &ndp->dst, msg, payload_len) == 0;
}

void ndp_write(uint8_t ip[static NDP_LEN], const struct ndp *ndp)
{
	struct message m = {
		.version = 6 << 4,
		.payload_len = {0, NDP_LEN - IPV6_LEN},
		.next_header = IPPROTO_ICMPV6,
		.hop_limit = HOP_LIMIT,
		.src = ndp->src,
		.dst = ndp->dst,
		.type = ndp->type,
		.flags =
			(ndp->solicited ? FLAG_SOLICITED : 0) | (ndp->override ? FLAG_OVERRIDE : 0),
		.target = ndp->target,
		.option_type = mac_option(ndp->type),
		.option_len = MAC_OPTION_LEN / 8,
		.mac = ndp->mac,
	};
	uint16_t sum =
		icmpv6_checksum(&m.src, &m.dst, (const uint8_t *)&m + IPV6_LEN, NDP_LEN - IPV6_LEN);

	memcpy(m.checksum, &sum, sizeof(sum));
	memcpy(ip, &m, sizeof(m));
}

void ndp_link_local(const struct rte_ether_addr *mac, struct ip_addr *addr)
{
	const uint8_t *m = mac->addr_bytes;

	*addr = (struct ip_addr){
		{0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}};
}

void ndp_solicited_node(const struct ip_addr *target, struct ip_addr *group)
{
	const uint8_t *t = target->byte;

	*group = (struct ip_addr){{0xff, 0x02, [11] = 1, [12] = 0xff, t[13], t[14], t[15]}};
}

void ndp_all_nodes(struct ip_addr *group)
{
	*group = (struct ip_addr){{0xff, 0x02, [15] = 1}};
}

void ndp_group_mac(const struct ip_addr *group, struct rte_ether_addr *mac)
{
	const uint8_t *g = group->byte;

	*mac = (struct rte_ether_addr){{0x33, 0x33, g[12], g[13], g[14], g[15]}};
}
