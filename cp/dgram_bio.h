// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_DGRAM_BIO_H
#define DTLSGW_DGRAM_BIO_H

#include <openssl/bio.h>
#include <stdint.h>

// A BIO in memory with datagram semantics: a read gets what was offered, once and cut to its room,
// then WANT_READ.  What a write does is its user's, whose struct has this one.
struct dgram_bio {
	const uint8_t *in; // offered; NULL: nothing
	uint16_t in_len;
	uint16_t mtu;	     // bytes of UDP payload; may become less
	uint16_t header_len; // bytes of IP and UDP header; 0: not told
};

// A kind of them, kept until the program ends.  NULL: no memory.
BIO_METHOD *dgram_bio_method(const char *name, int (*write)(BIO *, const char *, int));

// Returns a BIO whose data is d, NULL if method is or there is no memory.  d outlives it.
BIO *dgram_bio_new(const BIO_METHOD *method, struct dgram_bio *d);

// What the next read returns; NULL: nothing.
static inline void dgram_bio_offer(struct dgram_bio *d, const uint8_t *p, uint16_t len)
{
	d->in = p;
	d->in_len = len;
}

#endif
