// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SESSION_CACHE_H
#define DTLSGW_SESSION_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define SESSION_CACHE_ID_MAX 32 // bytes

// Values by id, bounded and expiring: resumable sessions, or the tags of those that may not be
// resumed.  The oldest entry makes room for a new one.  Values are wiped when they go.  One thread
// at a time: who shares a cache locks it.
struct session_cache;

struct session_cache_entry {
	uint8_t id_len;
	uint8_t id[SESSION_CACHE_ID_MAX];
	time_t expires;
	size_t value_len; // bytes
	const uint8_t *value;
};

// Room for max entries, at least one.  NULL: no memory.
struct session_cache *session_cache_create(uint32_t max);

// NULL is fine.
void session_cache_destroy(struct session_cache *cache);

// Enters a copy; an entry with the same id goes.  Returns 0 or, the entry being forgotten, -ENOMEM.
int session_cache_put(struct session_cache *cache, const struct session_cache_entry *entry);

// NULL if there is none, or it has expired.  The entry is good until the next change.
const struct session_cache_entry *session_cache_find(struct session_cache *cache, const uint8_t *id,
						     size_t id_len, time_t now);

void session_cache_remove(struct session_cache *cache, const uint8_t *id, size_t id_len);

uint32_t session_cache_count(const struct session_cache *cache);

// How often an entry was put.
uint64_t session_cache_puts(const struct session_cache *cache);

// Nothing is there, nor was forgotten.
void session_cache_clear(struct session_cache *cache);

// The latest expires of the entries that were put and are not there any more, though nobody removed
// them: they made room for others, had expired, or there was no memory.  0: there are none.  What
// expires later and is not there never was.
time_t session_cache_forgotten(const struct session_cache *cache);

// Counts an entry of another time among them.
void session_cache_forget(struct session_cache *cache, time_t expires);

// A walk over the entries from the oldest to the newest, one at a time.  The cache may change
// between two steps; what is put meanwhile is visited too.  next() returns NULL at the end.
void session_cache_walk(struct session_cache *cache);
const struct session_cache_entry *session_cache_walk_next(struct session_cache *cache);

#endif
