// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_AEAD_OSSL_H
#define DTLSGW_AEAD_OSSL_H

#include "aead.h"

// The same operations by libcrypto: slow, and the oracle that tests hold aead_mb.c against.

// A raw key.  Its owner wipes it.
struct aead_ossl_key {
	enum aead_suite suite;
	uint8_t key[AEAD_KEY_MAX]; // key_len bytes
};

// As aead_seal_burst() and aead_open_burst(), with key[i] in place of op[i].key.  On a bad tag, or
// where libcrypto fails, ok is false; a failed seal leaves ok false as well.
void aead_ossl_seal_burst(const struct aead_ossl_key *const *key, struct aead_op *op, uint16_t n);
void aead_ossl_open_burst(const struct aead_ossl_key *const *key, struct aead_op *op, uint16_t n);

#endif
