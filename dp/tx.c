// SPDX-License-Identifier: BSD-3-Clause
#include "tx.h"

#include <rte_ethdev.h>

#include "ring.h"

static void flush_port(struct lcore *lc, uint16_t port_id)
{
	const struct port *port = &lc->dp->port[port_id];
	struct tx_buffer *tx = &lc->tx[port_id];
	struct stats_port *stats = &lc->stats.port[port->index];
	uint64_t bytes[BURST_MAX + 1];
	uint16_t sent;

	// The driver owns, and may have freed, what it took: add up first.
	bytes[0] = 0;
	for (uint16_t i = 0; i < tx->n; i++)
		bytes[i + 1] = bytes[i] + tx->mbuf[i]->pkt_len;
	sent = rte_eth_tx_burst(port_id, port->txq[lc->id], tx->mbuf, tx->n);
	stats->tx_packets += sent;
	stats->tx_bytes += bytes[sent];
	lc->stats.tx += sent;
	for (uint16_t i = sent; i < tx->n; i++)
		drop(lc, tx->mbuf[i], DROP_TX_FULL);
	tx->n = 0;
}

void tx_put(struct lcore *lc, struct rte_mbuf *m)
{
	const struct port *port = &lc->dp->port[m->port];
	struct tx_buffer *tx = &lc->tx[m->port];

	if (unlikely(port->txq[lc->id] == PORT_NO_QUEUE)) {
		ring_handoff(lc, port->tx_lcore[lc->id], m, MSG_HANDOFF_TX);
		return;
	}
	tx->mbuf[tx->n++] = m;
	if (tx->n == BURST_MAX)
		flush_port(lc, m->port);
}

void tx_encap(struct lcore *lc, struct rte_mbuf *m, const struct encap *e)
{
	const struct port *port = &lc->dp->port[e->port_id];
	struct rte_ether_addr mac;

	if (unlikely(encap_len(e) - e->l2_len + m->data_len > port->mtu)) {
		drop(lc, m, DROP_TOO_BIG);
		return;
	}
	if (unlikely(!next_hop_get(&lc->dp->next_hops, e->next_hop, &mac))) {
		drop(lc, m, DROP_NO_NEIGHBOUR);
		return;
	}
	encap_push(m, e, port, &mac);
	tx_put(lc, m);
}

void tx_flush(struct lcore *lc)
{
	for (uint16_t i = 0; i < lc->dp->config->port_nb; i++) {
		uint16_t port_id = lc->dp->port_id[i];

		if (lc->tx[port_id].n > 0)
			flush_port(lc, port_id);
	}
}
