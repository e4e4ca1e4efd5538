// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TX_H
#define DTLSGW_TX_H

#include "lcore.h"
#include "ring.h"

// Sends a port's buffer; what the queue does not take is dropped (DROP_TX_FULL).
void tx_flush_port(struct lcore *lc, uint16_t port_id);

// The same of all ports.
void tx_flush(struct lcore *lc);

// Takes a whole frame to be sent on m->port: into this lcore's buffer, or by handoff to the lcore
// that has a transmit queue there (DROP_HANDOFF_FULL).
static inline void tx_put(struct lcore *lc, struct rte_mbuf *m)
{
	uint16_t port_id = m->port;
	const struct port *port = &lc->dp->port[port_id];
	struct tx_buffer *tx = &lc->tx[port_id];

	if (unlikely(port->txq[lc->id] == PORT_NO_QUEUE)) {
		ring_handoff(lc, port->tx_lcore[lc->id], m, MSG_HANDOFF_TX);
		return;
	}
	tx->mbuf[tx->n++] = m;
	if (unlikely(tx->n == BURST_MAX))
		tx_flush_port(lc, port_id);
}

// Puts e's headers in front of m and sends it, or drops it (DROP_NO_NEIGHBOUR, DROP_TOO_BIG).
static inline void tx_encap(struct lcore *lc, struct rte_mbuf *m, const struct encap *e)
{
	uint64_t mac = next_hop_word(&lc->dp->next_hops, e->next_hop);

	if (unlikely(m->data_len > e->payload_max)) {
		drop(lc, m, DROP_TOO_BIG);
	} else if (unlikely((mac & NEXT_HOP_RESOLVED) == 0)) {
		drop(lc, m, DROP_NO_NEIGHBOUR);
	} else {
		encap_push(m, e, &lc->dp->port[e->port_id], mac);
		tx_put(lc, m);
	}
}

#endif
