// SPDX-License-Identifier: BSD-3-Clause
#include "api_answer.h"

#include <jansson.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <sched.h>
#include <stdlib.h>

#include "relay_dir.h"
#include "srtp.h"
#include "srtp_dir.h"

#define BATCH		16 // sessions copied at a time
#define BASE64_LEN(len) (((len) + 2) / 3 * 4 + 1)

static void wiping_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void api_answer_init(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
}

void api_text_free(char *text)
{
	wiping_free(text);
}

// object as a line; takes it, NULL as well.
static char *line(json_t *object)
{
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	char *out = text != NULL ? malloc(len + 2) : NULL;

	if (out != NULL) {
		memcpy(out, text, len);
		memcpy(out + len, "\n", 2);
	}
	api_text_free(text);
	json_decref(object);
	return out;
}

char *api_error(const char *reason)
{
	return line(json_pack("{s:s}", "error", reason));
}

static void set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_addr(json_t *object, const char *key, const struct ip_addr *addr, rte_be16_t port)
{
	char text[IP_PORT_TEXT_LEN];

	set(object, key, ip_port_format(addr, port, text));
}

static void set_identity(json_t *object, const struct identity *identity)
{
	char hex[2 * IDENTITY_FINGERPRINT_LEN + 1];

	if (identity == NULL || identity->kind != IDENTITY_CERTIFICATE)
		return;
	for (int i = 0; i < IDENTITY_FINGERPRINT_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", identity->fingerprint[i]);
	set(object, "subject", identity->text);
	set(object, "fingerprint", hex);
}

// A session, and what its backend and media server see of it.
struct row {
	struct session_view view;
	struct ip_addr media_from;
	rte_be16_t media_port; // 0: there is no relay
};

// With cp->lock.
static void add_relay(const struct cp *cp, struct row *row)
{
	const struct relay *relay = relay_dir_find(cp, &row->view.flow);

	row->media_port = 0;
	if (relay == NULL)
		return;
	row->media_from = cp->dp->nat.addr[relay->nat_addr].addr;
	row->media_port = relay->nat_port;
}

static json_t *row_object(const struct cp *cp, const struct row *row)
{
	const struct session_view *view = &row->view;
	json_t *object = json_object();
	char id[24];

	snprintf(id, sizeof(id), "%" PRIu64, view->id);
	set(object, "session", id);
	set(object, "listener", cp->config->listener[view->listener].name);
	set_addr(object, "peer", &view->flow.remote, view->flow.remote_port);
	set_addr(object, "local", &view->flow.local, view->flow.local_port);
	set_addr(object, "data_from", &cp->dp->nat.addr[view->nat_addr].addr,
		 rte_cpu_to_be_16(view->nat_port));
	if (row->media_port != 0)
		set_addr(object, "media_from", &row->media_from, row->media_port);
	if (view->profile != NULL)
		set(object, "profile", view->profile);
	return object;
}

static json_t *session_object(const struct cp *cp, const struct session_entry *entry)
{
	struct row row;

	session_dir_view(entry, &row.view);
	add_relay(cp, &row);
	return row_object(cp, &row);
}

static void set_key(json_t *object, const char *key, const uint8_t *bytes, int len)
{
	unsigned char text[BASE64_LEN(SRTP_KEY_MAX)];

	EVP_EncodeBlock(text, bytes, len);
	set(object, key, (const char *)text);
	explicit_bzero(text, sizeof(text));
}

static json_t *srtp_object(const struct cp *cp, const struct session_entry *entry)
{
	const struct srtp_info *info = &srtp_info[entry->srtp->profile];
	json_t *object = session_object(cp, entry);

	set_key(object, "client_key", entry->srtp->client, info->key_len + info->salt_len);
	set_key(object, "server_key", entry->srtp->server, info->key_len + info->salt_len);
	set_identity(object, entry->identity);
	return object;
}

char *api_event_up(const struct cp *cp, const struct session_entry *entry)
{
	json_t *object = srtp_object(cp, entry);

	set(object, "event", "up");
	return line(object);
}

char *api_event_down(const struct cp *cp, const struct session_entry *entry)
{
	json_t *object = session_object(cp, entry);

	set(object, "event", "down");
	set(object, "reason", session_end_text((enum session_end)entry->session->end));
	return line(object);
}

// A step of the walk: the next few sessions.
static uint32_t copy_rows(struct cp *cp, uint32_t *cursor, struct row *row, uint32_t max)
{
	struct session_view view[BATCH];
	uint32_t nb;

	cp_lock(cp);
	nb = session_dir_list(cp->sessions, cursor, view, RTE_MIN(max, (uint32_t)BATCH));
	for (uint32_t i = 0; i < nb; i++) {
		row[i].view = view[i];
		add_relay(cp, &row[i]);
	}
	cp_unlock(cp);
	return nb;
}

static char *answer_sessions(struct cp *cp, uint32_t cursor)
{
	json_t *object = json_object(), *list = json_array();
	struct row row[BATCH];
	uint32_t nb = 0, n;

	for (int i = 0; i < API_STEPS && nb < API_PAGE && cursor != SESSION_DIR_END; i++) {
		n = copy_rows(cp, &cursor, row, API_PAGE - nb);
		for (uint32_t k = 0; k < n; k++)
			json_array_append_new(list, row_object(cp, &row[k]));
		nb += n;
		sched_yield(); // to who waits for the lock
	}
	json_object_set_new(object, "sessions", list);
	if (cursor != SESSION_DIR_END)
		json_object_set_new(object, "next", json_integer(cursor));
	return line(object);
}

// The ethdev port that has the address.
static uint16_t port_of(const struct cp *cp, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < cp->config->port_nb; i++) {
		const struct config_port *port = &cp->config->port[i];

		for (uint16_t k = 0; k < port->addr_nb; k++) {
			if (ip_equal(&port->addr[k].addr, addr))
				return cp->dp->port_id[i];
		}
	}
	return UINT16_MAX;
}

