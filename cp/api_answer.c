// SPDX-License-Identifier: BSD-3-Clause
#include "api_answer.h"

#include <jansson.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "relay_dir.h"
#include "srtp.h"
#include "srtp_dir.h"

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

// What says which session it is, and what of it backend and media server see.
static json_t *session_object(const struct cp *cp, const struct session_entry *entry)
{
	const struct session *s = entry->session;
	const struct relay *relay = relay_dir_find(cp, &entry->flow);
	json_t *object = json_object();
	char id[24];

	snprintf(id, sizeof(id), "%" PRIu64, entry->id);
	set(object, "session", id);
	set(object, "listener", cp->config->listener[s->listener].name);
	set_addr(object, "peer", &entry->flow.remote, entry->flow.remote_port);
	set_addr(object, "local", &entry->flow.local, entry->flow.local_port);
	set_addr(object, "data_from", &cp->dp->nat.addr[s->nat_addr].addr, s->nat_port);
	if (relay != NULL)
		set_addr(object, "media_from", &cp->dp->nat.addr[relay->nat_addr].addr,
			 relay->nat_port);
	if (entry->srtp != NULL)
		set(object, "profile", srtp_info[entry->srtp->profile].name);
	return object;
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

static char *answer_sessions(const struct cp *cp, uint32_t cursor)
{
	json_t *object = json_object(), *list = json_array();
	struct session_view view;
	uint32_t nb = 0;

	while (nb < API_PAGE && session_dir_next(cp->sessions, &cursor, &view)) {
		json_array_append_new(list,
				      session_object(cp, session_dir_find(cp->sessions, view.id)));
		nb++;
	}
	json_object_set_new(object, "sessions", list);
	if (nb == API_PAGE)
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

char *api_answer(const struct cp *cp, const struct api_request *request)
{
	switch (request->command) {
	case API_SESSIONS:
		return answer_sessions(cp, request->cursor);
	case API_SRTP:
		return answer_srtp(cp, request);
	case API_WATCH:
		return line(json_pack("{s:b}", "watch", 1));
	}
	return NULL;
}
