// SPDX-License-Identifier: BSD-3-Clause
#include "record.h"

#include <rte_byteorder.h>
#include <string.h>

#include "wire.h"

// Where the fields of a record header stand (RFC 6347 section 4.1).
#define TYPE_AT	   0
#define VERSION_AT 1
#define EPOCH_AT   3 // 16 bits of epoch, 48 of sequence number
#define LENGTH_AT  11
#define EPOCH_LEN  8

// Where the part of a nonce that changes stands: behind the fixed IV's first bytes, or over its
// end.
#define CHANGING_AT 4
_Static_assert(CHANGING_AT + EPOCH_LEN == AEAD_NONCE_LEN, "nonce");

#define X(suite, key, iv, explicit_nonce, tag, rfc)                                                \
	_Static_assert(((iv) == CHANGING_AT && (explicit_nonce) == EPOCH_LEN) ||                   \
			       ((iv) == AEAD_NONCE_LEN && (explicit_nonce) == 0),                  \
		       #suite);
AEAD_SUITES(X)
#undef X

static uint16_t load_16(const uint8_t *p)
{
	rte_be16_t v;

	memcpy(&v, p, sizeof(v));
	return rte_be_to_cpu_16(v);
}

static void store_16(uint8_t *p, uint16_t v)
{
	rte_be16_t be = rte_cpu_to_be_16(v);

	memcpy(p, &be, sizeof(be));
}

bool record_parse(const uint8_t *p, size_t len, struct record *rec)
{
	struct wire_reader r = wire_reader(p, len);
	const uint8_t *header = wire_bytes(&r, DTLS_RECORD_HEADER_LEN);
	rte_be64_t epoch_seq;

	if (header == NULL)
		return false;
	memcpy(&epoch_seq, header + EPOCH_AT, sizeof(epoch_seq));
	epoch_seq = rte_be_to_cpu_64(epoch_seq);
	rec->type = header[TYPE_AT];
	rec->version = load_16(header + VERSION_AT);
	rec->epoch = (uint16_t)(epoch_seq >> 48);
	rec->seq = epoch_seq & DTLS_SEQ_MAX;
	rec->fragment_len = load_16(header + LENGTH_AT);
	rec->plain_len = 0;
	return (rec->version == DTLS_VERSION_1_2 || rec->version == DTLS_VERSION_1_0) &&
	       rec->fragment_len <= DTLS_FRAGMENT_MAX && rec->fragment_len <= wire_left(&r);
}

void record_write(uint8_t *p, const struct record *rec)
{
	rte_be64_t epoch_seq = rte_cpu_to_be_64((uint64_t)rec->epoch << 48 | rec->seq);

	p[TYPE_AT] = rec->type;
	store_16(p + VERSION_AT, rec->version);
	memcpy(p + EPOCH_AT, &epoch_seq, sizeof(epoch_seq));
	store_16(p + LENGTH_AT, rec->fragment_len);
}

// The nonce is the fixed IV, zeros behind it, with the changing part xored into the last 8 bytes.
// That part is the explicit nonce (RFC 5288 section 3, RFC 6655 section 3) or, in a suite without
// one, epoch and sequence number (RFC 7905 section 2).
static void fill_nonce(uint8_t nonce[AEAD_NONCE_LEN], const uint8_t iv[AEAD_NONCE_LEN],
		       const uint8_t changing[EPOCH_LEN])
{
	uint64_t end, part;

	memcpy(nonce, iv, CHANGING_AT);
	memcpy(&end, iv + CHANGING_AT, sizeof(end));
	memcpy(&part, changing, sizeof(part));
	end ^= part;
	memcpy(nonce + CHANGING_AT, &end, sizeof(end));
}

// Fills all of *op but key from the header and the explicit nonce at p.  The additional data is
// epoch and sequence number, type, version and the plaintext's length (RFC 5246 section 6.2.3.3,
// RFC 6347 section 4.1.2.1).
static void fill(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN], uint8_t *p,
		 const struct record *rec, struct aead_op *op)
{
	uint8_t explicit_len = aead_info[suite].explicit_nonce_len;
	uint8_t *fragment = p + DTLS_RECORD_HEADER_LEN;

	op->suite = (uint8_t)suite;
	op->data = fragment + explicit_len;
	op->data_len = rec->plain_len;
	op->tag = op->data + rec->plain_len;
	op->ok = false;
	fill_nonce(op->nonce, iv, explicit_len != 0 ? fragment : p + EPOCH_AT);
	memcpy(op->aad, p + EPOCH_AT, EPOCH_LEN);
	op->aad[EPOCH_LEN] = p[TYPE_AT];
	memcpy(op->aad + EPOCH_LEN + 1, p + VERSION_AT, sizeof(rec->version));
	store_16(op->aad + EPOCH_LEN + 3, rec->plain_len);
}

bool record_open_prepare(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN], uint8_t *p,
			 struct record *rec, struct aead_op *op)
{
	uint16_t added = aead_info[suite].explicit_nonce_len + aead_info[suite].tag_len;

	if (rec->fragment_len < added || rec->fragment_len - added > DTLS_PLAIN_MAX)
		return false;
	rec->plain_len = rec->fragment_len - added;
	fill(suite, iv, p, rec, op);
	return true;
}

void record_seal_prepare(enum aead_suite suite, const uint8_t iv[AEAD_NONCE_LEN], uint8_t *p,
			 struct record *rec, struct aead_op *op)
{
	uint8_t explicit_len = aead_info[suite].explicit_nonce_len;

	rec->fragment_len = explicit_len + rec->plain_len + aead_info[suite].tag_len;
	record_write(p, rec);
	if (explicit_len != 0)
		memcpy(p + DTLS_RECORD_HEADER_LEN, p + EPOCH_AT, EPOCH_LEN);
	fill(suite, iv, p, rec, op);
}
