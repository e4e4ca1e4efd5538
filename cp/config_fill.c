// SPDX-License-Identifier: BSD-3-Clause
#include "config_fill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "srtp.h"
#include "suites.h"

#define CPU_MAX 1023

// text as a whole number, value if it is not given, least if it is none.
static uint32_t number(struct config_doc *doc, const char *key, const char *text, uint32_t value,
		       uint32_t least, uint32_t most)
{
	unsigned long long n;

	if (text == NULL)
		return value;
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' ||
	    (text[0] == '0' && text[1] != '\0')) {
		config_error(doc, key, "\"%.64s\" is no whole number; expected %u to %u", text,
			     least, most);
		return least;
	}
	errno = 0;
	n = strtoull(text, NULL, 10);
	if (errno != 0 || n < least || n > most) {
		config_error(doc, key, "%.64s is out of range; expected %u to %u", text, least,
			     most);
		return least;
	}
	return (uint32_t)n;
}

// Index of text in the NULL-terminated words, value if it is not given, 0 if it is none of them.
static unsigned int word(struct config_doc *doc, const char *key, const char *text,
			 unsigned int value, const char *const *words)
{
	char list[128] = "";
	size_t len = 0;

	if (text == NULL)
		return value;
	for (unsigned int i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						i > 0 ? ", " : "", words[i]);
	}
	config_error(doc, key, "\"%.64s\" is unknown; expected one of: %s", text, list);
	return 0;
}

static bool boolean(struct config_doc *doc, const char *key, const char *text, bool value)
{
	static const char *const words[] = {"false", "true", NULL};

	return word(doc, key, text, value, words) == 1;
}

// True if text is a name; prints otherwise.
static bool is_name(struct config_doc *doc, const char *key, const char *text)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-";
	size_t len = strlen(text);

	if (len > 0 && len < CONFIG_NAME_LEN && strspn(text, chars) == len)
		return true;
	config_error(doc, key, "\"%.64s\" is no name; expected 1 to %d letters, digits, - and _",
		     text, CONFIG_NAME_LEN - 1);
	return false;
}

static void name(struct config_doc *doc, const char *text, char dst[static CONFIG_NAME_LEN])
{
	if (is_name(doc, "name", text))
		memcpy(dst, text, strlen(text) + 1);
}

// A copy of text, or of value if it is not given.
static char *copy(struct config_doc *doc, const char *key, const char *text, const char *value)
{
	char *s;

	if (text != NULL && text[0] == '\0') {
		config_error(doc, key, "empty; expected a value, or the key left out");
		return NULL;
	}
	if (text == NULL)
		text = value;
	s = text != NULL ? strdup(text) : NULL;
	if (s == NULL && text != NULL)
		config_error(doc, key, "out of memory; expected room for %zu bytes", strlen(text));
	return s;
}

// A file name as the program opens it: relative ones start at the configuration's directory.
static char *file_name(struct config_doc *doc, const char *key, const char *text)
{
	const char *slash = strrchr(doc->file, '/');
	char *path;

	if (text == NULL || text[0] == '\0' || text[0] == '/' || slash == NULL)
		return copy(doc, key, text, NULL);
	if (asprintf(&path, "%.*s/%s", (int)(slash - doc->file), doc->file, text) < 0) {
		config_error(doc, key, "out of memory; expected room for a file name");
		return NULL;
	}
	return path;
}

// IPv4-mapped text is refused: struct ip_addr could not tell it from IPv4.
static void address(struct config_doc *doc, const char *key, const char *text, struct ip_addr *dst)
{
	if (ip_parse(text, dst) == 0 && (strchr(text, ':') == NULL || !ip_is_v4(dst)))
		return;
	memset(dst, 0, sizeof(*dst));
	config_error(doc, key,
		     "\"%.64s\" is no IP address; expected one as 192.0.2.1 or "
		     "2001:db8::1",
		     text);
}

static void prefix(struct config_doc *doc, const char *text, struct config_addr *dst)
{
	const char *slash = strchr(text, '/');
	char addr[IP_TEXT_LEN];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(addr)) {
		config_error(doc, "",
			     "\"%.64s\" has no prefix length; expected "
			     "ADDRESS/LENGTH as 192.0.2.1/24",
			     text);
		return;
	}
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	address(doc, "", addr, &dst->addr);
	if (!ip_is_set(&dst->addr))
		return;
	dst->prefix_len =
		(uint8_t)number(doc, "", slash + 1, 0, 1, ip_is_v4(&dst->addr) ? 32 : 128);
}

