// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CONFIG_SCHEMA_H
#define DTLSGW_CONFIG_SCHEMA_H

#include <stddef.h>

#include "config_doc.h"

// The configuration as it stands in the file: every value is its text, NULL where the key is not
// given.  libcyaml takes "3x" for 3 and "maybe" for true, so values are read by cp/config_fill.c.

struct raw_lcores {
	char *control;
	char **workers;
	unsigned int workers_count;
	char **handshakes;
	unsigned int handshakes_count;
	char *poll;
};

struct raw_memory {
	char *huge_pages;
	char *memory_mb;
};

struct raw_eal {
	char *file_prefix;
	char **args;
	unsigned int args_count;
};

struct raw_port {
	char *name;
	char *device;
	char *role;
	char *mtu;
	char *vlan;
	char **addresses;
	unsigned int addresses_count;
	char **gateways;
	unsigned int gateways_count;
	char *queues;
	char *rx_descs;
	char *tx_descs;
};

struct raw_certificate {
	char *certificate;
	char *key;
};

struct raw_server_name {
	char *name;
	char *backend;
	struct raw_certificate *certificates;
	unsigned int certificates_count;
};

struct raw_listener {
	char *name;
	char **addresses;
	unsigned int addresses_count;
	char *port;
	char *backend;
	struct raw_certificate *certificates;
	unsigned int certificates_count;
	char *psk_file;
	char *psk_hint;
	struct raw_server_name *server_names;
	unsigned int server_names_count;
	char *unknown_name;
	char **alpn;
	unsigned int alpn_count;
	char *client_certificate;
	char *client_ca;
	char *client_crl;
	char *suites;
	char *groups;
	char *signature_algorithms;
	char **srtp;
	unsigned int srtp_count;
	char *media;
};

struct raw_backend {
	char *name;
	char *address;
	char *port;
};

// Columns: key, default, least, most.  A default may depend on keys further up, in config.
#define CONFIG_LIMITS(X)                                                                           \
	X(sessions, 10000, 1, 1000000)                                                             \
	X(half_open, 1000, 1, 100000)                                                              \
	X(half_open_per_address, (config->half_open + 1) / 2, 0, 100000)                           \
	X(sessions_per_address, (config->sessions + 1) / 2, 0, 1000000)                            \
	X(idle_timeout_s, 300, 1, 604800)                                                          \
	X(handshake_timeout_s, 30, 1, 300)                                                         \
	X(retransmit_ms, 1000, 50, 60000)                                                          \
	X(cookie_lifetime_s, 60, 5, 3600)                                                          \
	X(replay_window, 1024, REPLAY_WINDOW_MIN, REPLAY_WINDOW_MAX)                               \
	X(early_data_bytes, 16384, 0, 1048576)                                                     \
	X(fragments, 64, 0, 4096)                                                                  \
	X(fragment_bytes, 8192, 1280, 16384)                                                       \
	X(fragment_timeout_ms, 1000, 10, 60000)                                                    \
	X(control_rate, 1000, 1, 1000000)                                                          \
	X(neighbours, 1024, 1, 65535)                                                              \
	X(relays, 10000, 1, 1000000)                                                               \
	X(relays_per_address, 1000, 1, 1000000)                                                    \
	X(relay_timeout_s, 30, 1, 3600)                                                            \
	X(seal_records, 0, 0, UINT32_MAX)                                                          \
	X(seal_blocks, 0, 0, UINT32_MAX)                                                           \
	X(forged_records, 0, 0, UINT32_MAX)

struct raw_limits {
#define X(key, value, least, most) char *key;
	CONFIG_LIMITS(X)
#undef X
};

struct raw_resumption {
	char *tickets;
	char *ticket_keys;
	char *state_file;
	char *lifetime_s;
	char *cache;
};

struct raw_control_socket {
	char *path;
	char *mode;
	char *user;
	char *group;
};

struct raw_log {
	char *level;
	char *keylog;
};

struct raw_config {
	struct raw_lcores lcores;
	struct raw_memory memory;
	struct raw_eal eal;
	struct raw_port *ports;
	unsigned int ports_count;
	struct raw_listener *listeners;
	unsigned int listeners_count;
	struct raw_backend *backends;
	unsigned int backends_count;
	struct raw_limits limits;
	struct raw_resumption resumption;
	struct raw_control_socket control_socket;
	struct raw_log log;
};

// Reads the text that doc was made of.  Prints the first key that is unknown, missing, given twice
// or of the wrong kind, and returns NULL.
struct raw_config *config_schema_load(struct config_doc *doc, const void *text, size_t len);
void config_schema_free(struct raw_config *raw);

#endif
