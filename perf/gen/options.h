// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_OPTIONS_H
#define GEN_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "ip.h"
#include "sizes.h"

#define OPTIONS_SIZES_MAX 16
#define OPTIONS_PSK_MAX	  64 // bytes of a pre-shared key

// Which way traffic goes.  Both is up and down at once, each at the rate asked for.
enum direction { DIRECTION_UP, DIRECTION_DOWN, DIRECTION_BOTH, DIRECTION_ECHO, DIRECTION_NB };
extern const char *const direction_name[DIRECTION_NB];

enum rate_kind {
	RATE_FIXED,
	RATE_MAX,   // searched
	RATE_FLOOD, // as fast as it goes
};

struct options {
	const char *outside; // PCI address or vdev string
	const char *inside;  // NULL: the server echoes
	struct ip_addr server;
	uint16_t server_port;	 // host order
	struct ip_addr next_hop; // unset: the server is on link
	struct ip_addr source;	 // of the clients, the first; of the server's family
	uint32_t source_nb;
	uint16_t source_port; // of each source, the first, host order
	struct ip_addr backend;
	uint16_t backend_port; // host order
	uint16_t mtu;	       // bytes of IP datagram

	uint32_t sessions;
	uint32_t handshakes; // under way at once
	uint32_t handshake_s;
	const char *suites; // OpenSSL list
	const char *ca;	    // PEM file; NULL: the server is not verified
	const char *name;   // NULL: none asked for
	const char *psk_identity;
	uint8_t psk[OPTIONS_PSK_MAX];
	uint8_t psk_len; // 0: none

	uint8_t direction_nb;
	uint8_t direction[DIRECTION_NB]; // enum direction
	uint8_t sizes_nb;
	const char *sizes_text[OPTIONS_SIZES_MAX];
	struct sizes sizes[OPTIONS_SIZES_MAX];
	enum rate_kind rate_kind;
	uint64_t rate;	   // packets a second and direction
	uint16_t burst;	   // packets sent together at least
	double seconds;	   // of a trial
	double loss;	   // share that a passing trial may lose
	double resolution; // of the search, a share
	uint32_t tries;
	uint32_t quiet_ms; // without a packet, after which a trial is over

	const char *json;  // file, "-" stdout; NULL: none
	const char *label; // for the report
	int cpu;	   // -1: the last that we may run on
	bool linger;	   // keep the ports until SIGTERM
	bool huge;	   // huge pages
	int eal_nb;	   // arguments behind "--"
	char **eal;
};

// Reads a command line.  Returns 0, 1 after printing the help that was asked for to out, or -EINVAL
// after a line to err that names the option and what is expected.
int options_read(int argc, char **argv, struct options *o, FILE *out, FILE *err);

#endif
