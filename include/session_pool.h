// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SESSION_POOL_H
#define DTLSGW_SESSION_POOL_H

#include "session.h"

// Memory of sessions, from huge pages where there are: session_size() each and nothing more, which
// a mempool's header of a cache line an object would be.  For cp, any thread.
struct session_pool;

// Room for nb sessions with a replay window of so many records.  NULL with rte_errno set.
struct session_pool *session_pool_create(uint32_t nb, uint32_t replay_window, int socket);

// Wipes what is still out; NULL is fine.
void session_pool_destroy(struct session_pool *pool);

// NULL: none left.  What is in it is undefined.
struct session *session_pool_get(struct session_pool *pool);

// Wipes s and takes it back.
void session_pool_put(struct session_pool *pool, struct session *s);

// Sessions that can be had.
uint32_t session_pool_count(struct session_pool *pool);

#endif
