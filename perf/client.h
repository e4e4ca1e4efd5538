// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PERF_CLIENT_H
#define DTLSGW_PERF_CLIENT_H

#include <openssl/ssl.h>

#include "bench.h"

#define CLIENT_MAIL_MAX	    8	 // datagrams
#define CLIENT_DATAGRAM_MAX 1500 // bytes
#define CLIENT_TIMER_MS	    60000
#define CLIENT_IDENTITY	    "client-1"
#define CLIENT_KEY	    "00112233445566778899aabbccddeeff"

// Datagrams in the order in which they were put.
struct mail {
	uint32_t nb, read; // [read..nb) are still to be read
	uint16_t len[CLIENT_MAIL_MAX];
	uint8_t byte[CLIENT_MAIL_MAX][CLIENT_DATAGRAM_MAX];
};

void mail_put(struct mail *mail, const void *bytes, size_t len);

// A BIO that reads a datagram at a time from one and writes to the other.
BIO *mail_bio(struct mail *const end[2]);

// A kind of handshake.
struct client_kind {
	const char *name;
	const char *suite;  // OpenSSL's name
	const char *groups; // NULL: OpenSSL's
	bool resumed;	    // by ticket
};

// One OpenSSL client.
struct client {
	SSL *ssl;
	struct mail in, out;
	struct mail *end[2]; // reads in, writes out
};

// What clients of a kind share.
SSL_CTX *client_ctx(const struct client_kind *kind);

// A new client of ctx, which resumes session unless that is NULL.
void client_start(struct client *c, SSL_CTX *ctx, SSL_SESSION *session);
void client_stop(struct client *c);

// Reads what came, and puts its answer out.  True if the handshake is done.
bool client_step(struct client *c);

#endif