static void fill_lcores(struct config_doc *doc, const struct raw_lcores *raw, struct config *config)
{
	static const char *const polls[] = {"busy", "adaptive", NULL};

	config_at(doc, "lcores");
	config->control_cpu = (uint16_t)number(doc, "control", raw->control, 0, 0, CPU_MAX);
	config->poll_adaptive = word(doc, "poll", raw->poll, 0, polls) == 1;
	config->lcore_nb = raw->workers != NULL ? (uint16_t)raw->workers_count : 1;
	config->lcore_cpu[0] = 1;
	for (unsigned int i = 0; i < raw->workers_count; i++) {
		config_at(doc, "lcores.workers[%u]", i);
		config->lcore_cpu[i] = (uint16_t)number(doc, "", raw->workers[i], 0, 0, CPU_MAX);
	}
	config->handshake_nb = raw->handshakes != NULL ? (uint16_t)raw->handshakes_count : 1;
	config->handshake_cpu[0] = config->control_cpu;
	for (unsigned int i = 0; i < raw->handshakes_count; i++) {
		config_at(doc, "lcores.handshakes[%u]", i);
		config->handshake_cpu[i] =
			(uint16_t)number(doc, "", raw->handshakes[i], 0, 0, CPU_MAX);
	}
}

static void fill_eal(struct config_doc *doc, const struct raw_config *raw, struct config *config)
{
	config_at(doc, "memory");
	config->huge_pages = boolean(doc, "huge_pages", raw->memory.huge_pages, true);
	config->memory_mb = number(doc, "memory_mb", raw->memory.memory_mb, 0, 0, 1048576);
	config_at(doc, "eal");
	config->file_prefix = copy(doc, "file_prefix", raw->eal.file_prefix, "dtlsgw");
	if (config->file_prefix != NULL)
		is_name(doc, "file_prefix", config->file_prefix);
	for (unsigned int i = 0; i < raw->eal.args_count; i++) {
		config_at(doc, "eal.args[%u]", i);
		config->eal_arg[config->eal_arg_nb++] = copy(doc, "", raw->eal.args[i], NULL);
	}
}

static void fill_gateways(struct config_doc *doc, unsigned int i, const struct raw_port *raw,
			  struct config_port *port)
{
	struct ip_addr addr, *dst;

	for (unsigned int j = 0; j < raw->gateways_count; j++) {
		config_at(doc, "ports[%u].gateways[%u]", i, j);
		address(doc, "", raw->gateways[j], &addr);
		dst = ip_is_v4(&addr) ? &port->gateway_v4 : &port->gateway_v6;
		if (ip_is_set(dst))
			config_error(doc, "",
				     "second gateway of its family; expected at most one "
				     "IPv4 and one IPv6 gateway");
		else
			*dst = addr;
	}
}

static void fill_port(struct config_doc *doc, unsigned int i, const struct raw_port *raw,
		      struct config_port *port)
{
	static const char *const roles[] = {
		[CONFIG_OUTSIDE] = "outside", [CONFIG_INSIDE] = "inside", NULL};
	char path[CONFIG_PATH_LEN];

	config_at(doc, "ports[%u]", i);
	name(doc, raw->name, port->name);
	port->device = copy(doc, "device", raw->device, NULL);
	snprintf(path, sizeof(path), "ports[%u].device", i);
	port->line = config_line(doc, path);
	port->role = word(doc, "role", raw->role, 0, roles);
	port->mtu = (uint16_t)number(doc, "mtu", raw->mtu, 1500, 576, 9000);
	port->vlan = (uint16_t)number(doc, "vlan", raw->vlan, 0, 0, 4094);
	port->queues = (uint16_t)number(doc, "queues", raw->queues, 0, 0, CONFIG_LCORE_MAX);
	port->rx_descs = (uint16_t)number(doc, "rx_descs", raw->rx_descs, 1024, 64, 32768);
	port->tx_descs = (uint16_t)number(doc, "tx_descs", raw->tx_descs, 1024, 64, 32768);
	port->addr_nb = (uint16_t)raw->addresses_count;
	for (unsigned int j = 0; j < raw->addresses_count; j++) {
		config_at(doc, "ports[%u].addresses[%u]", i, j);
		prefix(doc, raw->addresses[j], &port->addr[j]);
	}
	fill_gateways(doc, i, raw, port);
}

// Index of the backend that key names.
static uint16_t backend_index(struct config_doc *doc, const char *key, const char *text,
			      const struct raw_config *raw)
{
	for (unsigned int i = 0; i < raw->backends_count; i++)
		if (strcmp(raw->backends[i].name, text) == 0)
			return (uint16_t)i;
	config_error(doc, key, "\"%.64s\" is unknown; expected a name from backends", text);
	return 0;
}

