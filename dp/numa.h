// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NUMA_H
#define DTLSGW_NUMA_H

#include <stddef.h>
#include <stdint.h>

// NUMA nodes, as DPDK numbers its sockets.  Memory is had from the node where it is used; where
// that has none left (or none at all, as without huge pages), from any.

// The node of data-plane lcore i (0, 1...); SOCKET_ID_ANY: not known.
int numa_of_lcore(uint16_t i);

// Zeroed memory for rte_free(), on whole cache lines.  NULL: none.
void *numa_zmalloc(const char *name, size_t len, int socket);

#endif
