// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_RECORD_CRYPTO_H
#define E2E_RECORD_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A record layer for AES-GCM on libcrypto alone, independent of the gateway's.

#define RECORD_HEADER	13
#define RECORD_NONCE	8 // explicit part
#define RECORD_TAG	16
#define RECORD_OVERHEAD (RECORD_HEADER + RECORD_NONCE + RECORD_TAG)
#define RECORD_MASTER	48
#define RECORD_RANDOM	32

enum record_side { RECORD_CLIENT, RECORD_SERVER };

// Keys by the side that writes with them.
struct record_keys {
	uint16_t key_len; // 16 or 32
	uint8_t key[2][32];
	uint8_t iv[2][4];
};

// Key expansion (RFC 5246 section 6.3).  False for a suite that is not ECDHE with AES-GCM.
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

// Opens the record at p, which record_size() accepted, into plain.  Returns the bytes of plaintext
// or -1 if it does not authenticate.
int record_open(const struct record_keys *keys, enum record_side side, const uint8_t *p,
		uint8_t *plain);

// Seals len bytes with the type, version, epoch, sequence number (first 11 bytes) and explicit
// nonce that already stand at p.  Returns the record's size.
size_t record_seal(const struct record_keys *keys, enum record_side side, uint8_t *p,
		   const uint8_t *plain, size_t len);

#endif