// Where config_at() is the listener.
static void fill_clients(struct config_doc *doc, const struct raw_listener *raw,
			 struct config_listener *listener)
{
	static const char *const modes[] = {
		[CONFIG_CLIENT_CERTIFICATE_NONE] = "none",
		[CONFIG_CLIENT_CERTIFICATE_OPTIONAL] = "optional",
		[CONFIG_CLIENT_CERTIFICATE_REQUIRED] = "required",
		NULL,
	};
	static const char *const unknown[] = {"default", "refuse", NULL};

	listener->refuse_unknown_name =
		word(doc, "unknown_name", raw->unknown_name, 0, unknown) == 1;
	listener->psk_file = file_name(doc, "psk_file", raw->psk_file);
	listener->psk_hint = copy(doc, "psk_hint", raw->psk_hint, NULL);
	listener->client_certificate =
		word(doc, "client_certificate", raw->client_certificate, 0, modes);
	listener->client_ca = file_name(doc, "client_ca", raw->client_ca);
	listener->client_crl = file_name(doc, "client_crl", raw->client_crl);
}

// owner is the path of what has the certificates.
static void fill_certificates(struct config_doc *doc, const char *owner,
			      const struct raw_certificate *raw, unsigned int nb,
			      struct config_certificate *certificate)
{
	for (unsigned int i = 0; i < nb; i++) {
		config_at(doc, "%s.certificates[%u]", owner, i);
		certificate[i].certificate = file_name(doc, "certificate", raw[i].certificate);
		certificate[i].key = file_name(doc, "key", raw[i].key);
	}
}

static void fill_server_name(struct config_doc *doc, const char *path, const struct raw_config *all,
			     const struct raw_server_name *raw, struct config_server_name *name)
{
	config_at(doc, "%s", path);
	name->name = copy(doc, "name", raw->name, NULL);
	name->backend = raw->backend != NULL ? backend_index(doc, "backend", raw->backend, all)
					     : CONFIG_BACKEND_NONE;
	name->certificate_nb = (uint16_t)raw->certificates_count;
	fill_certificates(doc, path, raw->certificates, raw->certificates_count, name->certificate);
}

static void fill_srtp(struct config_doc *doc, unsigned int i, const struct raw_listener *raw,
		      struct config_listener *listener)
{
	static const char *const profiles[] = {
#define X(name, number, key_len, salt_len) "SRTP_" #name,
		SRTP_PROFILES(X)
#undef X
			NULL};

	listener->srtp_nb = (uint16_t)raw->srtp_count;
	for (unsigned int j = 0; j < raw->srtp_count; j++) {
		config_at(doc, "listeners[%u].srtp[%u]", i, j);
		listener->srtp[j] = (uint8_t)word(doc, "", raw->srtp[j], 0, profiles);
	}
}

static void fill_listener(struct config_doc *doc, unsigned int i, const struct raw_config *all,
			  struct config_listener *listener)
{
	const struct raw_listener *raw = &all->listeners[i];
	char path[CONFIG_PATH_LEN];

	config_at(doc, "listeners[%u]", i);
	name(doc, raw->name, listener->name);
	listener->port = (uint16_t)number(doc, "port", raw->port, 0, 1, 65535);
	listener->backend = backend_index(doc, "backend", raw->backend, all);
	listener->media = raw->media != NULL ? backend_index(doc, "media", raw->media, all)
					     : CONFIG_BACKEND_NONE;
	listener->suites = copy(doc, "suites", raw->suites, SUITES_DEFAULT);
	listener->groups = copy(doc, "groups", raw->groups, SUITES_GROUPS_DEFAULT);
	listener->signatures = copy(doc, "signature_algorithms", raw->signature_algorithms,
				    SUITES_SIGNATURES_DEFAULT);
	listener->addr_nb = (uint16_t)raw->addresses_count;
	for (unsigned int j = 0; j < raw->addresses_count; j++) {
		config_at(doc, "listeners[%u].addresses[%u]", i, j);
		address(doc, "", raw->addresses[j], &listener->addr[j]);
	}
	config_at(doc, "listeners[%u]", i);
	fill_clients(doc, raw, listener);
	listener->certificate_nb = (uint16_t)raw->certificates_count;
	snprintf(path, sizeof(path), "listeners[%u]", i);
	fill_certificates(doc, path, raw->certificates, raw->certificates_count,
			  listener->certificate);
	listener->server_name_nb = (uint16_t)raw->server_names_count;
	for (unsigned int j = 0; j < raw->server_names_count; j++) {
		snprintf(path, sizeof(path), "listeners[%u].server_names[%u]", i, j);
		fill_server_name(doc, path, all, &raw->server_names[j], &listener->server_name[j]);
	}
	listener->alpn_nb = (uint16_t)raw->alpn_count;
	for (unsigned int j = 0; j < raw->alpn_count; j++) {
		config_at(doc, "listeners[%u].alpn[%u]", i, j);
		listener->alpn[j] = copy(doc, "", raw->alpn[j], NULL);
	}
	fill_srtp(doc, i, raw, listener);
}

