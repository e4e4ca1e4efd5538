// SPDX-License-Identifier: BSD-3-Clause
#include "tx.h"

#include <rte_ethdev.h>

void tx_flush_port(struct lcore *lc, uint16_t port_id)
{
	struct tx_buffer *tx = &lc->tx[port_id];
	struct stats_port *stats = &lc->stats.port[tx->port->index];
	uint64_t bytes[BURST_MAX + 1];
	uint16_t sent;

	// The driver owns, and may have freed, what it took: add up first.
	bytes[0] = 0;
	for (uint16_t i = 0; i < tx->n; i++)
		bytes[i + 1] = bytes[i] + tx->mbuf[i]->pkt_len;
	sent = rte_eth_tx_burst(port_id, tx->queue, tx->mbuf, tx->n);
	stats->tx_packets += sent;
	stats->tx_bytes += bytes[sent];
	lc->stats.tx += sent;
	for (uint16_t i = sent; i < tx->n; i++)
		drop(lc, tx->mbuf[i], DROP_TX_FULL);
	tx->n = 0;
}

void tx_flush(struct lcore *lc)
{
	for (uint16_t i = 0; i < lc->dp->config->port_nb; i++) {
		uint16_t port_id = lc->dp->port_id[i];

		if (lc->tx[port_id].n > 0)
			tx_flush_port(lc, port_id);
	}
}
