// SPDX-License-Identifier: BSD-3-Clause
#include "table.h"

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <smmintrin.h>

#include "numa.h"

#define BUCKET_SLOTS 8
#define BUCKET_LOAD  5 // flows of a full table for each bucket, on average
#define NO_FLOW	     UINT32_MAX

// Flows whose hash leads here, as many as fit; the others lie in the buckets behind.
struct bucket {
	uint16_t tag[BUCKET_SLOTS];  // of the flow's hash; 0: the slot is free
	uint32_t flow[BUCKET_SLOTS]; // index in the table's flows
	uint32_t spilled;	     // flows that passed by because this bucket was full
} __rte_cache_aligned;
_Static_assert(sizeof(struct bucket) == RTE_CACHE_LINE_SIZE, "one cache line a bucket");

struct table {
	struct table_secret secret;
	uint32_t size; // flows there is room for
	uint32_t buckets;
	uint32_t first_free; // flow; the next one is in its handshake_id
	struct bucket *bucket;
	struct flow *flow;
};

struct table *table_create(const char *name, uint32_t size, const struct table_secret *secret,
			   int socket)
{
	struct table *t = numa_zmalloc(name, sizeof(*t), socket);

	if (t == NULL)
		goto fail;
	t->secret = *secret;
	t->size = size;
	t->buckets = size / BUCKET_LOAD + 1;
	t->bucket = numa_zmalloc(name, t->buckets * sizeof(*t->bucket), socket);
	t->flow = numa_zmalloc(name, size * sizeof(*t->flow), socket);
	if (t->bucket == NULL || t->flow == NULL)
		goto fail;
	for (uint32_t i = 0; i < size; i++)
		t->flow[i].handshake_id = i + 1 < size ? i + 1 : NO_FLOW;
	return t;
fail:
	table_destroy(t);
	rte_errno = ENOMEM;
	return NULL;
}

void table_destroy(struct table *t)
{
	if (t == NULL)
		return;
	rte_free(t->bucket);
	rte_free(t->flow);
	rte_free(t);
}

static inline uint32_t home(const struct table *t, uint32_t hash)
{
	return (uint32_t)(((uint64_t)hash * t->buckets) >> 32);
}

static inline uint32_t behind(const struct table *t, uint32_t bucket)
{
	return bucket + 1 < t->buckets ? bucket + 1 : 0;
}

// The low bits of a hash: home() goes by the high ones.
static inline uint16_t tag_of(uint32_t hash)
{
	return (uint16_t)(hash | 1);
}

// Two bits for each slot of b that has this tag, those of slot 0 the lowest.
static inline uint32_t match(const struct bucket *b, uint16_t tag)
{
	__m128i tags = _mm_load_si128((const __m128i *)b->tag);

	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
}

static inline unsigned int slot_of(uint32_t mask)
{
	return (unsigned int)__builtin_ctz(mask) / 2;
}

static inline bool same(const struct flow_key *a, const struct flow_key *b)
{
	const __m128i *x = (const __m128i *)a, *y = (const __m128i *)b;
	__m128i differs = _mm_xor_si128(_mm_loadu_si128(x), _mm_loadu_si128(y));

	differs = _mm_or_si128(differs,
			       _mm_xor_si128(_mm_loadu_si128(x + 1), _mm_loadu_si128(y + 1)));
	differs = _mm_or_si128(differs,
			       _mm_xor_si128(_mm_loadl_epi64(x + 2), _mm_loadl_epi64(y + 2)));
	return _mm_testz_si128(differs, differs) != 0;
}

// Where a flow is.
struct place {
	struct bucket *bucket;
	unsigned int slot;
};

// False if there is no such flow.
static bool find(const struct table *t, const struct flow_key *key, uint32_t hash,
		 struct place *place)
{
	uint16_t tag = tag_of(hash);
	uint32_t at = home(t, hash);

