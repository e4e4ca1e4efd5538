// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TABLE_H
#define DTLSGW_TABLE_H

#include <string.h>

#include "flow.h"
#include "session.h"

// One flow of an lcore: a live session, a handshake under way, or both; in the table of relays a
// relay.  Stays at its address as long as it is in the table.  Owner: the lcore.
struct flow {
	struct flow_key key;
	union {
		struct session *session; // NULL: none
		struct relay *relay;
	};
	uint64_t handshake_tsc; // when the handshake expires; 0: none under way
	uint32_t handshake_id;	// of the last ClientHello that cp was given; unused: next free flow
	uint16_t punts;		// messages that the handshake has cost cp
	bool used;
};
_Static_assert(sizeof(struct flow) <= 64, "one cache line a flow");

// The lcore's flows by key.  The hash is keyed with a secret, so that a peer cannot choose keys
// that collide.
struct table;

// Random, the same for all tables.
struct table_secret {
	uint64_t word[8];
};

// Room for size flows, at least one.  NULL with rte_errno set.
struct table *table_create(const char *name, uint32_t size, const struct table_secret *secret,
			   int socket);
void table_destroy(struct table *t);

// Word i of five.
static inline uint64_t table_word(const struct flow_key *key, int i)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)key + 8 * i, sizeof(word));
	return word;
}

// Both halves of the product of two 64-bit words, added.
static inline uint64_t table_multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product + (uint64_t)(product >> 64);
}

// NH, the inner hash of UMAC (RFC 4418 section 5.2) and VMAC, in words of 64 bits, mixed once more
// down to 32 bits: docs/decisions/0002.
static inline uint32_t table_hash(const struct flow_key *key, const struct table_secret *secret)
{
	const uint64_t *s = secret->word;
	unsigned __int128 sum;

	sum = (unsigned __int128)(table_word(key, 0) + s[0]) * (table_word(key, 1) + s[1]);
	sum += (unsigned __int128)(table_word(key, 2) + s[2]) * (table_word(key, 3) + s[3]);
	sum += (unsigned __int128)(table_word(key, 4) + s[4]) * s[5];
	return (uint32_t)(table_multiply((uint64_t)sum + s[6], (uint64_t)(sum >> 64) + s[7]) >> 32);
}

// The lcore, of nb, that owns a flow with this hash, where software spreads them.  Mixed once more,
// so that an lcore's own flows still fill all buckets of its table.
static inline uint16_t table_hash_lcore(uint32_t hash, uint16_t nb)
{
	return (uint16_t)(((uint64_t)(hash * UINT32_C(0x9e3779b1)) * nb) >> 32);
}

// Fetches what table_lookup_burst() will read first.
void table_prefetch_burst(const struct table *t, const uint32_t *hash, uint16_t n);

// flow[i] = the flow of key i, whose hash is hash[i], or NULL.  Keys lie stride bytes apart.
void table_lookup_burst(const struct table *t, const struct flow_key *key, size_t stride,
			const uint32_t *hash, uint16_t n, struct flow **flow);

struct flow *table_find(const struct table *t, const struct flow_key *key);

// The flow of key, entered without session and handshake if it was not there.  NULL: table full.
struct flow *table_enter(struct table *t, const struct flow_key *key);

// Takes the flow out if it has neither session nor handshake.
void table_leave(struct table *t, struct flow *flow);

// Flows one after another, for housekeeping: the next slot behind *cursor, NULL if it is not used.
struct flow *table_walk(struct table *t, uint32_t *cursor);

uint32_t table_slots(const struct table *t);

#endif
