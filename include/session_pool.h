// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SESSION_POOL_H
#define DTLSGW_SESSION_POOL_H

#include "session.h"

// Memory of sessions, from huge pages where there are, in equal parts from the NUMA nodes where
// they will be used: session_size() each and nothing more, which a mempool's header of a cache line
// an object would be.  For cp, any thread.
struct session_pool;

#define SESSION_POOL_NODES_MAX 8

// Room for nb sessions with a replay window of so many records.  socket: DPDK's numbers of the
// nodes.  NULL with rte_errno set.
struct session_pool *session_pool_create(uint32_t nb, uint32_t replay_window, const int *socket,
					 uint8_t nodes);

// Wipes what is still out; NULL is fine.
void session_pool_destroy(struct session_pool *pool);

// From node (0..nodes-1), from another if that has none left; NULL: none has.  All zeros but node.
struct session *session_pool_get(struct session_pool *pool, uint8_t node);

// Wipes s and takes it back.
void session_pool_put(struct session_pool *pool, struct session *s);

// Sessions that can be had.
uint32_t session_pool_count(struct session_pool *pool);

#endif
