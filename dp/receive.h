// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RECEIVE_H
#define DTLSGW_RECEIVE_H

#include "lcore.h"

// Takes 1 <= n <= BURST_MAX frames received on one port (m->port): classifies them, punts what is
// cp's, and sends the datagrams down the port's path.
void receive_burst(struct lcore *lc, struct rte_mbuf **m, uint16_t n);

#endif
