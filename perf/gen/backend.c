// SPDX-License-Identifier: BSD-3-Clause
#include "backend.h"

#include <rte_cycles.h>

#include "match.h"

void backend_flush(struct gen *g)
{
	struct hold *hold = &g->hold_inside;
	uint16_t sent = ports_send(&g->inside, hold->m, hold->nb);

	hold->nb -= sent;
	memmove(hold->m, hold->m + sent, hold->nb * sizeof(hold->m[0]));
}

// Puts the headers towards a client in front of m.  False if its next hop is not known.
static bool address(struct gen *g, const struct client *c, struct rte_mbuf *m)
{
	uint64_t mac = neighbours_mac(&g->neighbours, c->nat.next_hop);

	if (unlikely((mac & NEXT_HOP_RESOLVED) == 0))
		return false;
	encap_push(m, &c->nat, &g->inside.port, mac);
	return true;
}

static uint32_t pick(struct gen *g)
{
	uint32_t *at = &g->cursor[STREAM_DOWN];

	if (*at >= g->live_nb)
		*at = 0;
	return g->live[(*at)++];
}

void backend_send(struct gen *g, uint16_t n, uint64_t now_tsc)
{
	struct rte_mbuf *m[PORTS_BURST];
	struct hold *hold = &g->hold_inside;
	uint16_t nb = 0, sent;

	if (rte_pktmbuf_alloc_bulk(g->pool, m, n) != 0)
		return;
	for (uint16_t i = 0; i < n; i++) {
		uint32_t index = pick(g);

		gen_fill(g, STREAM_DOWN, index, m[i], now_tsc);
		if (likely(address(g, &g->client[index], m[i])))
			m[nb++] = m[i];
		else
			rte_pktmbuf_free(m[i]);
	}
	sent = ports_send(&g->inside, m, nb);
	if (likely(sent == nb))
		return;
	if (g->flood) {
		hold->nb = nb - sent;
		memcpy(hold->m, m + sent, hold->nb * sizeof(*m));
		return;
	}
	rte_pktmbuf_free_bulk(m + sent, nb - sent);
	g->tally[STREAM_DOWN].refused += nb - sent;
}

// Notes from where the server sends client c's plaintext.
static bool learn(struct gen *g, struct client *c, const struct match *match)
{
	struct encap_addr addr = {.src = g->o->backend,
				  .dst = match->src,
				  .src_port = rte_cpu_to_be_16(g->o->backend_port),
				  .dst_port = match->src_port};
	int hop = neighbours_add(&g->neighbours, &g->inside, &match->src);

	if (hop < 0)
		return false;
	encap_init(&c->nat, &g->inside.port, g->inside.id, (uint16_t)hop, &addr);
	c->nat_addr = match->src;
	c->nat_port = match->src_port;
	c->nat_known = true;
	return true;
}

// The payload of a datagram from the server, in m.  True if m is to be sent, which then has
// headers.
static bool take(struct gen *g, struct rte_mbuf *m, const struct match *match, uint64_t now_tsc)
{
	const uint8_t *payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, match->payload_at);
	struct stamp stamp;
	struct client *c;

	if (!stamp_read(payload, match->payload_len, &stamp) || stamp.client >= g->client_nb) {
		g->strays.bad++;
		return false;
	}
	c = &g->client[stamp.client];
	if (unlikely(!c->nat_known) && !learn(g, c, match))
		return false;
	if (unlikely(c->nat_port != match->src_port || !ip_equal(&c->nat_addr, &match->src))) {
		g->strays.bad++;
		return false;
	}
	if (stamp.stream != STREAM_ECHO) {
		gen_take_payload(g, stamp.client, 1u << STREAM_UP, &stamp, match->payload_len,
				 now_tsc);
		return false;
	}
	rte_pktmbuf_adj(m, match->payload_at);
	rte_pktmbuf_trim(m, m->data_len - match->payload_len);
	return address(g, c, m);
}

uint16_t backend_receive(struct gen *g)
{
	struct rte_mbuf *m[PORTS_BURST];
	uint16_t n = ports_receive(&g->inside, m), back = 0, sent;
	uint64_t now_tsc;

	if (n == 0)
		return 0;
	now_tsc = rte_rdtsc();
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(m[i], const uint8_t *);
		struct match match;

		if (m[i]->nb_segs == 1 &&
		    match_frame(&g->inside.port.mac, frame, m[i]->data_len, &match)) {
			if (match.dst_port == rte_cpu_to_be_16(g->o->backend_port) &&
			    ip_equal(&match.dst, &g->o->backend) &&
			    take(g, m[i], &match, now_tsc)) {
				m[back++] = m[i];
				continue;
			}
		} else if (m[i]->nb_segs == 1) {
			neighbours_take(&g->neighbours, &g->inside, frame, m[i]->data_len);
		}
		rte_pktmbuf_free(m[i]);
	}
	sent = ports_send(&g->inside, m, back);
	rte_pktmbuf_free_bulk(m + sent, back - sent);
	return n;
}
