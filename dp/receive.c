// SPDX-License-Identifier: BSD-3-Clause
#include "receive.h"

#include "inside.h"
#include "outside.h"
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

void receive_burst(struct lcore *lc, struct rte_mbuf **mbuf, uint16_t n)
{
	const struct port *port = &lc->dp->port[mbuf[0]->port];
	struct datagrams *d = &lc->datagrams;

	d->n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbuf[i];
		struct datagram *dg = &d->dg[d->n];

		if (i + 4 < n)
			rte_prefetch0(rte_pktmbuf_mtod(mbuf[i + 4], void *));
		if (unlikely(m->nb_segs > 1)) {
			drop(lc, m, DROP_CHAINED);
			continue;
		}
		switch (classify_frame(port, m->port, rte_pktmbuf_mtod(m, const uint8_t *),
				       m->data_len, m->ol_flags, dg)) {
		case CLASSIFY_UDP:
			m->data_len = dg->payload_at + dg->payload_len;
			m->pkt_len = m->data_len;
			d->mbuf[d->n++] = m;
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
	if (port->outside)
		outside_burst(lc);
	else
		inside_burst(lc);
}
