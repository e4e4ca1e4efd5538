// SPDX-License-Identifier: BSD-3-Clause
#include "neigh_frame.h"

#include "arp.h"
#include "frame.h"
#include "icmp.h"
#include "ndp.h"
#include "neigh.h"
#include "route.h"

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static struct rte_mbuf *make(struct cp *cp, uint16_t port_id, const struct rte_ether_addr *dst,
			     uint16_t type, uint16_t l3_len, uint8_t **l3)
{
	struct rte_mbuf *m = frame_make(cp->dp, port_id, dst, type, l3_len, l3);

	if (m == NULL)
		neigh_stats(cp)->no_mbuf++;
	return m;
}

// Sends, and counts in *sent, or that the ring was full.
static void put(struct cp *cp, struct rte_mbuf *m, uint64_t *sent)
{
	if (frame_send(cp->dp, cp->dp->port[m->port].tx_lcore[0], m))
		(*sent)++;
	else
		neigh_stats(cp)->ring_full++;
}

static void send_arp(struct cp *cp, uint16_t port_id, const struct rte_ether_addr *dst,
		     const struct arp *arp, uint64_t *sent)
{
	uint8_t *l3;
	struct rte_mbuf *m = make(cp, port_id, dst, RTE_ETHER_TYPE_ARP, ARP_LEN, &l3);

	if (m == NULL)
		return;
	arp_write(l3, arp);
	put(cp, m, sent);
}

static void send_ndp(struct cp *cp, uint16_t port_id, const struct rte_ether_addr *dst,
		     const struct ndp *ndp, uint64_t *sent)
{
	uint8_t *l3;
	struct rte_mbuf *m = make(cp, port_id, dst, RTE_ETHER_TYPE_IPV6, NDP_LEN, &l3);

	if (m == NULL)
		return;
	ndp_write(l3, ndp);
	put(cp, m, sent);
}

static void ask_arp(struct cp *cp, uint16_t port_id, const struct ip_addr *addr,
		    const struct rte_ether_addr *mac)
{
	const struct port *port = &cp->dp->port[port_id];
	struct arp arp = {.op = ARP_REQUEST, .sender_mac = port->mac, .target = *addr};

	if (route_src(port, addr, &arp.sender))
		send_arp(cp, port_id, mac != NULL ? mac : &broadcast, &arp,
			 &neigh_stats(cp)->asked);
}

static void ask_ndp(struct cp *cp, uint16_t port_id, const struct ip_addr *addr,
		    const struct rte_ether_addr *mac)
{
	const struct port *port = &cp->dp->port[port_id];
	struct ndp ndp = {.type = NDP_SOLICITATION, .has_mac = true, .mac = port->mac};
	struct rte_ether_addr group_mac;

	ndp.target = *addr;
	ndp.dst = *addr;
	if (!route_src(port, addr, &ndp.src))
		ndp_link_local(&port->mac, &ndp.src);
	if (mac == NULL) {
		ndp_solicited_node(addr, &ndp.dst);
		ndp_group_mac(&ndp.dst, &group_mac);
		mac = &group_mac;
	}
	send_ndp(cp, port_id, mac, &ndp, &neigh_stats(cp)->asked);
}

void neigh_frame_ask(struct cp *cp, uint16_t port_id, const struct ip_addr *addr,
		     const struct rte_ether_addr *mac)
{
	if (ip_is_v4(addr))
		ask_arp(cp, port_id, addr, mac);
	else
		ask_ndp(cp, port_id, addr, mac);
}

// The advertisement that port has target, without a destination.
static struct ndp advertisement(const struct port *port, const struct ip_addr *target)
{
	return (struct ndp){
		.type = NDP_ADVERTISEMENT,
		.override = true,
		.has_mac = true,
		.mac = port->mac,
		.src = *target,
		.target = *target,
	};
}

