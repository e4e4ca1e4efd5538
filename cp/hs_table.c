// SPDX-License-Identifier: BSD-3-Clause
#include "hs_table.h"

#include <errno.h>
#include <rte_common.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_random.h>
#include <stdlib.h>

#include "config.h"
#include "handshake.h"

struct hs_table {
	struct rte_hash *hash;
	TAILQ_HEAD(, handshake) all; // in the order they entered
	_Atomic uint32_t count;
	uint32_t max;
	struct hs_room *room;
	struct handshake_stats stats[CONFIG_LISTENER_MAX];
};

struct hs_table *hs_table_create(const char *name, uint32_t max, struct hs_room *room)
{
	struct rte_hash_parameters params = {
		.name = name,
		.entries = RTE_MAX(max, 64u),
		.key_len = sizeof(struct flow_key),
		.hash_func = rte_jhash,
		.hash_func_init_val = (uint32_t)rte_rand(),
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct hs_table *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	TAILQ_INIT(&t->all);
	t->max = max;
	t->room = room;
	t->hash = rte_hash_create(&params);
	if (t->hash == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void hs_table_destroy(struct hs_table *t)
{
	if (t == NULL)
		return;
	rte_hash_free(t->hash);
	free(t);
}

struct handshake *hs_table_find(const struct hs_table *t, const struct flow_key *flow)
{
	void *hs;

	return rte_hash_lookup_data(t->hash, flow, &hs) < 0 ? NULL : hs;
}

// Takes one of what is free.  False: none is.
static bool take(_Atomic uint32_t *room)
{
	uint32_t left = atomic_load(room);

	while (left > 0)
		if (atomic_compare_exchange_weak(room, &left, left - 1))
			return true;
	return false;
}

int hs_table_enter(struct hs_table *t, struct handshake *hs)
{
	if (hs_table_find(t, &hs->flow) != NULL)
		return -EEXIST;
	if (t->count == t->max || !take(&t->room->handshakes))
		return -ENOSPC;
	if (rte_hash_add_key_data(t->hash, &hs->flow, hs) != 0) {
		atomic_fetch_add(&t->room->handshakes, 1);
		return -ENOSPC;
	}
	TAILQ_INSERT_TAIL(&t->all, hs, link);
	t->count++;
	return 0;
}

void hs_table_leave(struct hs_table *t, struct handshake *hs)
{
	if (hs_table_find(t, &hs->flow) != hs)
		return;
	rte_hash_del_key(t->hash, &hs->flow);
	TAILQ_REMOVE(&t->all, hs, link);
	t->count--;
	atomic_fetch_add(&t->room->handshakes, 1);
}

uint32_t hs_table_count(const struct hs_table *t)
{
	return t->count;
}

struct handshake *hs_table_first(const struct hs_table *t)
{
	return TAILQ_FIRST(&t->all);
}

struct handshake *hs_table_next(const struct handshake *hs)
{
	return TAILQ_NEXT(hs, link);
}

bool hs_table_early_take(struct hs_table *t)
{
	return take(&t->room->early);
}

void hs_table_early_give(struct hs_table *t)
{
	atomic_fetch_add(&t->room->early, 1);
}

struct handshake_stats *hs_table_counters(struct hs_table *t, uint16_t listener)
{
	return &t->stats[listener];
}
