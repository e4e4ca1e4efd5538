// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_DIAL_BIO_H
#define GEN_DIAL_BIO_H

#include "dgram_bio.h"
#include "gen.h"

// Between one client's SSL and the outside port, with datagram semantics: a read takes the datagram
// that was offered, a write is sent at once.
struct dial_bio {
	struct dgram_bio dgram;
	struct gen *g;
	struct encap encap;   // to the server
	uint64_t epoch1_next; // sequence number behind the highest that libssl used in epoch 1
};

// Returns a BIO on b, NULL if there is no memory.  b outlives it.
BIO *dial_bio_new(struct dial_bio *b);

// Notes the sequence numbers in a flight of len bytes.
void dial_bio_note(struct dial_bio *b, const uint8_t *p, size_t len);

#endif