static void advertise_to_all(struct cp *cp, uint16_t port_id, const struct ip_addr *target,
			     uint64_t *sent)
{
	struct ndp ndp = advertisement(&cp->dp->port[port_id], target);
	struct rte_ether_addr mac;

	ndp_all_nodes(&ndp.dst);
	ndp_group_mac(&ndp.dst, &mac);
	send_ndp(cp, port_id, &mac, &ndp, sent);
}

static void announce(struct cp *cp, uint16_t port_id, const struct ip_addr *addr)
{
	struct arp arp = {.op = ARP_REQUEST, .sender = *addr, .target = *addr};

	arp.sender_mac = cp->dp->port[port_id].mac;
	if (ip_is_v4(addr))
		send_arp(cp, port_id, &broadcast, &arp, &neigh_stats(cp)->announced);
	else
		advertise_to_all(cp, port_id, addr, &neigh_stats(cp)->announced);
}

void neigh_frame_announce(struct cp *cp)
{
	for (uint16_t i = 0; i < cp->config->port_nb; i++) {
		for (uint16_t k = 0; k < cp->config->port[i].addr_nb; k++)
			announce(cp, cp->dp->port_id[i], &cp->config->port[i].addr[k].addr);
	}
}

static void refuse(struct cp *cp)
{
	neigh_stats(cp)->refused++;
}

// A frame from another host that takes addr for its own.
static void duplicate(struct cp *cp, const struct frame *f, const struct ip_addr *addr,
		      const struct rte_ether_addr *mac)
{
	char text[IP_TEXT_LEN];

	neigh_stats(cp)->duplicate++;
	LOG_LIMITED(WARNING, "neigh: address %s of port %s is also used by " RTE_ETHER_ADDR_PRT_FMT,
		    ip_format(addr, text), f->port->config->name, RTE_ETHER_ADDR_BYTES(mac));
}

static bool is_other_host(const struct port *port, const struct rte_ether_addr *mac)
{
	return frame_mac_is_host(mac) && !rte_is_same_ether_addr(mac, &port->mac);
}

static void answer_arp(struct cp *cp, const struct frame *f, const struct arp *request)
{
	struct arp reply = {
		.op = ARP_REPLY,
		.sender_mac = f->port->mac,
		.sender = request->target,
		.target_mac = request->sender_mac,
		.target = request->sender,
	};

	send_arp(cp, f->port_id, &request->sender_mac, &reply, &neigh_stats(cp)->answered);
}

static void handle_arp(struct cp *cp, const struct frame *f)
{
	static const struct ip_addr any = {{[10] = 0xff, [11] = 0xff}};
	struct arp arp;
	bool to_us, probe;

	if (!arp_parse(f->l3, f->l3_len, &arp) || !is_other_host(f->port, &arp.sender_mac) ||
	    !rte_is_same_ether_addr(&f->src, &arp.sender_mac)) {
		refuse(cp);
		return;
	}
	if (route_is_own(f->port, &arp.sender)) {
		duplicate(cp, f, &arp.sender, &arp.sender_mac);
		return;
	}
	to_us = route_is_own(f->port, &arp.target);
	probe = arp.op == ARP_REQUEST && ip_equal(&arp.sender, &any); // RFC 5227 section 2.1.1
	if (!probe && !route_is_host(&arp.sender)) {
		refuse(cp);
		return;
	}
	if (probe && to_us)
		duplicate(cp, f, &arp.target, &arp.sender_mac);
	if (!probe) {
		struct neigh_claim claim = {
			.addr = arp.sender,
			.mac = &arp.sender_mac,
			.create = to_us && arp.op == ARP_REQUEST,
			.answer = to_us && arp.op == ARP_REPLY,
		};

		neigh_learn(cp, f->port_id, &claim);
	}
	if (to_us && arp.op == ARP_REQUEST)
		answer_arp(cp, f, &arp);
}

static void answer_ndp(struct cp *cp, const struct frame *f, const struct ndp *question)
{
	struct ndp ndp = advertisement(f->port, &question->target);

	ndp.solicited = true;
	ndp.dst = question->src;
	send_ndp(cp, f->port_id, question->has_mac ? &question->mac : &f->src, &ndp,
		 &neigh_stats(cp)->answered);
}