// Adds to *nb the peer's sessions on the listener's addresses.  Returns one of them, or NULL.
static const struct session_entry *find_on(const struct cp *cp, const struct api_request *request,
					   const struct config_listener *listener, unsigned int *nb)
{
	struct flow_key flow = {
		.remote = request->peer,
		.remote_port = request->peer_port,
		.local_port = rte_cpu_to_be_16(listener->port),
	};
	const struct session_entry *found = NULL, *entry;

	for (uint16_t i = 0; i < listener->addr_nb; i++) {
		flow.local = listener->addr[i];
		flow.port_id = port_of(cp, &flow.local);
		entry = srtp_dir_find(cp, &flow);
		if (entry == NULL)
			continue;
		found = entry;
		(*nb)++;
	}
	return found;
}

// The peer's session, NULL if there is not exactly one; *nb says how many.
static const struct session_entry *find_peer(const struct cp *cp, const struct api_request *request,
					     unsigned int *nb)
{
	const struct session_entry *found = NULL, *entry;

	for (uint16_t i = 0; i < cp->config->listener_nb; i++) {
		const struct config_listener *listener = &cp->config->listener[i];

		if (request->listener[0] != '\0' && strcmp(request->listener, listener->name) != 0)
			continue;
		entry = find_on(cp, request, listener, nb);
		if (entry != NULL)
			found = entry;
	}
	return *nb == 1 ? found : NULL;
}

static char *answer_srtp(const struct cp *cp, const struct api_request *request)
{
	const struct session_entry *entry = NULL;
	const struct relay *relay;
	unsigned int nb = 0;

	if (request->session != 0) {
		entry = session_dir_find(cp->sessions, request->session);
	} else if (request->peer_port != 0) {
		entry = find_peer(cp, request, &nb);
	} else {
		relay = relay_dir_find_nat(cp, &request->media_from, request->media_port);
		if (relay != NULL)
			entry = srtp_dir_find(cp, &relay->flow);
	}
	if (nb > 1)
		return api_error(
			"the peer has several sessions; expected its listener, or session");
	if (entry == NULL || entry->srtp == NULL)
		return api_error("no such session with keys for SRTP");
	return line(srtp_object(cp, entry));
}

char *api_answer(struct cp *cp, const struct api_request *request)
{
	char *answer;

	switch (request->command) {
	case API_SESSIONS:
		return answer_sessions(cp, request->cursor);
	case API_SRTP:
		cp_lock(cp);
		answer = answer_srtp(cp, request);
		cp_unlock(cp);
		return answer;
	case API_WATCH:
		return line(json_pack("{s:b}", "watch", 1));
	}
	return NULL;
}
