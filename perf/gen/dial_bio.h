// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_DIAL_BIO_H
#define GEN_DIAL_BIO_H

#include <openssl/bio.h>

#include "gen.h"

// Between one client's SSL and the outside port, with datagram semantics: a read takes the datagram
// that was offered, a write is sent at once.
struct dial_bio {
	struct gen *g;
	struct encap encap; // to the server
	uint16_t mtu;	    // bytes of UDP payload
	const uint8_t *in;  // offered; NULL: nothing
	uint16_t in_len;
	uint64_t epoch1_next; // sequence number behind the highest that libssl used in epoch 1
};

// Returns a BIO on b, NULL if there is no memory.  b outlives it.
BIO *dial_bio_new(struct dial_bio *b);

// What the next read returns; NULL: nothing.
static inline void dial_bio_offer(struct dial_bio *b, const uint8_t *p, uint16_t len)
{
	b->in = p;
	b->in_len = len;
}

// Notes the sequence numbers in a flight of len bytes.
void dial_bio_note(struct dial_bio *b, const uint8_t *p, size_t len);

#endif