static void handle_solicitation(struct cp *cp, const struct frame *f, const struct ndp *ndp)
{
	struct neigh_claim claim = {.addr = ndp->src, .create = true, .override = true};
	struct ip_addr group;

	ndp_solicited_node(&ndp->target, &group);
	if (!route_is_own(f->port, &ndp->target) ||
	    (!ip_equal(&ndp->dst, &ndp->target) && !ip_equal(&ndp->dst, &group)))
		return;
	if (!ip_is_set(&ndp->src)) { // RFC 4862 section 5.4.3: it wants our address
		duplicate(cp, f, &ndp->target, &f->src);
		advertise_to_all(cp, f->port_id, &ndp->target, &neigh_stats(cp)->answered);
		return;
	}
	if (route_is_own(f->port, &ndp->src)) {
		duplicate(cp, f, &ndp->src, &f->src);
		return;
	}
	if (!route_is_host(&ndp->src)) {
		refuse(cp);
		return;
	}
	if (ndp->has_mac) {
		claim.mac = &ndp->mac;
		neigh_learn(cp, f->port_id, &claim);
	}
	answer_ndp(cp, f, ndp);
}

static void handle_advertisement(struct cp *cp, const struct frame *f, const struct ndp *ndp)
{
	struct neigh_claim claim = {
		.addr = ndp->target,
		.mac = ndp->has_mac ? &ndp->mac : NULL,
		.answer = ndp->solicited,
		.override = ndp->override,
	};

	if (route_is_own(f->port, &ndp->target))
		duplicate(cp, f, &ndp->target, ndp->has_mac ? &ndp->mac : &f->src);
	else
		neigh_learn(cp, f->port_id, &claim);
}

static void handle_ndp(struct cp *cp, const struct frame *f, const struct ndp *ndp)
{
	if (ndp->has_mac && !is_other_host(f->port, &ndp->mac))
		refuse(cp);
	else if (ndp->type == NDP_SOLICITATION)
		handle_solicitation(cp, f, ndp);
	else
		handle_advertisement(cp, f, ndp);
}

static void answer_echo(struct cp *cp, const struct frame *f, const struct icmp_echo *echo)
{
	struct rte_mbuf *m;
	uint8_t *l3;

	if (!rte_is_same_ether_addr(&f->dst, &f->port->mac) || echo->len > f->port->mtu ||
	    !route_is_own(f->port, &echo->dst) || !route_is_host(&echo->src) ||
	    route_is_own(f->port, &echo->src)) {
		refuse(cp);
		return;
	}
	m = make(cp, f->port_id, &f->src, f->type, echo->len, &l3);
	if (m == NULL)
		return;
	memcpy(l3, f->l3, echo->len);
	icmp_echo_reply(l3, echo);
	put(cp, m, &neigh_stats(cp)->echoed);
}

static void handle(struct cp *cp, const struct frame *f)
{
	struct icmp_echo echo;
	struct ndp ndp;

	if (f->type == RTE_ETHER_TYPE_ARP)
		handle_arp(cp, f);
	else if (f->type == RTE_ETHER_TYPE_IPV6 && ndp_parse(f->l3, f->l3_len, &ndp))
		handle_ndp(cp, f, &ndp);
	else if (icmp_echo_parse(f->l3, f->l3_len, &echo) &&
		 f->type == (ip_is_v4(&echo.dst) ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6))
		answer_echo(cp, f, &echo);
	else
		refuse(cp);
}

void neigh_frame(struct cp *cp, struct rte_mbuf *m)
{
	struct frame f;

	if (m->nb_segs == 1 && frame_parse(&cp->dp->port[m->port], m->port,
					   rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &f))
		handle(cp, &f);
	else
		refuse(cp);
	rte_pktmbuf_free(m);
}
