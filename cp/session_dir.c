// SPDX-License-Identifier: BSD-3-Clause
#include "session_dir.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "srtp.h"
#include "stats.h"

#define NO_SLOT	   UINT32_MAX
#define TIDY_SLOTS 4

struct session_dir {
	uint32_t max;
	uint32_t slots; // max and the spare ones
	uint32_t count;
	uint32_t first_free;
	uint32_t remove_at; // in front of it no entry has removing clear
	uint32_t tidy_at;   // next slot of session_dir_tidy()
	struct session_entry entry[];
};

struct session_dir *session_dir_create(uint32_t max, uint32_t spare)
{
	uint32_t slots = max + spare;
	struct session_dir *dir = calloc(1, sizeof(*dir) + slots * sizeof(dir->entry[0]));

	if (dir == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	dir->max = max;
	dir->slots = slots;
	for (uint32_t i = 0; i < slots; i++) {
		dir->entry[i].id = UINT64_C(1) << 32 | i;
		dir->entry[i].next_free = i + 1 < slots ? i + 1 : NO_SLOT;
	}
	dir->first_free = slots > 0 ? 0 : NO_SLOT;
	return dir;
}

static void drop_ticket(struct session_entry *entry)
{
	free(entry->flight.ticket);
	entry->flight.ticket = NULL;
	entry->flight.ticket_len = 0;
}

static void drop(struct session_entry *entry)
{
	drop_ticket(entry);
	identity_destroy(entry->identity);
	entry->identity = NULL;
	srtp_destroy(entry->srtp);
	entry->srtp = NULL;
}

void session_dir_destroy(struct session_dir *dir)
{
	if (dir == NULL)
		return;
	for (uint32_t i = 0; i < dir->slots; i++)
		drop(&dir->entry[i]);
	free(dir);
}

struct session_entry *session_dir_enter(struct session_dir *dir, struct session *s, bool replaces)
{
	struct session_entry *entry;

	if (dir->first_free == NO_SLOT || (dir->count >= dir->max && !replaces))
		return NULL;
	entry = &dir->entry[dir->first_free];
	dir->first_free = entry->next_free;
	dir->count++;
	entry->session = s;
	entry->since = time(NULL);
	entry->live = false;
	entry->ended = false;
	entry->removing = false;
	entry->counted = false;
	memset(&entry->tag, 0, sizeof(entry->tag));
	memset(&entry->flight, 0, sizeof(entry->flight));
	s->id = entry->id;
	return entry;
}

struct session_entry *session_dir_find(const struct session_dir *dir, session_id id)
{
	uint32_t slot = (uint32_t)id;

	if (slot >= dir->slots || dir->entry[slot].id != id || dir->entry[slot].session == NULL)
		return NULL;
	return (struct session_entry *)(uintptr_t)&dir->entry[slot];
}

void session_dir_tidy(struct session_dir *dir)
{
	for (int i = 0; i < TIDY_SLOTS; i++) {
		struct session_entry *entry = &dir->entry[dir->tidy_at];

		dir->tidy_at = dir->tidy_at + 1 < dir->slots ? dir->tidy_at + 1 : 0;
		if (entry->session != NULL && entry->live && STATS_READ(entry->session->rx_data))
			drop_ticket(entry);
	}
}

void session_dir_leave(struct session_dir *dir, struct session_entry *entry)
{
	uint32_t slot = (uint32_t)entry->id;
	uint32_t generation = (uint32_t)(entry->id >> 32) + 1;

	drop(entry);
	entry->session = NULL;
	entry->id = (session_id)RTE_MAX(generation, 1u) << 32 | slot;
	entry->next_free = dir->first_free;
	dir->first_free = slot;
	dir->count--;
}

uint32_t session_dir_count(const struct session_dir *dir)
{
	return dir->count;
}

struct session_entry *session_dir_unremoved(struct session_dir *dir)
{
	for (; dir->remove_at < dir->slots; dir->remove_at++) {
		struct session_entry *entry = &dir->entry[dir->remove_at];

		if (entry->session != NULL && !entry->removing)
			return entry;
	}
	return NULL;
}

// As the lcore writes them; tests/tsan.supp knows it by its name.
static void copy_counters(const struct session *s, struct session_view *view)
{
	view->rx_records = STATS_READ(s->rx.records);
	view->rx_bytes = STATS_READ(s->rx.bytes);
	view->rx_forged = STATS_READ(s->rx.key.forged);
	view->tx_records = STATS_READ(s->tx.seq);
	view->tx_bytes = STATS_READ(s->tx.bytes);
}

void session_dir_view(const struct session_entry *entry, struct session_view *view)
{
	const struct session *s = entry->session;

	view->id = entry->id;
	view->flow = entry->flow;
	view->backend = s->backend;
	view->backend_port = s->backend_port;
	view->listener = s->listener;
	view->lcore = s->lcore;
	view->identity = entry->identity;
	view->suite = aead_name(s->suite);
	view->profile = entry->srtp != NULL ? srtp_info[entry->srtp->profile].name : NULL;
	view->since = entry->since;
	view->nat_addr = s->nat_addr;
	view->nat_port = rte_be_to_cpu_16(s->nat_port);
	copy_counters(s, view);
}

uint32_t session_dir_list(const struct session_dir *dir, uint32_t *cursor,
			  struct session_view *view, uint32_t max)
{
	uint32_t nb = 0, at = *cursor;

	for (uint32_t i = 0; i < SESSION_DIR_STEP && at < dir->slots && nb < max; i++, at++)
		if (dir->entry[at].session != NULL && dir->entry[at].live)
			session_dir_view(&dir->entry[at], &view[nb++]);
	*cursor = at < dir->slots ? at : SESSION_DIR_END;
	return nb;
}
