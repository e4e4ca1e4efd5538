// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RECORD_H
#define DTLSGW_RECORD_H

#include <endian.h>
#include <rte_byteorder.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

// Where the fields of a record header stand.
#define RECORD_TYPE_AT	  0
#define RECORD_VERSION_AT 1
#define RECORD_EPOCH_AT	  3 // 16 bits of epoch, 48 of sequence number
#define RECORD_LENGTH_AT  11
#define RECORD_EPOCH_LEN  8

// Type and version of a record of application data, as the low bytes of a word on the wire.
#define RECORD_DATA_FRONT                                                                          \
	(DTLS_APPLICATION_DATA | (uint32_t)RTE_STATIC_BSWAP16(DTLS_VERSION_1_2) << 8)

// Where the part of a nonce that changes stands: behind the fixed IV's first bytes, or over its
// end.
#define RECORD_NONCE_AT 4
_Static_assert(RECORD_NONCE_AT + RECORD_EPOCH_LEN == AEAD_NONCE_LEN, "nonce");

#define X(suite, key, iv, explicit_nonce, tag, rfc)                                                \
	_Static_assert(((iv) == RECORD_NONCE_AT && (explicit_nonce) == RECORD_EPOCH_LEN) ||        \
			       ((iv) == AEAD_NONCE_LEN && (explicit_nonce) == 0),                  \
		       #suite);
AEAD_SUITES(X)
#undef X

static inline uint16_t record_load_16(const uint8_t *p)
{
	rte_be16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

// Reads the header at p.  False if header or fragment do not fit in len bytes, the version is not
// DTLS 1.0 or 1.2, or the fragment is over DTLS_FRAGMENT_MAX.  Any type passes.
static inline bool record_parse(const uint8_t *p, size_t len, struct record *rec)
{
	rte_be64_t epoch_seq;

	if (len < DTLS_RECORD_HEADER_LEN) {
		*rec = (struct record){0};
		return false;
	}
	memcpy(&epoch_seq, p + RECORD_EPOCH_AT, sizeof(epoch_seq));
	epoch_seq = be64toh(epoch_seq);
	rec->type = p[RECORD_TYPE_AT];
	rec->version = record_load_16(p + RECORD_VERSION_AT);
	rec->epoch = (uint16_t)(epoch_seq >> 48);
	rec->seq = epoch_seq & DTLS_SEQ_MAX;
	rec->fragment_len = record_load_16(p + RECORD_LENGTH_AT);
	rec->plain_len = 0;
	return (rec->version == DTLS_VERSION_1_2 || rec->version == DTLS_VERSION_1_0) &&
	       rec->fragment_len <= DTLS_FRAGMENT_MAX &&
	       rec->fragment_len <= len - DTLS_RECORD_HEADER_LEN;
}

// True, with all of *rec but plain_len set, if the len bytes at p are one record of application
// data of this epoch.  In few steps; what it does not take may still be a record.
static inline bool record_is_data(const uint8_t *p, size_t len, uint16_t epoch, struct record *rec)
{
	uint64_t epoch_seq;
	uint32_t front;

	if (len < DTLS_RECORD_HEADER_LEN)
		return false;
	memcpy(&front, p, sizeof(front));
	memcpy(&epoch_seq, p + RECORD_EPOCH_AT, sizeof(epoch_seq));
	epoch_seq = be64toh(epoch_seq);
	rec->type = DTLS_APPLICATION_DATA;
	rec->version = DTLS_VERSION_1_2;
	rec->epoch = epoch;
	rec->seq = epoch_seq & DTLS_SEQ_MAX;
	rec->fragment_len = record_load_16(p + RECORD_LENGTH_AT);
	return (front & 0xffffff) == RECORD_DATA_FRONT && epoch_seq >> 48 == epoch &&
	       rec->fragment_len == len - DTLS_RECORD_HEADER_LEN;
}

// Epoch and sequence number as on the wire.
static inline rte_be64_t record_epoch_seq(const struct record *rec)
{
	return htobe64((uint64_t)rec->epoch << 48 | rec->seq);
}

// Writes DTLS_RECORD_HEADER_LEN bytes.
static inline void record_write(uint8_t *p, const struct record *rec)
{
	const rte_be64_t epoch_seq = record_epoch_seq(rec);
	const rte_be16_t len = htobe16(rec->fragment_len);
	const uint32_t front = rec->type | (uint32_t)htobe16(rec->version) << 8;

	memcpy(p, &front, sizeof(front)); // the last byte is the epoch's
	memcpy(p + RECORD_EPOCH_AT, &epoch_seq, sizeof(epoch_seq));
	memcpy(p + RECORD_LENGTH_AT, &len, sizeof(len));
}

// Bytes that a record adds to its plaintext: header, explicit nonce and tag.
static inline uint16_t record_overhead(enum aead_suite suite)
{
	return DTLS_RECORD_HEADER_LEN + aead_info[suite].explicit_nonce_len +
	       aead_info[suite].tag_len;
}

// Fills all of *op but key for a record of this epoch and sequence number (as on the wire), whose
// changing part of the nonce is changing (likewise), and whose plaintext or ciphertext is at data.
//
// The nonce is the fixed IV, zeros behind it, with the changing part xored into the last 8 bytes.
// The additional data is epoch and sequence number, type, version and the plaintext's length
// (RFC 5246 section 6.2.3.3, RFC 6347 section 4.1.2.1).
static inline void record_fill(struct aead_op *op, enum aead_suite suite,
			       const uint8_t iv[AEAD_NONCE_LEN], rte_be64_t epoch_seq,
			       uint64_t changing, uint8_t *data, const struct record *rec)
{
	const uint32_t plain_len = rec->plain_len;
	uint64_t rest = rec->type | (uint64_t)htobe16(rec->version) << 8 |
			(uint64_t)htobe16((uint16_t)plain_len) << 24;
	uint64_t end;
	uint32_t front;

	memcpy(&front, iv, sizeof(front));
	memcpy(&end, iv + RECORD_NONCE_AT, sizeof(end));
	end ^= changing;
	op->suite = (uint8_t)suite;
	op->ok = false;
	op->data = data;
	op->data_len = plain_len;
	op->tag = data + plain_len;
	memcpy(op->nonce, &front, sizeof(front));
	memcpy(op->nonce + RECORD_NONCE_AT, &end, sizeof(end));
	memcpy(op->aad, &epoch_seq, sizeof(epoch_seq));
	memcpy(op->aad + RECORD_EPOCH_LEN, &rest, sizeof(rest));
}

// Prepares the opening of the protected record whose header is rec and whose first byte is at p:
// fills all of *op but key, and rec->plain_len.  iv is the suite's fixed IV with zeros behind it.
// The changing part of the nonce is the explicit nonce or, in a suite without one, epoch and
// sequence number (RFC 7905 section 2).
// False if the fragment is too short to hold explicit nonce and tag, or the plaintext would be over
// DTLS_PLAIN_MAX (RFC 5246 section 6.2.3.3).
static inline bool record_open_prepare(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN],
				       uint8_t *p, struct record *rec, struct aead_op *op)
{
	const uint32_t explicit_len = aead_info[suite].explicit_nonce_len;
	const uint32_t plain_len = rec->fragment_len - explicit_len - aead_info[suite].tag_len;
	uint8_t *fragment = p + DTLS_RECORD_HEADER_LEN;
	rte_be64_t epoch_seq;
	uint64_t changing;

	if (plain_len > DTLS_PLAIN_MAX) // also if the subtraction went below 0
		return false;
	rec->plain_len = (uint16_t)plain_len;
	memcpy(&epoch_seq, p + RECORD_EPOCH_AT, sizeof(epoch_seq));
	memcpy(&changing, explicit_len != 0 ? fragment : p + RECORD_EPOCH_AT, sizeof(changing));
	record_fill(op, suite, iv, epoch_seq, changing, fragment + explicit_len, rec);
	return true;
}

// Prepares the sealing of rec->plain_len bytes (at most DTLS_PLAIN_MAX) that lie at
// p + DTLS_RECORD_HEADER_LEN + explicit nonce length: writes header and, where the suite has one,
// the explicit nonce, which is always epoch and sequence number (RFC 5288 section 3, RFC 6655
// section 3), fills all of *op but key, and rec->fragment_len.  iv as for opening.
static inline void record_seal_prepare(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN],
				       uint8_t *p, struct record *rec, struct aead_op *op)
{
	const uint32_t explicit_len = aead_info[suite].explicit_nonce_len;
	rte_be64_t epoch_seq = record_epoch_seq(rec);

	rec->fragment_len =
		(uint16_t)(rec->plain_len + record_overhead(suite) - DTLS_RECORD_HEADER_LEN);
	record_write(p, rec);
	if (explicit_len != 0)
		memcpy(p + DTLS_RECORD_HEADER_LEN, &epoch_seq, sizeof(epoch_seq));
	record_fill(op, suite, iv, epoch_seq, epoch_seq, p + DTLS_RECORD_HEADER_LEN + explicit_len,
		    rec);
}

#endif
