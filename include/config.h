// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CONFIG_H
#define DTLSGW_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ip.h"

// The configuration as the program uses it.  Owner: cp until launch, then const.  Every key, its
// unit and its default: config/dtlsgw.yaml.

#define CONFIG_PORT_MAX	       16
#define CONFIG_ADDR_MAX	       16 // addresses of one port, or of one listener
#define CONFIG_LISTENER_MAX    32
#define CONFIG_BACKEND_MAX     64
#define CONFIG_LCORE_MAX       64
#define CONFIG_HANDSHAKE_MAX   64 // handshake threads
#define CONFIG_CERTIFICATE_MAX 4
#define CONFIG_SERVER_NAME_MAX 16 // of one listener
#define CONFIG_ALPN_MAX	       8
#define CONFIG_ALPN_LEN	       64 // bytes of a protocol's name
#define CONFIG_SRTP_MAX	       4  // profiles of one listener
#define CONFIG_EAL_ARG_MAX     32
#define CONFIG_NAME_LEN	       32	  // bytes, NUL included
#define CONFIG_BACKEND_NONE    UINT16_MAX // in place of an index in config.backend

struct config_addr {
	struct ip_addr addr;
	uint8_t prefix_len; // of the address's own family
};

enum config_role { CONFIG_OUTSIDE, CONFIG_INSIDE };

// What a listener asks of its clients.
enum config_client_certificate {
	CONFIG_CLIENT_CERTIFICATE_NONE,
	CONFIG_CLIENT_CERTIFICATE_OPTIONAL,
	CONFIG_CLIENT_CERTIFICATE_REQUIRED,
};

struct config_port {
	char name[CONFIG_NAME_LEN];
	char *device;	   // PCI address or vdev string ("net_af_packet0,iface=veth0")
	unsigned int line; // of the key device, for messages
	enum config_role role;
	uint16_t mtu;  // bytes of IP datagram
	uint16_t vlan; // 0: untagged
	uint16_t addr_nb;
	struct config_addr addr[CONFIG_ADDR_MAX];
	struct ip_addr gateway_v4; // next hop of what is not on link; unset: none
	struct ip_addr gateway_v6;
	uint16_t queues;   // 0: as many as lcores and device allow
	uint16_t rx_descs; // descriptors a queue
	uint16_t tx_descs;
};

struct config_certificate {
	char *certificate; // PEM file with the chain
	char *key;	   // PEM file
};

// What a client gets that asks for a name (RFC 6066 section 3).
struct config_server_name {
	char *name;		 // "gw.example.org", or "*.example.org" for any first label
	uint16_t backend;	 // index in config.backend; CONFIG_BACKEND_NONE: the listener's
	uint16_t certificate_nb; // 0: the listener's
	struct config_certificate certificate[CONFIG_CERTIFICATE_MAX];
};

struct config_listener {
	char name[CONFIG_NAME_LEN];
	uint16_t addr_nb;
	struct ip_addr addr[CONFIG_ADDR_MAX];
	uint16_t port;	  // UDP, host order
	uint16_t backend; // index in config.backend
	uint16_t certificate_nb;
	struct config_certificate certificate[CONFIG_CERTIFICATE_MAX];
	char *psk_file; // NULL: no pre-shared keys
	char *psk_hint; // NULL: none
	uint16_t server_name_nb;
	struct config_server_name server_name[CONFIG_SERVER_NAME_MAX];
	bool refuse_unknown_name;    // else it gets what the listener has
	uint16_t alpn_nb;	     // 0: what the client offers is ignored
	char *alpn[CONFIG_ALPN_MAX]; // in order of preference
	enum config_client_certificate client_certificate;
	char *client_ca;	       // PEM file; NULL with _NONE
	char *client_crl;	       // PEM file; NULL: none
	char *suites;		       // OpenSSL cipher string
	char *groups;		       // OpenSSL group list
	char *signatures;	       // OpenSSL list of signature algorithms
	uint16_t srtp_nb;	       // 0: use_srtp is not answered
	uint8_t srtp[CONFIG_SRTP_MAX]; // enum srtp_profile, in order of preference
	uint16_t media; // index in config.backend, for STUN and RTP; CONFIG_BACKEND_NONE: none
};

