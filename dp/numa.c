// SPDX-License-Identifier: BSD-3-Clause
#include "numa.h"

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "lcore.h"

int numa_of_lcore(uint16_t i)
{
	unsigned int worker = rte_get_next_lcore(-1, 1, 0);

	for (; i > 0 && worker < RTE_MAX_LCORE; i--)
		worker = rte_get_next_lcore(worker, 1, 0);
	return worker < RTE_MAX_LCORE ? (int)rte_lcore_to_socket_id(worker) : SOCKET_ID_ANY;
}

struct rte_mempool *numa_mbuf_pool_create(const char *name, uint32_t nb, uint32_t cache,
					  uint16_t room, int socket)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create_by_ops(name, nb, cache, 0, room, socket, LCORE_POOL_OPS);

	return pool != NULL || socket == SOCKET_ID_ANY
		       ? pool
		       : rte_pktmbuf_pool_create_by_ops(name, nb, cache, 0, room, SOCKET_ID_ANY,
							LCORE_POOL_OPS);
}

void *numa_zmalloc(const char *name, size_t len, int socket)
{
	void *p = rte_zmalloc_socket(name, len, RTE_CACHE_LINE_SIZE, socket);

	return p != NULL || socket == SOCKET_ID_ANY
		       ? p
		       : rte_zmalloc_socket(name, len, RTE_CACHE_LINE_SIZE, SOCKET_ID_ANY);
}
