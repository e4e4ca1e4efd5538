// SPDX-License-Identifier: BSD-3-Clause
#include "receive.h"

#include "inside.h"
#include "outside.h"
#include "plain.h"
#include "reassemble.h"
#include "ring.h"
#include "rss.h"

// So many a second that cp has time for handshakes.  Each port has a bucket for neighbours of its
// own, so that pings cannot keep a next hop from being resolved.
static void punt_frame(struct lcore *lc, struct rte_mbuf *m, uint64_t *bucket)
{
	struct msg msg = {.type = MSG_FRAME};

	if (*bucket < lc->frame_tsc) {
		drop(lc, m, DROP_PUNT_RATE);
		return;
	}
	*bucket -= lc->frame_tsc;
	ring_punt(lc, m, &msg);
}

// Sees a frame to its end that is no plain datagram, or adds what is in it.
static __rte_noinline void sort(struct lcore *lc, const struct port *port, struct rte_mbuf *m);

// The lcore on whose queue a device would have put the datagram in one piece.
static uint16_t rss_owner(const struct lcore *lc, const struct port *port,
			  const struct flow_key *flow)
{
	const struct rss_tuple tuple = {.src = flow->remote,
					.dst = flow->local,
					.src_port = flow->remote_port,
					.dst_port = flow->local_port};

	if (port->table == NULL ||
	    !(ip_is_v4(&flow->local) ? port->table->ipv4 : port->table->ipv6))
		return lc->id;
	return port->table->lcore[rss_entry(port->table, &tuple)];
}

// A frame made of fragments, which a device spreads by their addresses alone.
static void sort_whole(struct lcore *lc, const struct port *port, struct rte_mbuf *m)
{
	struct datagrams *d = &lc->datagrams;
	const uint16_t n = d->n;
	uint16_t owner;

	sort(lc, port, m);
	if (d->n == n)
		return;
	owner = rss_owner(lc, port, &d->dg[n].flow);
	if (owner != lc->id) {
		d->n = n;
		ring_handoff(lc, owner, m, MSG_HANDOFF);
	}
}

static __rte_noinline void sort(struct lcore *lc, const struct port *port, struct rte_mbuf *m)
{
	struct datagrams *d = &lc->datagrams;
	struct datagram *dg = &d->dg[d->n];

	if (m->nb_segs > 1) {
		drop(lc, m, DROP_CHAINED);
		return;
	}
	switch (classify_frame(port, m->port, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
			       m->ol_flags, dg)) {
	case CLASSIFY_UDP:
		d->mbuf[d->n++] = m;
		break;
	case CLASSIFY_FRAGMENT:
		rte_pktmbuf_trim(m, m->data_len - dg->payload_at - dg->payload_len);
		m = reassemble_take(lc, m, dg);
		if (m != NULL) // whole, and no fragment itself
			sort_whole(lc, port, m);
		break;
	case CLASSIFY_NEIGHBOUR:
		punt_frame(lc, m, &lc->bucket[port->index].neighbour);
		break;
	case CLASSIFY_ECHO:
		punt_frame(lc, m, &lc->bucket[port->index].echo);
		break;
	case CLASSIFY_DROP:
		drop(lc, m, dg->reason);
		break;
	}
}

// Sorts n frames received on port; lc->datagrams are those that are datagrams.
static __rte_noinline void sort_burst(struct lcore *lc, const struct port *port,
				      struct rte_mbuf *const *mbuf, uint16_t n)
{
	struct datagrams *d = &lc->datagrams;
	const uint16_t port_id = mbuf[0]->port;
	struct datagram *dg = d->dg;
	struct rte_mbuf **to = d->mbuf;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbuf[i];

		*to = m;
		if (likely(m->nb_segs == 1 &&
			   plain_datagram(port, port_id, rte_pktmbuf_mtod(m, const uint8_t *),
					  m->data_len, m->ol_flags, dg))) {
			dg++;
			to++;
			continue;
		}
		d->n = (uint16_t)(to - d->mbuf);
		sort(lc, port, m);
		dg = d->dg + d->n;
		to = d->mbuf + d->n;
	}
	d->n = (uint16_t)(to - d->mbuf);
}

void receive_burst(struct lcore *lc, struct rte_mbuf **mbuf, uint16_t n)
{
	const struct port *port = &lc->dp->port[mbuf[0]->port];

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbuf[i], void *));
	sort_burst(lc, port, mbuf, n);
	if (port->outside)
		outside_burst(lc);
	else
		inside_burst(lc);
}
