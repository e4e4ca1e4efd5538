// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NUMA_H
#define DTLSGW_NUMA_H

#include <rte_mempool.h>
#include <stddef.h>
#include <stdint.h>

// NUMA nodes, as DPDK numbers its sockets.  Memory is had from the node where it is used; where
// that has none left (or none at all, as without huge pages), from any.

// The node of data-plane lcore i (0, 1...); SOCKET_ID_ANY: not known.
int numa_of_lcore(uint16_t i);

// A pool of nb mbufs of room bytes, headroom included, with a cache of so many for each lcore,
// which threads of the control plane may share.  NULL with rte_errno set.
struct rte_mempool *numa_mbuf_pool_create(const char *name, uint32_t nb, uint32_t cache,
					  uint16_t room, int socket);

// Zeroed memory for rte_free(), on whole cache lines.  NULL: none.
void *numa_zmalloc(const char *name, size_t len, int socket);

#endif
