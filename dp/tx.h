// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TX_H
#define DTLSGW_TX_H

#include "lcore.h"

// Takes a whole frame to be sent on m->port: into this lcore's buffer, or by handoff to the lcore
// that has a transmit queue there (DROP_HANDOFF_FULL).
void tx_put(struct lcore *lc, struct rte_mbuf *m);

// Puts e's headers in front of m and sends it, or drops it (DROP_NO_NEIGHBOUR, DROP_TOO_BIG).
void tx_encap(struct lcore *lc, struct rte_mbuf *m, const struct encap *e);

// Sends all buffers; what a queue does not take is dropped (DROP_TX_FULL).
void tx_flush(struct lcore *lc);

#endif
