// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry_session.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <time.h>

#include "session_dir.h"

// DPDK 22.11 puts at most 16 kB in an answer, and into a dictionary no containers but arrays.
#define PAGE	 128
#define BATCH	 32 // sessions copied at a time
#define TEXT_LEN RTE_TEL_MAX_STRING_LEN

bool telemetry_lock(struct cp *cp)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	return pthread_mutex_timedlock(&cp->lock, &until) == 0;
}

static void print(const struct cp *cp, const struct session_view *view, struct rte_tel_data *list)
{
	char text[TEXT_LEN], peer[IP_PORT_TEXT_LEN];

	ip_port_format(&view->flow.remote, view->flow.remote_port, peer);
	snprintf(text, sizeof(text), "%" PRIu64 " %s %s", view->id, peer,
		 cp->config->listener[view->listener].name);
	rte_tel_data_add_array_string(list, text);
}

// Sets *total to the number of all sessions.
static int add_page(struct cp *cp, uint32_t *cursor, uint32_t *total, struct rte_tel_data *list)
{
	struct session_view view[BATCH];
	uint32_t nb = 0, n;

	do {
		if (!telemetry_lock(cp))
			return -EBUSY;
		*total = session_dir_count(cp->sessions);
		n = session_dir_list(cp->sessions, cursor, view,
				     RTE_MIN((uint32_t)BATCH, PAGE - nb));
		cp_unlock(cp);
		for (uint32_t i = 0; i < n; i++)
			print(cp, &view[i], list);
		nb += n;
		sched_yield(); // to who waits for the lock
	} while (nb < PAGE && *cursor != SESSION_DIR_END);
	return 0;
}

int telemetry_session_list(struct cp *cp, uint32_t cursor, struct rte_tel_data *d)
{
	struct rte_tel_data *list = rte_tel_data_alloc();
	char text[TEXT_LEN];
	uint32_t total;
	int ret;

	if (list == NULL)
		return -ENOMEM;
	rte_tel_data_start_array(list, RTE_TEL_STRING_VAL);
	ret = add_page(cp, &cursor, &total, list);
	if (ret != 0) {
		rte_tel_data_free(list);
		return ret;
	}
	rte_tel_data_start_dict(d);
	DICT_ADD(d, "sessions", total);
	rte_tel_data_add_dict_container(d, "list", list, 0);
	if (cursor != SESSION_DIR_END) {
		snprintf(text, sizeof(text), "cursor=%" PRIu32, cursor);
		rte_tel_data_add_dict_string(d, "next", text);
	}
	return 0;
}

// psk_identity, or subject and fingerprint; nothing for a client that proved nothing.
static void add_identity(const struct identity *identity, struct rte_tel_data *d)
{
	char hex[2 * IDENTITY_FINGERPRINT_LEN + 1];

	if (identity == NULL)
		return;
	if (identity->kind == IDENTITY_PSK) {
		rte_tel_data_add_dict_string(d, "psk_identity", identity->text);
		return;
	}
	for (int i = 0; i < IDENTITY_FINGERPRINT_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", identity->fingerprint[i]);
	rte_tel_data_add_dict_string(d, "subject", identity->text);
	rte_tel_data_add_dict_string(d, "fingerprint", hex);
}

static void add_addr(struct rte_tel_data *d, const char *key, const struct ip_addr *addr,
		     rte_be16_t port)
{
	char text[IP_PORT_TEXT_LEN];

	rte_tel_data_add_dict_string(d, key, ip_port_format(addr, port, text));
}

static void show(const struct cp *cp, const struct session_entry *entry, struct rte_tel_data *d)
{
	char since[sizeof("2026-01-01T00:00:00Z")];
	struct session_view view;
	struct tm tm;

	session_dir_view(entry, &view);
	strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&view.since, &tm));
	rte_tel_data_start_dict(d);
	DICT_ADD(d, "id", view.id);
	add_addr(d, "peer", &view.flow.remote, view.flow.remote_port);
	add_addr(d, "local", &view.flow.local, view.flow.local_port);
	add_addr(d, "backend", &view.backend, view.backend_port);
	rte_tel_data_add_dict_string(d, "listener", cp->config->listener[view.listener].name);
	rte_tel_data_add_dict_string(d, "suite", view.suite);
	rte_tel_data_add_dict_string(d, "since", since);
	add_identity(view.identity, d);
	DICT_ADD(d, "lcore", view.lcore);
	DICT_ADD(d, "nat_port", view.nat_port);
	DICT_ADD(d, "rx_records", view.rx_records);
	DICT_ADD(d, "rx_bytes", view.rx_bytes);
	DICT_ADD(d, "rx_forged", view.rx_forged);
	DICT_ADD(d, "tx_records", view.tx_records);
	DICT_ADD(d, "tx_bytes", view.tx_bytes);
}

int telemetry_session_show(struct cp *cp, session_id id, struct rte_tel_data *d)
{
	const struct session_entry *entry;
	int ret = -ENOENT;

	if (!telemetry_lock(cp))
		return -EBUSY;
	entry = session_dir_find(cp->sessions, id);
	if (entry != NULL && entry->live) {
		show(cp, entry, d);
		ret = 0;
	}
	cp_unlock(cp);
	return ret;
}