	for (uint32_t i = 0; i < t->buckets; i++, at = behind(t, at)) {
		struct bucket *b = &t->bucket[at];

		for (uint32_t mask = match(b, tag); mask != 0; mask &= mask - 1, mask &= mask - 1) {
			unsigned int slot = slot_of(mask);

			if (same(&t->flow[b->flow[slot]].key, key)) {
				*place = (struct place){b, slot};
				return true;
			}
		}
		if (b->spilled == 0)
			break;
	}
	return false;
}

static struct flow *find_flow(const struct table *t, const struct flow_key *key, uint32_t hash)
{
	struct place place;

	return find(t, key, hash, &place) ? &t->flow[place.bucket->flow[place.slot]] : NULL;
}

void table_prefetch_burst(const struct table *t, const uint32_t *hash, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(&t->bucket[home(t, hash[i])]);
}

static inline const struct flow_key *key_at(const struct flow_key *key, size_t stride, uint16_t i)
{
	return (const struct flow_key *)((const uint8_t *)key + i * stride);
}

void table_lookup_burst(const struct table *t, const struct flow_key *key, size_t stride,
			const uint32_t *hash, uint16_t n, struct flow **flow)
{
	// Where a flow most probably is: behind the first tag like its own.
	for (uint16_t i = 0; i < n; i++) {
		const struct bucket *b = &t->bucket[home(t, hash[i])];
		uint32_t mask = match(b, tag_of(hash[i]));

		flow[i] = NULL;
		if (likely(mask != 0)) {
			flow[i] = &t->flow[b->flow[slot_of(mask)]];
			rte_prefetch0(flow[i]);
		}
	}
	for (uint16_t i = 0; i < n; i++) {
		const struct flow_key *k = key_at(key, stride, i);

		if (unlikely(flow[i] == NULL || !same(&flow[i]->key, k)))
			flow[i] = find_flow(t, k, hash[i]);
	}
}

struct flow *table_find(const struct table *t, const struct flow_key *key)
{
	return find_flow(t, key, table_hash(key, &t->secret));
}

// The first free slot from the flow's home on; counts the flow where it passes by.  There is one:
// slots are more than flows.
static struct place take_slot(struct table *t, uint32_t hash)
{
	uint32_t at = home(t, hash);
	uint32_t mask;

	while ((mask = match(&t->bucket[at], 0)) == 0) {
		t->bucket[at].spilled++;
		at = behind(t, at);
	}
	return (struct place){&t->bucket[at], slot_of(mask)};
}

struct flow *table_enter(struct table *t, const struct flow_key *key)
{
	uint32_t hash = table_hash(key, &t->secret);
	struct flow *flow = find_flow(t, key, hash);
	uint32_t index = t->first_free;
	struct place place;

	if (flow != NULL)
		return flow;
	if (index == NO_FLOW)
		return NULL;
	flow = &t->flow[index];
	t->first_free = flow->handshake_id;
	place = take_slot(t, hash);
	place.bucket->tag[place.slot] = tag_of(hash);
	place.bucket->flow[place.slot] = index;
	*flow = (struct flow){.key = *key, .used = true};
	return flow;
}

void table_leave(struct table *t, struct flow *flow)
{
	uint32_t hash = table_hash(&flow->key, &t->secret);
	struct place place;

	if (flow->session != NULL || flow->handshake_tsc != 0)
		return;
	if (!find(t, &flow->key, hash, &place))
		return;
	place.bucket->tag[place.slot] = 0;
	for (struct bucket *b = &t->bucket[home(t, hash)]; b != place.bucket;
	     b = &t->bucket[behind(t, (uint32_t)(b - t->bucket))])
		b->spilled--;
	flow->used = false;
	flow->handshake_id = t->first_free;
	t->first_free = (uint32_t)(flow - t->flow);
}

struct flow *table_walk(struct table *t, uint32_t *cursor)
{
	struct flow *flow = &t->flow[*cursor];

	*cursor = *cursor + 1 < t->size ? *cursor + 1 : 0;
	return flow->used ? flow : NULL;
}

uint32_t table_slots(const struct table *t)
{
	return t->size;
}
