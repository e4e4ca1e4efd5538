// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TX_H
#define DTLSGW_TX_H

#include "lcore.h"
#include "ring.h"

// Sends a port's buffer; what the queue does not take is dropped (DROP_TX_FULL).
void tx_flush_port(struct lcore *lc, uint16_t port_id);

// The same of all ports.
void tx_flush(struct lcore *lc);

// Takes a whole frame to be sent on m->port, whose buffer tx is: into it, or by handoff to the
// lcore that has a transmit queue there (DROP_HANDOFF_FULL).
static inline void tx_add(struct lcore *lc, struct tx_buffer *tx, struct rte_mbuf *m)
{
	if (unlikely(tx->queue == PORT_NO_QUEUE)) {
		ring_handoff(lc, tx->port->tx_lcore[lc->id], m, MSG_HANDOFF_TX);
		return;
	}
	tx->mbuf[tx->n++] = m;
	if (unlikely(tx->n == BURST_MAX))
		tx_flush_port(lc, m->port);
}

static inline void tx_put(struct lcore *lc, struct rte_mbuf *m)
{
	tx_add(lc, &lc->tx[m->port], m);
}

// Puts e's headers in front of m and sends it, or drops it (DROP_NO_NEIGHBOUR, DROP_TOO_BIG).
static inline void tx_encap(struct lcore *lc, struct rte_mbuf *m, const struct encap *e)
{
	struct tx_buffer *tx = &lc->tx[e->port_id];
	uint64_t mac = next_hop_word(&lc->dp->next_hops, e->next_hop);

	if (unlikely(m->data_len > e->payload_max)) {
		drop(lc, m, DROP_TOO_BIG);
	} else if (unlikely((mac & NEXT_HOP_RESOLVED) == 0)) {
		drop(lc, m, DROP_NO_NEIGHBOUR);
	} else {
		encap_push(m, e, tx->port, mac);
		tx_add(lc, tx, m);
	}
}

#endif