struct config_backend {
	char name[CONFIG_NAME_LEN];
	struct ip_addr addr;
	uint16_t port; // UDP, host order
};

struct config {
	// lcores
	uint16_t lcore_nb;
	uint16_t lcore_cpu[CONFIG_LCORE_MAX]; // CPU of each data-plane lcore; may repeat
	uint16_t control_cpu;
	uint16_t handshake_nb;
	uint16_t handshake_cpu[CONFIG_HANDSHAKE_MAX]; // CPU of each handshake thread; may repeat
	bool poll_adaptive;			      // sleep after empty polls

	// memory and EAL
	bool huge_pages;
	uint32_t memory_mb; // 0: as EAL finds it (only with huge pages)
	char *file_prefix;
	uint16_t eal_arg_nb;
	char *eal_arg[CONFIG_EAL_ARG_MAX];

	uint16_t port_nb;
	struct config_port port[CONFIG_PORT_MAX];
	uint16_t listener_nb;
	struct config_listener listener[CONFIG_LISTENER_MAX];
	uint16_t backend_nb;
	struct config_backend backend[CONFIG_BACKEND_MAX];

	// limits
	uint32_t sessions;		// sessions in all
	uint32_t half_open;		// handshakes under way in all
	uint32_t half_open_per_address; // of one client's address; 0: no limit
	uint32_t sessions_per_address;	// of one client's address, with handshakes; 0: no limit
	uint32_t idle_timeout_s;	// without an authenticated record or a reply
	uint32_t handshake_timeout_s;	// from the good cookie to the install
	uint32_t retransmit_ms;		// until a flight is sent again for the first time
	uint32_t cookie_lifetime_s;	// time between two changes of the cookie secret
	uint32_t replay_window;		// records, power of two
	uint32_t early_data_bytes;	// held before the install, a handshake; at most
					// 32 datagrams.  0: nor a Finished that overtakes
	uint32_t fragments;		// datagrams whose IP fragments an lcore collects; 0: none
	uint32_t fragment_bytes;	// longest datagram made of fragments, headers aside
	uint32_t fragment_timeout_ms;	// that a fragment waits for the others
	uint32_t control_rate;		// ARP, NDP and ICMP frames a second to cp, an lcore
	uint32_t neighbours;		// next hops in all
	uint32_t relays;		// flows of STUN and RTP in all; 0: no listener has media
	uint32_t relays_per_address;	// of one client's address, without a session
	uint32_t relay_timeout_s;	// without a datagram either way
	// Where a session ends earlier than its suite has to; 0: not earlier.
	uint32_t seal_records;	 // records sealed
	uint32_t seal_blocks;	 // AES blocks that sealing took
	uint32_t forged_records; // records that did not authenticate

	// resumption
	bool tickets;
	char *ticket_keys;		// NULL: random ones
	char *state_file;		// NULL: cache and revocations end with the program
	uint32_t resumption_lifetime_s; // from the full handshake on
	uint32_t session_cache;		// sessions kept for their ids; 0: none

	// control socket
	char *control_socket;  // path; NULL: off
	char *control_user;    // its owner, a name; NULL: who runs the program
	char *control_group;   // NULL: as well
	bool control_group_rw; // the group may connect, else only the owner

	char *keylog;	 // NULL: off
	char *log_level; // "debug" "info" "notice" "warning" "err"
};

// Reads and checks file, the certificates, keys and backends it names included.  On failure prints
// lines "FILE:LINE: KEY: what is wrong, what is expected" to err and returns NULL with errno set.
struct config *config_load(const char *file, FILE *err);

// Frees what config_load() returned; NULL is fine.
void config_destroy(struct config *config);

#endif