static void fill_backend(struct config_doc *doc, unsigned int i, const struct raw_backend *raw,
			 struct config_backend *backend)
{
	config_at(doc, "backends[%u]", i);
	name(doc, raw->name, backend->name);
	address(doc, "address", raw->address, &backend->addr);
	backend->port = (uint16_t)number(doc, "port", raw->port, 0, 1, 65535);
}

static void fill_limits(struct config_doc *doc, const struct raw_limits *raw, struct config *config)
{
	config_at(doc, "limits");
#define X(key, value, least, most) config->key = number(doc, #key, raw->key, value, least, most);
	CONFIG_LIMITS(X)
#undef X
	if ((config->replay_window & (config->replay_window - 1)) != 0)
		config_error(doc, "replay_window",
			     "%u is no power of two; expected 64, 128 and so on to %u",
			     config->replay_window, REPLAY_WINDOW_MAX);
}

static void fill_resumption(struct config_doc *doc, const struct raw_resumption *raw,
			    struct config *config)
{
	config_at(doc, "resumption");
	config->tickets = boolean(doc, "tickets", raw->tickets, true);
	config->ticket_keys = file_name(doc, "ticket_keys", raw->ticket_keys);
	config->state_file = file_name(doc, "state_file", raw->state_file);
	config->resumption_lifetime_s = number(doc, "lifetime_s", raw->lifetime_s, 7200, 1, 604800);
	config->session_cache = number(doc, "cache", raw->cache, 1000, 0, 1000000);
	if (!config->tickets && config->ticket_keys != NULL)
		config_error(doc, "ticket_keys", "given without tickets; expected tickets: true");
	if (config->state_file != NULL && config->ticket_keys == NULL)
		config_error(doc, "state_file", "given without ticket_keys; expected both or none");
	else if (config->state_file != NULL && strcmp(config->state_file, config->ticket_keys) == 0)
		config_error(doc, "state_file",
			     "the same file as ticket_keys; expected one of its own");
}

static void fill_control_socket(struct config_doc *doc, const struct raw_control_socket *raw,
				struct config *config)
{
	static const char *const modes[] = {"0600", "0660", NULL};

	config_at(doc, "control_socket");
	config->control_socket = file_name(doc, "path", raw->path);
	config->control_group_rw = word(doc, "mode", raw->mode, 0, modes) == 1;
	config->control_user = copy(doc, "user", raw->user, NULL);
	config->control_group = copy(doc, "group", raw->group, NULL);
}

static void fill_log(struct config_doc *doc, const struct raw_log *raw, struct config *config)
{
	static const char *const levels[] = {"debug", "info", "notice", "warning", "err", NULL};

	config_at(doc, "log");
	config->log_level =
		copy(doc, "level", levels[word(doc, "level", raw->level, 1, levels)], NULL);
	config->keylog = file_name(doc, "keylog", raw->keylog);
}

static bool has_media(const struct config *config)
{
	for (unsigned int i = 0; i < config->listener_nb; i++)
		if (config->listener[i].media != CONFIG_BACKEND_NONE)
			return true;
	return false;
}

void config_fill(struct config_doc *doc, const struct raw_config *raw, struct config *config)
{
	fill_lcores(doc, &raw->lcores, config);
	fill_eal(doc, raw, config);
	config->port_nb = (uint16_t)raw->ports_count;
	for (unsigned int i = 0; i < raw->ports_count; i++)
		fill_port(doc, i, &raw->ports[i], &config->port[i]);
	config->backend_nb = (uint16_t)raw->backends_count;
	for (unsigned int i = 0; i < raw->backends_count; i++)
		fill_backend(doc, i, &raw->backends[i], &config->backend[i]);
	config->listener_nb = (uint16_t)raw->listeners_count;
	for (unsigned int i = 0; i < raw->listeners_count; i++)
		fill_listener(doc, i, raw, &config->listener[i]);
	fill_limits(doc, &raw->limits, config);
	if (!has_media(config))
		config->relays = 0;
	fill_resumption(doc, &raw->resumption, config);
	fill_control_socket(doc, &raw->control_socket, config);
	fill_log(doc, &raw->log, config);
	config_at(doc, "%s", "");
}
