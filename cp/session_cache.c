// SPDX-License-Identifier: BSD-3-Clause
#include "session_cache.h"

#include <errno.h>
#include <openssl/lhash.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct item {
	struct session_cache_entry entry; // first, so that it leads to the item
	TAILQ_ENTRY(item) link;
	uint8_t value[];
};

typedef struct item item; // the macro takes a single word
DEFINE_LHASH_OF(item);

struct session_cache {
	uint32_t max;
	uint32_t count;
	bool walking;
	struct item *walk; // visited next; NULL: all of them were
	uint64_t puts;
	time_t forgotten;
	LHASH_OF(item) * by_id;
	TAILQ_HEAD(, item) by_age; // the oldest first
};

// FNV-1a; the ids are random, and ours.
static unsigned long hash(const struct item *item)
{
	unsigned long h = 0xcbf29ce484222325;

	for (uint8_t i = 0; i < item->entry.id_len; i++)
		h = (h ^ item->entry.id[i]) * 0x100000001b3;
	return h;
}

static int compare(const struct item *a, const struct item *b)
{
	if (a->entry.id_len != b->entry.id_len)
		return 1;
	return memcmp(a->entry.id, b->entry.id, a->entry.id_len);
}

struct session_cache *session_cache_create(uint32_t max)
{
	struct session_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->max = max;
	TAILQ_INIT(&cache->by_age);
	cache->by_id = lh_item_new(hash, compare);
	if (cache->by_id != NULL)
		return cache;
	free(cache);
	return NULL;
}

static void item_free(struct item *item)
{
	explicit_bzero(item, sizeof(*item) + item->entry.value_len);
	free(item);
}

static void take_out(struct session_cache *cache, struct item *item)
{
	lh_item_delete(cache->by_id, item);
	if (cache->walk == item)
		cache->walk = TAILQ_NEXT(item, link);
	TAILQ_REMOVE(&cache->by_age, item, link);
	cache->count--;
	item_free(item);
}

void session_cache_forget(struct session_cache *cache, time_t expires)
{
	if (cache->forgotten < expires)
		cache->forgotten = expires;
}

static void forget(struct session_cache *cache, struct item *item)
{
	session_cache_forget(cache, item->entry.expires);
	take_out(cache, item);
}

void session_cache_destroy(struct session_cache *cache)
{
	if (cache == NULL)
		return;
	session_cache_clear(cache);
	lh_item_free(cache->by_id);
	free(cache);
}

static struct item *find(const struct session_cache *cache, const uint8_t *id, size_t id_len)
{
	struct item key;

	if (id_len > SESSION_CACHE_ID_MAX)
		return NULL;
	key.entry.id_len = (uint8_t)id_len;
	memcpy(key.entry.id, id, id_len);
	return lh_item_retrieve(cache->by_id, &key);
}

int session_cache_put(struct session_cache *cache, const struct session_cache_entry *entry)
{
	struct item *item = malloc(sizeof(*item) + entry->value_len);

	if (item == NULL) {
		session_cache_forget(cache, entry->expires);
		return -ENOMEM;
	}
	session_cache_remove(cache, entry->id, entry->id_len);
	if (cache->count == cache->max)
		forget(cache, TAILQ_FIRST(&cache->by_age));
	item->entry = *entry;
	item->entry.value = item->value;
	if (entry->value_len > 0)
		memcpy(item->value, entry->value, entry->value_len);
	lh_item_insert(cache->by_id, item);
	if (lh_item_error(cache->by_id)) {
		session_cache_forget(cache, entry->expires);
		item_free(item);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&cache->by_age, item, link);
	if (cache->walking && cache->walk == NULL)
		cache->walk = item;
	cache->count++;
	cache->puts++;
	return 0;
}

const struct session_cache_entry *session_cache_find(struct session_cache *cache, const uint8_t *id,
						     size_t id_len, time_t now)
{
	struct item *item = find(cache, id, id_len);

	if (item == NULL)
		return NULL;
	if (item->entry.expires > now)
		return &item->entry;
	forget(cache, item);
	return NULL;
}

void session_cache_remove(struct session_cache *cache, const uint8_t *id, size_t id_len)
{
	struct item *item = find(cache, id, id_len);

	if (item != NULL)
		take_out(cache, item);
}

uint32_t session_cache_count(const struct session_cache *cache)
{
	return cache->count;
}

uint64_t session_cache_puts(const struct session_cache *cache)
{
	return cache->puts;
}

void session_cache_clear(struct session_cache *cache)
{
	while (!TAILQ_EMPTY(&cache->by_age))
		take_out(cache, TAILQ_FIRST(&cache->by_age));
	cache->forgotten = 0;
}

time_t session_cache_forgotten(const struct session_cache *cache)
{
	return cache->forgotten;
}

void session_cache_walk(struct session_cache *cache)
{
	cache->walk = TAILQ_FIRST(&cache->by_age);
	cache->walking = true;
}

const struct session_cache_entry *session_cache_walk_next(struct session_cache *cache)
{
	struct item *item = cache->walk;

	if (item == NULL) {
		cache->walking = false;
		return NULL;
	}
	cache->walk = TAILQ_NEXT(item, link);
	return &item->entry;
}
