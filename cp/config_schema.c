// SPDX-License-Identifier: BSD-3-Clause
#include "config_schema.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define REQUIRED CYAML_FLAG_POINTER

#define TEXT(key, flags, type) CYAML_FIELD_STRING_PTR(#key, flags, type, key, 0, CYAML_UNLIMITED)
#define LIST(key, flags, type, entry, min, max)                                                    \
	CYAML_FIELD_SEQUENCE(#key, flags, type, key, entry, min, max)
#define MAPPING(key) CYAML_FIELD_MAPPING(#key, CYAML_FLAG_OPTIONAL, struct raw_config, key, key)

static const cyaml_schema_value_t text = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t lcores[] = {
	TEXT(control, OPTIONAL, struct raw_lcores),
	LIST(workers, OPTIONAL, struct raw_lcores, &text, 1, CONFIG_LCORE_MAX),
	LIST(handshakes, OPTIONAL, struct raw_lcores, &text, 1, CONFIG_HANDSHAKE_MAX),
	TEXT(poll, OPTIONAL, struct raw_lcores),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t memory[] = {
	TEXT(huge_pages, OPTIONAL, struct raw_memory),
	TEXT(memory_mb, OPTIONAL, struct raw_memory),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t eal[] = {
	TEXT(file_prefix, OPTIONAL, struct raw_eal),
	LIST(args, OPTIONAL, struct raw_eal, &text, 0, CONFIG_EAL_ARG_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t port_fields[] = {
	TEXT(name, REQUIRED, struct raw_port),
	TEXT(device, REQUIRED, struct raw_port),
	TEXT(role, REQUIRED, struct raw_port),
	TEXT(mtu, OPTIONAL, struct raw_port),
	TEXT(vlan, OPTIONAL, struct raw_port),
	LIST(addresses, REQUIRED, struct raw_port, &text, 1, CONFIG_ADDR_MAX),
	LIST(gateways, OPTIONAL, struct raw_port, &text, 0, 2),
	TEXT(queues, OPTIONAL, struct raw_port),
	TEXT(rx_descs, OPTIONAL, struct raw_port),
	TEXT(tx_descs, OPTIONAL, struct raw_port),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t port = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_port, port_fields),
};

static const cyaml_schema_field_t certificate_fields[] = {
	TEXT(certificate, REQUIRED, struct raw_certificate),
	TEXT(key, REQUIRED, struct raw_certificate),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t certificate = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_certificate, certificate_fields),
};

static const cyaml_schema_field_t server_name_fields[] = {
	TEXT(name, REQUIRED, struct raw_server_name),
	TEXT(backend, OPTIONAL, struct raw_server_name),
	LIST(certificates, OPTIONAL, struct raw_server_name, &certificate, 1,
	     CONFIG_CERTIFICATE_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t server_name = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_server_name, server_name_fields),
};

static const cyaml_schema_field_t listener_fields[] = {
	TEXT(name, REQUIRED, struct raw_listener),
	LIST(addresses, REQUIRED, struct raw_listener, &text, 1, CONFIG_ADDR_MAX),
	TEXT(port, REQUIRED, struct raw_listener),
	TEXT(backend, REQUIRED, struct raw_listener),
	LIST(certificates, OPTIONAL, struct raw_listener, &certificate, 1, CONFIG_CERTIFICATE_MAX),
	TEXT(psk_file, OPTIONAL, struct raw_listener),
	TEXT(psk_hint, OPTIONAL, struct raw_listener),
	LIST(server_names, OPTIONAL, struct raw_listener, &server_name, 0, CONFIG_SERVER_NAME_MAX),
	TEXT(unknown_name, OPTIONAL, struct raw_listener),
	LIST(alpn, OPTIONAL, struct raw_listener, &text, 0, CONFIG_ALPN_MAX),
	TEXT(client_certificate, OPTIONAL, struct raw_listener),
	TEXT(client_ca, OPTIONAL, struct raw_listener),
	TEXT(client_crl, OPTIONAL, struct raw_listener),
	TEXT(suites, OPTIONAL, struct raw_listener),
	TEXT(groups, OPTIONAL, struct raw_listener),
	TEXT(signature_algorithms, OPTIONAL, struct raw_listener),
	LIST(srtp, OPTIONAL, struct raw_listener, &text, 0, CONFIG_SRTP_MAX),
	TEXT(media, OPTIONAL, struct raw_listener),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t listener = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_listener, listener_fields),
};

static const cyaml_schema_field_t backend_fields[] = {
	TEXT(name, REQUIRED, struct raw_backend),
	TEXT(address, REQUIRED, struct raw_backend),
	TEXT(port, REQUIRED, struct raw_backend),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t backend = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_backend, backend_fields),
};

static const cyaml_schema_field_t limits[] = {
#define X(key, value, least, most) TEXT(key, OPTIONAL, struct raw_limits),
	CONFIG_LIMITS(X)
#undef X
		CYAML_FIELD_END,
};

static const cyaml_schema_field_t resumption[] = {
	TEXT(tickets, OPTIONAL, struct raw_resumption),
	TEXT(ticket_keys, OPTIONAL, struct raw_resumption),
	TEXT(state_file, OPTIONAL, struct raw_resumption),
	TEXT(lifetime_s, OPTIONAL, struct raw_resumption),
	TEXT(cache, OPTIONAL, struct raw_resumption),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t control_socket[] = {
	TEXT(path, OPTIONAL, struct raw_control_socket),
	TEXT(mode, OPTIONAL, struct raw_control_socket),
	TEXT(user, OPTIONAL, struct raw_control_socket),
	TEXT(group, OPTIONAL, struct raw_control_socket),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t log[] = {
	TEXT(level, OPTIONAL, struct raw_log),
	TEXT(keylog, OPTIONAL, struct raw_log),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t top_fields[] = {
	MAPPING(lcores),
	MAPPING(memory),
	MAPPING(eal),
	LIST(ports, REQUIRED, struct raw_config, &port, 2, CONFIG_PORT_MAX),
	LIST(listeners, REQUIRED, struct raw_config, &listener, 1, CONFIG_LISTENER_MAX),
	LIST(backends, REQUIRED, struct raw_config, &backend, 1, CONFIG_BACKEND_MAX),
	MAPPING(limits),
	MAPPING(resumption),
	MAPPING(control_socket),
	MAPPING(log),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t top = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, top_fields),
};

#define FRAME_MAX 8 // deeper than the schema

// What libcyaml says when it gives up: one sentence, then a backtrace, innermost frame first.
struct complaint {
	char text[256];
	unsigned int frame_nb;
	struct {
		char field[32];	    // "" for a list entry, or a mapping whose field is not known
		unsigned int entry; // from 1
		bool is_entry;
	} frame[FRAME_MAX];
};

// libcyaml's cyaml_log_fn_t.
static void collect(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct complaint *c = ctx;
	char line[256];

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "  in ", 5) == 0 && c->frame_nb < FRAME_MAX) {
		typeof(&c->frame[0]) f = &c->frame[c->frame_nb++];

		f->is_entry = sscanf(line, "  in sequence entry '%u'", &f->entry) == 1;
		if (!f->is_entry && sscanf(line, "  in mapping field '%31[^']'", f->field) != 1)
			f->field[0] = '\0';
	} else if (c->text[0] == '\0' && strcmp(line, "Load: Backtrace:") != 0) {
		snprintf(c->text, sizeof(c->text), "%s",
			 strncmp(line, "Load: ", 6) == 0 ? line + 6 : line);
	}
}

// Makes the backtrace, but for its innermost skip frames, the place of the error.  Returns the
// fields that the schema knows there, or NULL where it has no mapping.
static const cyaml_schema_field_t *locate(struct config_doc *doc, const struct complaint *c,
					  unsigned int skip)
{
	const cyaml_schema_value_t *value = &top;
	char path[CONFIG_PATH_LEN] = "";
	size_t len = 0;

	for (unsigned int i = c->frame_nb; i > skip && len < sizeof(path); i--) {
		const cyaml_schema_field_t *f;

		if (c->frame[i - 1].is_entry) {
			len += (size_t)snprintf(path + len, sizeof(path) - len, "[%u]",
						c->frame[i - 1].entry - 1);
			value = value->type == CYAML_SEQUENCE ? value->sequence.entry : value;
			continue;
		}
		if (value->type != CYAML_MAPPING)
			break;
		for (f = value->mapping.fields; f->key != NULL; f++)
			if (strcmp(f->key, c->frame[i - 1].field) == 0)
				break;
		if (f->key == NULL)
			break;
		len += (size_t)snprintf(path + len, sizeof(path) - len, "%s%s", len > 0 ? "." : "",
					f->key);
		value = &f->value;
	}
	config_at(doc, "%s", path);
	return value->type == CYAML_MAPPING ? value->mapping.fields : NULL;
}

static void print_unknown(struct config_doc *doc, const char *key,
			  const cyaml_schema_field_t *fields)
{
	char list[512] = "";
	size_t len = 0;

	for (; fields != NULL && fields->key != NULL && len < sizeof(list); fields++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "",
					fields->key);
	config_error(doc, key, "unknown key; expected one of: %s", list);
}

static const char *kind(const char *name)
{
	if (strncmp(name, "MAPPING", 7) == 0)
		return "a mapping of keys";
	if (strncmp(name, "SEQUENCE", 8) == 0)
		return "a list";
	return "a single value";
}

static void print_complaint(struct config_doc *doc, const struct complaint *c, cyaml_err_t err)
{
	const char *colon = strstr(c->text, ": ");
	const char *what = colon != NULL ? colon + 2 : "";
	unsigned int n;

	if (err == CYAML_ERR_INVALID_KEY) {
		print_unknown(doc, what, locate(doc, c, 1));
	} else if (err == CYAML_ERR_MAPPING_FIELD_MISSING) {
		locate(doc, c, 1);
		config_error(doc, what, "missing; expected this key, it has no default");
	} else if (strncmp(c->text, "Mapping field already seen: ", 28) == 0) {
		locate(doc, c, 1);
		config_error(doc, what, "given twice; expected once");
	} else if (err == CYAML_ERR_SEQUENCE_ENTRIES_MAX &&
		   sscanf(c->text, "Excessive entries (%u", &n) == 1) {
		locate(doc, c, 1);
		config_error(doc, "", "more than %u entries; expected at most %u", n, n);
	} else if (err == CYAML_ERR_SEQUENCE_ENTRIES_MIN &&
		   sscanf(c->text, "Insufficient entries (%*u of %u", &n) == 1) {
		locate(doc, c, 1);
		config_error(doc, "", "too few entries; expected at least %u", n);
	} else if (strncmp(c->text, "Expecting ", 10) == 0) {
		locate(doc, c, 0);
		config_error(doc, "", "%s stands here; expected %s", kind(what),
			     kind(c->text + 10));
	} else if (err == CYAML_ERR_ALIAS) {
		locate(doc, c, 0);
		config_error(doc, "", "YAML alias; expected the value itself");
	} else {
		locate(doc, c, 0);
		config_error(doc, "", "%s; expected a value as in config/dtlsgw.yaml",
			     c->text[0] != '\0' ? c->text : cyaml_strerror(err));
	}
	config_at(doc, "%s", "");
}

static cyaml_config_t cyaml_config(struct complaint *c)
{
	return (cyaml_config_t){
		.log_fn = c != NULL ? collect : NULL,
		.log_ctx = c,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
}

struct raw_config *config_schema_load(struct config_doc *doc, const void *text_start, size_t len)
{
	struct complaint c = {0};
	cyaml_config_t cfg = cyaml_config(&c);
	struct raw_config *raw = NULL;
	cyaml_err_t err;

	err = cyaml_load_data(text_start, len, &cfg, &top, (cyaml_data_t **)&raw, NULL);
	if (err != CYAML_OK) {
		print_complaint(doc, &c, err);
		return NULL;
	}
	if (raw == NULL)
		config_error(doc, "", "empty; expected the keys of config/dtlsgw.yaml");
	return raw;
}

void config_schema_free(struct raw_config *raw)
{
	cyaml_config_t cfg = cyaml_config(NULL);

	cyaml_free(&cfg, &top, raw, 0);
}
