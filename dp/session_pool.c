// SPDX-License-Identifier: BSD-3-Clause
#include "session_pool.h"

#include <pthread.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <string.h>

#define CHUNK_LEN (8u << 20) // bytes: memory may be had in pieces only

struct session_pool {
	pthread_mutex_t lock;
	size_t size;		 // bytes of a session
	uint32_t chunk_sessions; // in every chunk but the last
	uint32_t last_sessions;
	uint32_t chunks;
	uint32_t count;
	struct session *free; // linked by next_over
	uint8_t *chunk[];
};

static size_t chunk_sessions(const struct session_pool *pool, uint32_t i)
{
	return i + 1 < pool->chunks ? pool->chunk_sessions : pool->last_sessions;
}

// Takes the sessions of a chunk in.
static void add_chunk(struct session_pool *pool, uint8_t *chunk, uint32_t nb)
{
	pool->chunk[pool->chunks++] = chunk;
	pool->last_sessions = nb;
	// From the last on, so that they are handed out in the order of their addresses.
	for (uint32_t i = nb; i-- > 0;) {
		struct session *s = (struct session *)(chunk + i * pool->size);

		s->next_over = pool->free;
		pool->free = s;
		pool->count++;
	}
}

struct session_pool *session_pool_create(uint32_t nb, uint32_t replay_window, int socket)
{
	size_t size = RTE_ALIGN(session_size(replay_window), RTE_CACHE_LINE_SIZE);
	uint32_t full = (uint32_t)(CHUNK_LEN / size);
	uint32_t chunks = (nb + full - 1) / full;
	struct session_pool *pool =
		rte_zmalloc("session_pool", sizeof(*pool) + chunks * sizeof(pool->chunk[0]), 0);

	if (pool == NULL)
		goto fail;
	pthread_mutex_init(&pool->lock, NULL);
	pool->size = size;
	pool->chunk_sessions = full;
	while (pool->count < nb) {
		uint32_t part = RTE_MIN(nb - pool->count, full);
		uint8_t *chunk =
			rte_zmalloc_socket("sessions", part * size, RTE_CACHE_LINE_SIZE, socket);

		if (chunk == NULL)
			goto fail;
		add_chunk(pool, chunk, part);
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
		explicit_bzero(pool->chunk[i], chunk_sessions(pool, i) * pool->size);
		rte_free(pool->chunk[i]);
	}
	pthread_mutex_destroy(&pool->lock);
	rte_free(pool);
}

struct session *session_pool_get(struct session_pool *pool)
{
	struct session *s;

	pthread_mutex_lock(&pool->lock);
	s = pool->free;
	if (s != NULL) {
		pool->free = s->next_over;
		pool->count--;
	}
	pthread_mutex_unlock(&pool->lock);
	return s;
}

void session_pool_put(struct session_pool *pool, struct session *s)
{
	explicit_bzero(s, pool->size);
	pthread_mutex_lock(&pool->lock);
	s->next_over = pool->free;
	pool->free = s;
	pool->count++;
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
