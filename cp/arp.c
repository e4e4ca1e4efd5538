// SPDX-License-Identifier: BSD-3-Clause
#include "arp.h"

#include <rte_arp.h>
#include <rte_byteorder.h>

#include "wire.h"

_Static_assert(sizeof(struct rte_arp_hdr) == ARP_LEN, "as on the wire");

static void read_pair(struct wire_reader *r, struct rte_ether_addr *mac, struct ip_addr *addr)
{
	const uint8_t *p = wire_bytes(r, RTE_ETHER_ADDR_LEN + 4);

	if (p == NULL)
		return;
	memcpy(mac, p, RTE_ETHER_ADDR_LEN);
	ip_from_v4(addr, p + RTE_ETHER_ADDR_LEN);
}

bool arp_parse(const uint8_t *p, size_t len, struct arp *arp)
{
	struct wire_reader r = wire_reader(p, len);
	uint16_t hardware = wire_u16(&r), protocol = wire_u16(&r);
	uint8_t hardware_len = wire_u8(&r), protocol_len = wire_u8(&r);

	arp->op = wire_u16(&r);
	read_pair(&r, &arp->sender_mac, &arp->sender);
	read_pair(&r, &arp->target_mac, &arp->target);
	return !r.failed && hardware == RTE_ARP_HRD_ETHER && protocol == RTE_ETHER_TYPE_IPV4 &&
	       hardware_len == RTE_ETHER_ADDR_LEN && protocol_len == 4 &&
	       (arp->op == ARP_REQUEST || arp->op == ARP_REPLY);
}

void arp_write(uint8_t p[static ARP_LEN], const struct arp *arp)
{
	struct rte_arp_hdr header = {
		.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(arp->op),
		.arp_data.arp_sha = arp->sender_mac,
		.arp_data.arp_tha = arp->target_mac,
	};

	memcpy(&header.arp_data.arp_sip, arp->sender.byte + 12, 4);
	memcpy(&header.arp_data.arp_tip, arp->target.byte + 12, 4);
	memcpy(p, &header, sizeof(header));
}
