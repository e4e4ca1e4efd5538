// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PORT_START_H
#define DTLSGW_PORT_START_H

#include "dp.h"

// Configures and starts config.port[index]: queues, RSS, offloads, MTU.  Fills dp->port[id] and
// dp->port_id[index].  Returns 0 or -errno after a LOG that names the port and what failed.
int port_start(struct dp *dp, uint16_t index, struct rte_mempool *pool);

// Stops and closes it.
void port_stop(struct dp *dp, uint16_t index);

// The NUMA node of config.port[index]'s device; SOCKET_ID_ANY: not known, or there is no such
// device.
int port_socket(const struct config *config, uint16_t index);

// Mbufs that the queues of all configured ports can hold.
uint32_t port_mbufs(const struct config *config);

#endif
