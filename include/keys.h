// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_KEYS_H
#define DTLSGW_KEYS_H

#include <string.h>

#include "aead.h"

// The key block of one association (RFC 5246 section 6.3), as long as it is not expanded.
// Whoever fills one wipes it with keys_wipe() after hand-over.
struct traffic_keys {
	enum aead_suite suite;
	uint8_t client_key[AEAD_KEY_MAX]; // aead_info[suite].key_len bytes
	uint8_t server_key[AEAD_KEY_MAX];
	uint8_t client_iv[AEAD_NONCE_LEN]; // fixed_iv_len bytes, zeros behind them
	uint8_t server_iv[AEAD_NONCE_LEN];
};

static inline void keys_wipe(struct traffic_keys *keys)
{
	explicit_bzero(keys, sizeof(*keys));
}

#endif
