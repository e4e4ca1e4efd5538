// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_COOKIE_H
#define DTLSGW_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aead.h"
#include "flow.h"

#define COOKIE_LEN	  32 // HMAC-SHA-256
#define COOKIE_SECRET_LEN 32

// One secret, expanded for HMAC (RFC 2104).
struct cookie_secret {
	uint8_t ipad[32] __attribute__((aligned(16)));
	uint8_t opad[32] __attribute__((aligned(16)));
};

// Snapshot that cp publishes in dp->cookie and lcores read once a poll.  [0] makes cookies, [0]
// and [1] are accepted.
struct cookie_secrets {
	struct cookie_secret secret[2];
};

// Expands COOKIE_SECRET_LEN random bytes.
void cookie_secret_init(struct cookie_secret *secret, struct aead *aead, const uint8_t *random);

// The parts of a ClientHello's first fragment that a cookie is about (RFC 6347 section 4.2.1).
struct client_hello {
	uint64_t record_seq;	// of the record, echoed in the HelloVerifyRequest
	const uint8_t *version; // client_version and random: 2 + 32 bytes
	const uint8_t *cookie;	// cookie_len bytes
	uint8_t cookie_len;
};

// Reads the first record of a datagram.  False unless it is an epoch-0 handshake record with the
// first fragment of a ClientHello that reaches to the end of its cookie and whose lengths agree
// (RFC 6347 sections 4.2.1 to 4.2.3).
bool client_hello_parse(const uint8_t *p, size_t len, struct client_hello *hello);

// True if the handshake record at p starts a ClientHello, well formed or not.
bool client_hello_peek(const uint8_t *p, size_t len);

// One ClientHello's work for the lcore.
struct cookie_op {
	const struct flow_key *flow;
	struct client_hello hello;
	bool good;		    // out: the cookie is ours
	uint8_t cookie[COOKIE_LEN]; // out: the cookie of secret[0]
};

// Computes and checks cookies: HMAC-SHA-256 over flow, version and random.  Not over
// the session id: Mbed TLS 2.28 with a ticket draws another one for each of its ClientHellos.
void cookie_burst(struct aead *aead, const struct cookie_secrets *secrets, struct cookie_op *op,
		  uint16_t n);

// Bytes of a HelloVerifyRequest record; never more than a ClientHello that client_hello_parse()
// accepts.
#define HELLO_VERIFY_LEN (13 + 12 + 2 + 1 + COOKIE_LEN)

// Writes the HelloVerifyRequest that answers hello: record version DTLS 1.0, message_seq 0, the
// ClientHello's record sequence number.  p may be the buffer that hello points into.
void hello_verify_write(uint8_t p[static HELLO_VERIFY_LEN], uint64_t record_seq,
			const uint8_t cookie[static COOKIE_LEN]);

#endif
