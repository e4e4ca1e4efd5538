// SPDX-License-Identifier: BSD-3-Clause
#include "table.h"

#include <rte_errno.h>
#include <rte_malloc.h>

struct table {
	struct rte_hash *hash;
	struct table_secret secret;
	uint32_t slots;
	struct flow flow[]; // by position in hash
};

// rte_hash has a fast comparison for keys of some lengths, and 40 bytes is none of them.
static int compare(const void *a, const void *b, size_t len)
{
	uint64_t x[5], y[5];

	RTE_SET_USED(len);
	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) != 0;
}

struct table *table_create(const char *name, uint32_t size, const struct table_secret *secret,
			   int socket)
{
	struct rte_hash_parameters params = {
		.name = name,
		.entries = RTE_MAX(size, 64u),
		.key_len = sizeof(struct flow_key),
		.socket_id = socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash *hash = rte_hash_create(&params);
	struct table *t;

	if (hash == NULL)
		return NULL;
	uint32_t slots = (uint32_t)rte_hash_max_key_id(hash) + 1;

	t = rte_zmalloc_socket(name, sizeof(*t) + slots * sizeof(struct flow), RTE_CACHE_LINE_SIZE,
			       socket);
	if (t == NULL) {
		rte_hash_free(hash);
		rte_errno = ENOMEM;
		return NULL;
	}
	t->hash = hash;
	rte_hash_set_cmp_func(hash, compare);
	t->secret = *secret;
	t->slots = slots;
	return t;
}

void table_destroy(struct table *t)
{
	if (t == NULL)
		return;
	rte_hash_free(t->hash);
	rte_free(t);
}

void table_lookup_burst(const struct table *t, const struct flow_key *const *key,
			const uint32_t *hash, uint16_t n, struct flow **flow)
{
	int32_t position[RTE_HASH_LOOKUP_BULK_MAX];

	if (n == 0)
		return;
	rte_hash_lookup_with_hash_bulk(t->hash, (const void **)(uintptr_t)key,
				       (hash_sig_t *)(uintptr_t)hash, n, position);
	for (uint16_t i = 0; i < n; i++) {
		flow[i] = position[i] < 0 ? NULL : (struct flow *)(uintptr_t)&t->flow[position[i]];
		rte_prefetch0(flow[i]);
	}
}

struct flow *table_find(const struct table *t, const struct flow_key *key)
{
	int32_t position = rte_hash_lookup_with_hash(t->hash, key, table_hash(key, &t->secret));

	return position < 0 ? NULL : (struct flow *)(uintptr_t)&t->flow[position];
}

struct flow *table_enter(struct table *t, const struct flow_key *key)
{
	struct flow *flow = table_find(t, key);
	int32_t position;

	if (flow != NULL)
		return flow;
	position = rte_hash_add_key_with_hash(t->hash, key, table_hash(key, &t->secret));
	if (position < 0)
		return NULL;
	flow = &t->flow[position];
	*flow = (struct flow){.key = *key, .used = true};
	return flow;
}

void table_leave(struct table *t, struct flow *flow)
{
	if (flow->session != NULL || flow->handshake_tsc != 0)
		return;
	rte_hash_del_key_with_hash(t->hash, &flow->key, table_hash(&flow->key, &t->secret));
	flow->used = false;
}

struct flow *table_walk(struct table *t, uint32_t *cursor)
{
	struct flow *flow = &t->flow[*cursor];

	*cursor = *cursor + 1 < t->slots ? *cursor + 1 : 0;
	return flow->used ? flow : NULL;
}

uint32_t table_slots(const struct table *t)
{
	return t->slots;
}
