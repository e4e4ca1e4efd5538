// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_RECORD_CRYPTO_H
#define E2E_RECORD_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A record layer on libcrypto alone, independent of the gateway's, for all of its suites.

#define RECORD_HEADER 13
#define RECORD_NONCE  12 // bytes, the explicit part included
#define RECORD_MASTER 48
#define RECORD_RANDOM 32

enum record_side { RECORD_CLIENT, RECORD_SERVER };

// Keys by the side that writes with them.
struct record_keys {
	const struct record_cipher *cipher; // NULL: none
	uint8_t key[2][32];
	uint8_t iv[2][RECORD_NONCE];
};

// Key expansion (RFC 5246 section 6.3).  False for a suite that the gateway does not have.
bool record_keys_derive(struct record_keys *keys, uint16_t suite,
			const uint8_t master[static RECORD_MASTER],
			const uint8_t client_random[static RECORD_RANDOM],
			const uint8_t server_random[static RECORD_RANDOM]);

// Bytes of the record at p, header included; 0 if it does not fit in len.
size_t record_size(const uint8_t *p, size_t len);

static inline uint16_t record_epoch(const uint8_t *p)
{
	return (uint16_t)(p[3] << 8 | p[4]);
}

// Bytes of nonce that a record carries behind its header: 8 or, with ChaCha20-Poly1305, 0.
size_t record_explicit_len(const struct record_keys *keys);

// The whole nonce of the record at p.
void record_nonce(const struct record_keys *keys, enum record_side side, const uint8_t *p,
		  uint8_t nonce[static RECORD_NONCE]);

// Opens the record at p, which record_size() accepted, into plain.  Returns the bytes of plaintext
// or -1 if it does not authenticate.
int record_open(const struct record_keys *keys, enum record_side side, const uint8_t *p,
		uint8_t *plain);

// Seals len bytes with the type, version, epoch, sequence number (first 11 bytes) and explicit
// nonce that already stand at p.  Returns the record's size.
size_t record_seal(const struct record_keys *keys, enum record_side side, uint8_t *p,
		   const uint8_t *plain, size_t len);

#endif
