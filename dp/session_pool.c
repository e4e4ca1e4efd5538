// SPDX-License-Identifier: BSD-3-Clause
#include "session_pool.h"

#include <pthread.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <string.h>

#include "numa.h"

#define CHUNK_LEN (8u << 20) // bytes: memory may be had in pieces only

struct chunk {
	uint8_t *byte;
	uint32_t sessions;
};

struct session_pool {
	pthread_mutex_t lock;
	size_t size; // bytes of a session
	uint8_t nodes;
	uint32_t chunks;
	uint32_t count;
	struct session *free[SESSION_POOL_NODES_MAX]; // linked by next_over
	struct chunk chunk[];
};

static void put(struct session_pool *pool, struct session *s)
{
	s->next_over = pool->free[s->node];
	pool->free[s->node] = s;
	pool->count++;
}

// Adds a chunk of nb sessions.  False if there is no memory.
static bool add_chunk(struct session_pool *pool, uint32_t nb, uint8_t node, int socket)
{
	uint8_t *byte = numa_zmalloc("sessions", nb * pool->size, socket);

	if (byte == NULL)
		return false;
	pool->chunk[pool->chunks++] = (struct chunk){byte, nb};
	// From the last on, so that they are handed out in the order of their addresses.
	for (uint32_t i = nb; i-- > 0;) {
		struct session *s = (struct session *)(byte + i * pool->size);

		s->node = node;
		put(pool, s);
	}
	return true;
}

struct session_pool *session_pool_create(uint32_t nb, uint32_t replay_window, const int *socket,
					 uint8_t nodes)
{
	size_t size = RTE_ALIGN(session_size(replay_window), RTE_CACHE_LINE_SIZE);
	uint32_t full = (uint32_t)(CHUNK_LEN / size), part = (nb + nodes - 1) / nodes;
	uint32_t chunks = nodes * ((part + full - 1) / full);
	struct session_pool *pool =
		rte_zmalloc("session_pool", sizeof(*pool) + chunks * sizeof(pool->chunk[0]), 0);

	if (pool == NULL)
		goto fail;
	pthread_mutex_init(&pool->lock, NULL);
	pool->size = size;
	pool->nodes = nodes;
	for (uint8_t node = 0; node < nodes; node++) {
		uint32_t left = RTE_MIN(part, nb - pool->count);

		for (uint32_t n; left > 0; left -= n) {
			n = RTE_MIN(left, full);
			if (!add_chunk(pool, n, node, socket[node]))
				goto fail;
		}
	}
	return pool;
fail:
	session_pool_destroy(pool);
	rte_errno = ENOMEM;
	return NULL;
}

void session_pool_destroy(struct session_pool *pool)
{
	if (pool == NULL)
		return;
	for (uint32_t i = 0; i < pool->chunks; i++) {
		explicit_bzero(pool->chunk[i].byte, pool->chunk[i].sessions * pool->size);
		rte_free(pool->chunk[i].byte);
	}
	pthread_mutex_destroy(&pool->lock);
	rte_free(pool);
}

struct session *session_pool_get(struct session_pool *pool, uint8_t node)
{
	struct session *s = NULL;

	pthread_mutex_lock(&pool->lock);
	for (uint8_t i = 0; i < pool->nodes && s == NULL; i++) {
		struct session **free = &pool->free[(node + i) % pool->nodes];

		s = *free;
		if (s == NULL)
			continue;
		*free = s->next_over;
		s->next_over = NULL;
		pool->count--;
	}
	pthread_mutex_unlock(&pool->lock);
	return s;
}

void session_pool_put(struct session_pool *pool, struct session *s)
{
	const uint8_t node = s->node;

	explicit_bzero(s, pool->size);
	s->node = node;
	pthread_mutex_lock(&pool->lock);
	put(pool, s);
	pthread_mutex_unlock(&pool->lock);
}

uint32_t session_pool_count(struct session_pool *pool)
{
	uint32_t count;

	pthread_mutex_lock(&pool->lock);
	count = pool->count;
	pthread_mutex_unlock(&pool->lock);
	return count;
}
