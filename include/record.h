// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RECORD_H
#define DTLSGW_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aead.h"
#include "dtls.h"

// A record header (RFC 6347 section 4.1).
struct record {
	uint64_t seq; // 48 bits
	uint16_t epoch;
	uint16_t version;      // DTLS_VERSION_*
	uint16_t fragment_len; // bytes behind the header: explicit nonce, ciphertext and tag
	uint16_t plain_len;    // bytes; set by whoever opened or will seal the record
	uint8_t type;	       // enum dtls_content_type, unchecked
};
_Static_assert(sizeof(struct record) == 24, "record");

// Reads the header at p.  False if header or fragment do not fit in len bytes, the version is not
// DTLS 1.0 or 1.2, or the fragment is over DTLS_FRAGMENT_MAX.  Any type passes.
bool record_parse(const uint8_t *p, size_t len, struct record *rec);

// Writes DTLS_RECORD_HEADER_LEN bytes.
void record_write(uint8_t *p, const struct record *rec);

// Bytes that a record adds to its plaintext: header, explicit nonce and tag.
static inline uint16_t record_overhead(enum aead_suite suite)
{
	return DTLS_RECORD_HEADER_LEN + aead_info[suite].explicit_nonce_len +
	       aead_info[suite].tag_len;
}

// Prepares the opening of the protected record whose header is rec and whose first byte is at p:
// fills all of *op but key, and rec->plain_len.  iv is the suite's fixed IV with zeros behind it.
// False if the fragment is too short to hold explicit nonce and tag, or the plaintext would be over
// DTLS_PLAIN_MAX (RFC 5246 section 6.2.3.3).
bool record_open_prepare(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN], uint8_t *p,
			 struct record *rec, struct aead_op *op);

// Prepares the sealing of rec->plain_len bytes (at most DTLS_PLAIN_MAX) that lie at
// p + DTLS_RECORD_HEADER_LEN + explicit nonce length: writes header and, where the suite has one,
// the explicit nonce, which is always epoch and sequence number (RFC 5288 section 3, RFC 6655
// section 3), fills all of *op but key, and rec->fragment_len.  iv as for opening.
void record_seal_prepare(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN], uint8_t *p,
			 struct record *rec, struct aead_op *op);

#endif
