// SPDX-License-Identifier: BSD-3-Clause
#include "receive.h"

#include "inside.h"
#include "outside.h"
#include "reassemble.h"
#include "ring.h"

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

// Cuts padding behind len bytes.
static void cut(struct rte_mbuf *m, uint16_t len)
{
	m->data_len = len;
	m->pkt_len = len;
}

// Adds the datagram in m to the lcore's, or sees m to its end.
static void sort(struct lcore *lc, const struct port *port, struct rte_mbuf *m)
{
	struct datagrams *d = &lc->datagrams;
	struct datagram *dg = &d->dg[d->n];

	switch (classify_frame(port, m->port, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
			       m->ol_flags, dg)) {
	case CLASSIFY_UDP:
		cut(m, dg->payload_at + dg->payload_len);
		d->mbuf[d->n++] = m;
		break;
	case CLASSIFY_FRAGMENT:
		cut(m, dg->payload_at + dg->payload_len);
		m = reassemble_take(lc, m, dg);
		if (m != NULL) // whole, and no fragment itself
			sort(lc, port, m);
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

void receive_burst(struct lcore *lc, struct rte_mbuf **mbuf, uint16_t n)
{
	const struct port *port = &lc->dp->port[mbuf[0]->port];

	lc->datagrams.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		if (i + 4 < n)
			rte_prefetch0(rte_pktmbuf_mtod(mbuf[i + 4], void *));
		if (unlikely(mbuf[i]->nb_segs > 1))
			drop(lc, mbuf[i], DROP_CHAINED);
		else
			sort(lc, port, mbuf[i]);
	}
	if (port->outside)
		outside_burst(lc);
	else
		inside_burst(lc);
}
