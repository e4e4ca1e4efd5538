// SPDX-License-Identifier: BSD-3-Clause
#include "hello.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include "cookie.h"
#include "life.h"
#include "ring.h"
#include "tx.h"

#define TTL 64

int hello_listener(const struct config *config, const struct flow_key *flow)
{
	for (uint16_t i = 0; i < config->listener_nb; i++) {
		const struct config_listener *l = &config->listener[i];

		if (rte_cpu_to_be_16(l->port) != flow->local_port)
			continue;
		for (uint16_t k = 0; k < l->addr_nb; k++) {
			if (ip_equal(&l->addr[k], &flow->local))
				return i;
		}
	}
	return -1;
}

// Swaps source and destination of the IPv4 header and closes it for len bytes behind it.
static void reply_ipv4(struct rte_ipv4_hdr *ip, struct rte_udp_hdr *udp, uint16_t len)
{
	rte_be32_t client = ip->src_addr;

	ip->src_addr = ip->dst_addr;
	ip->dst_addr = client;
	ip->type_of_service = 0;
	ip->total_length = rte_cpu_to_be_16(sizeof(*ip) + len);
	ip->packet_id = 0;
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = TTL;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

static void reply_ipv6(struct rte_ipv6_hdr *ip, struct rte_udp_hdr *udp, uint16_t len)
{
	uint8_t client[16];

	memcpy(client, &ip->src_addr, sizeof(client));
	memcpy(&ip->src_addr, &ip->dst_addr, sizeof(client));
	memcpy(&ip->dst_addr, client, sizeof(client));
	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28);
	ip->payload_len = rte_cpu_to_be_16(len);
	ip->hop_limits = TTL;
	udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
}

// Turns the frame around with HELLO_VERIFY_LEN bytes of payload, which is in place.
static void turn_around(const struct port *port, struct rte_mbuf *m, const struct datagram *dg)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	uint16_t l3_len = ip_is_v4(&dg->flow.remote) ? sizeof(struct rte_ipv4_hdr)
						     : sizeof(struct rte_ipv6_hdr);
	uint8_t *l4 =
		rte_pktmbuf_mtod_offset(m, uint8_t *, dg->payload_at) - sizeof(struct rte_udp_hdr);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)l4;
	uint16_t len = sizeof(*udp) + HELLO_VERIFY_LEN;

	m->data_len = dg->payload_at + HELLO_VERIFY_LEN;
	m->pkt_len = m->data_len;
	m->ol_flags = 0;
	eth->dst_addr = eth->src_addr;
	eth->src_addr = port->mac;
	udp->dst_port = dg->flow.remote_port;
	udp->src_port = dg->flow.local_port;
	udp->dgram_len = rte_cpu_to_be_16(len);
	udp->dgram_cksum = 0;
	if (ip_is_v4(&dg->flow.remote))
		reply_ipv4((struct rte_ipv4_hdr *)(l4 - l3_len), udp, len);
	else
		reply_ipv6((struct rte_ipv6_hdr *)(l4 - l3_len), udp, len);
}

static void answer(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg,
		   const struct cookie_op *op, uint16_t listener)
{
	hello_verify_write(rte_pktmbuf_mtod_offset(m, uint8_t *, dg->payload_at),
			   op->hello.record_seq, op->cookie);
	turn_around(&lc->dp->port[m->port], m, dg);
	lc->stats.hello_verify++;
	lc->stats.listener[listener].hello_verify++;
	tx_put(lc, m);
}

static void admit(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg,
		  uint16_t listener)
{
	struct msg msg = {
		.type = MSG_HELLO,
		.listener = (uint8_t)listener,
		.l234_len = dg->payload_at,
		.flow = dg->flow,
	};
	uint8_t verdict = DROP_PUNT_FULL;
	uint32_t id;

	if (likely(ring_has_room(lc, RING_RESERVE_HELLO)))
		verdict = life_handshake_begin(lc, &dg->flow, &id, &msg.live);
	if (verdict != BURST_PASS) {
		drop(lc, m, verdict);
		return;
	}
	msg.id = id;
	lc->stats.hello++;
	lc->stats.listener[listener].hello++;
	datagram_strip(m, dg);
	ring_punt(lc, m, &msg);
}

void hello_burst(struct lcore *lc, struct datagrams *d, const uint16_t *at, uint16_t n)
{
	const struct cookie_secrets *secrets =
		atomic_load_explicit(&lc->dp->cookie, memory_order_acquire);
	struct cookie_op op[BURST_MAX];
	uint16_t of[BURST_MAX];
	uint8_t listener[BURST_MAX];
	uint16_t ops = 0;

	for (uint16_t k = 0; k < n; k++) {
		uint16_t i = at[k];
		struct datagram *dg = &d->dg[i];
		const uint8_t *payload =
			rte_pktmbuf_mtod_offset(d->mbuf[i], uint8_t *, dg->payload_at);
		int l = hello_listener(lc->dp->config, &dg->flow);

		if (l < 0) {
			drop(lc, d->mbuf[i], DROP_UDP_PORT);
		} else if (!client_hello_parse(payload, dg->payload_len, &op[ops].hello)) {
			drop(lc, d->mbuf[i], DROP_CLIENT_HELLO);
		} else {
			op[ops].flow = &dg->flow;
			listener[ops] = (uint8_t)l;
			of[ops++] = i;
		}
	}
	cookie_burst(lc->aead, secrets, op, ops);
	for (uint16_t k = 0; k < ops; k++) {
		if (op[k].good)
			admit(lc, d->mbuf[of[k]], &d->dg[of[k]], listener[k]);
		else
			answer(lc, d->mbuf[of[k]], &d->dg[of[k]], &op[k], listener[k]);
	}
}
