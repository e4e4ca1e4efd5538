// SPDX-License-Identifier: BSD-3-Clause
#include "neighbours.h"

#include <errno.h>
#include <rte_cycles.h>

#include "arp.h"
#include "frame.h"
#include "ndp.h"

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

void neighbours_init(struct neighbours *n, struct rte_mempool *pool)
{
	*n = (struct neighbours){.pool = pool,
				 .ask_tsc = rte_get_tsc_hz() * NEIGHBOURS_ASK_MS / 1000};
}

int neighbours_add(struct neighbours *n, struct gen_port *port, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < n->nb; i++)
		if (n->of[i].port == port && ip_equal(&n->of[i].addr, addr))
			return i;
	if (n->nb == NEIGHBOURS_MAX)
		return -ENOSPC;
	n->of[n->nb].port = port;
	n->of[n->nb].addr = *addr;
	return n->nb++;
}

static void learn(struct neighbours *n, const struct gen_port *port, const struct ip_addr *addr,
		  const struct rte_ether_addr *mac)
{
	if (!frame_mac_is_host(mac))
		return;
	for (uint16_t i = 0; i < n->nb; i++) {
		if (n->of[i].port != port || !ip_equal(&n->of[i].addr, addr) || n->of[i].mac != 0)
			continue;
		memcpy(&n->of[i].mac, mac, sizeof(*mac));
		n->of[i].mac |= NEXT_HOP_RESOLVED;
	}
}

// Room for l3_len bytes in a new frame, or NULL.
static uint8_t *frame_start(struct neighbours *n, const struct gen_port *port,
			    const struct rte_ether_addr *dst, uint16_t type, uint16_t l3_len,
			    struct rte_mbuf **m)
{
	struct rte_ether_hdr eth = {
		.dst_addr = *dst, .src_addr = port->port.mac, .ether_type = rte_cpu_to_be_16(type)};
	char *p;

	*m = rte_pktmbuf_alloc(n->pool);
	if (*m == NULL)
		return NULL;
	p = rte_pktmbuf_append(*m, (uint16_t)sizeof(eth) + l3_len);
	memcpy(p, &eth, sizeof(eth));
	return (uint8_t *)p + sizeof(eth);
}

static void frame_put(struct gen_port *port, struct rte_mbuf *m)
{
	if (ports_send(port, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

static void send_arp(struct neighbours *n, struct gen_port *port, const struct rte_ether_addr *dst,
		     const struct arp *arp)
{
	struct rte_mbuf *m;
	uint8_t *l3 = frame_start(n, port, dst, RTE_ETHER_TYPE_ARP, ARP_LEN, &m);

	if (l3 == NULL)
		return;
	arp_write(l3, arp);
	frame_put(port, m);
}

static void send_ndp(struct neighbours *n, struct gen_port *port, const struct rte_ether_addr *dst,
		     const struct ndp *ndp)
{
	struct rte_mbuf *m;
	uint8_t *l3 = frame_start(n, port, dst, RTE_ETHER_TYPE_IPV6, NDP_LEN, &m);

	if (l3 == NULL)
		return;
	ndp_write(l3, ndp);
	frame_put(port, m);
}

static void ask(struct neighbours *n, struct gen_port *port, const struct ip_addr *addr)
{
	struct arp arp = {.op = ARP_REQUEST,
			  .sender_mac = port->port.mac,
			  .sender = port->hosts.first,
			  .target = *addr};
	struct ndp ndp = {.type = NDP_SOLICITATION,
			  .has_mac = true,
			  .mac = port->port.mac,
			  .src = port->hosts.first,
			  .target = *addr};
	struct rte_ether_addr group;

	if (ip_is_v4(addr)) {
		send_arp(n, port, &broadcast, &arp);
		return;
	}
	ndp_solicited_node(addr, &ndp.dst);
	ndp_group_mac(&ndp.dst, &group);
	send_ndp(n, port, &group, &ndp);
}

void neighbours_announce(struct neighbours *n, struct gen_port *port)
{
	const struct ip_addr *addr = &port->hosts.first;
	struct arp arp = {
		.op = ARP_REQUEST, .sender_mac = port->port.mac, .sender = *addr, .target = *addr};
	struct ndp ndp = {.type = NDP_ADVERTISEMENT,
			  .override = true,
			  .has_mac = true,
			  .mac = port->port.mac,
			  .src = *addr,
			  .target = *addr};
	struct rte_ether_addr group;

	if (ip_is_v4(addr)) {
		send_arp(n, port, &broadcast, &arp);
		return;
	}
	ndp_all_nodes(&ndp.dst);
	ndp_group_mac(&ndp.dst, &group);
	send_ndp(n, port, &group, &ndp);
}

void neighbours_tick(struct neighbours *n, uint64_t now_tsc)
{
	for (uint16_t i = 0; i < n->nb; i++) {
		if (n->of[i].mac != 0 || now_tsc - n->of[i].asked_tsc < n->ask_tsc)
			continue;
		n->of[i].asked_tsc = now_tsc;
		ask(n, n->of[i].port, &n->of[i].addr);
	}
}

static void take_arp(struct neighbours *n, struct gen_port *port, const struct frame *f)
{
	struct arp arp, reply;

	if (!arp_parse(f->l3, f->l3_len, &arp))
		return;
	learn(n, port, &arp.sender, &arp.sender_mac);
	if (arp.op != ARP_REQUEST || hosts_find(&port->hosts, &arp.target) == HOSTS_NONE)
		return;
	reply = (struct arp){.op = ARP_REPLY,
			     .sender_mac = port->port.mac,
			     .sender = arp.target,
			     .target_mac = arp.sender_mac,
			     .target = arp.sender};
	send_arp(n, port, &arp.sender_mac, &reply);
}

static void take_ndp(struct neighbours *n, struct gen_port *port, const struct frame *f)
{
	struct ndp ndp, reply;

	if (!ndp_parse(f->l3, f->l3_len, &ndp))
		return;
	if (ndp.type == NDP_ADVERTISEMENT) {
		learn(n, port, &ndp.target, ndp.has_mac ? &ndp.mac : &f->src);
		return;
	}
	if (ip_is_set(&ndp.src))
		learn(n, port, &ndp.src, ndp.has_mac ? &ndp.mac : &f->src);
	if (hosts_find(&port->hosts, &ndp.target) == HOSTS_NONE)
		return;
	reply = (struct ndp){.type = NDP_ADVERTISEMENT,
			     .solicited = ip_is_set(&ndp.src),
			     .override = true,
			     .has_mac = true,
			     .mac = port->port.mac,
			     .src = ndp.target,
			     .dst = ndp.src,
			     .target = ndp.target};
	if (!reply.solicited)
		ndp_all_nodes(&reply.dst);
	send_ndp(n, port, &f->src, &reply);
}

void neighbours_take(struct neighbours *n, struct gen_port *port, const uint8_t *frame,
		     uint32_t len)
{
	struct frame f;

	if (!frame_parse(&port->port, port->id, frame, len, &f))
		return;
	if (f.type == RTE_ETHER_TYPE_ARP)
		take_arp(n, port, &f);
	else if (f.type == RTE_ETHER_TYPE_IPV6)
		take_ndp(n, port, &f);
}
