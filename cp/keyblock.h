// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_KEYBLOCK_H
#define DTLSGW_KEYBLOCK_H

#include <openssl/ssl.h>

#include "keys.h"

// The record layer's suite of a cipher suite, or -1 if it has none.
int keyblock_suite(const SSL_CIPHER *cipher);

#define KEYBLOCK_RANDOM_LEN 32 // bytes

struct keyblock_seed {
	const char *label;
	uint8_t random[2][KEYBLOCK_RANDOM_LEN];
};

// The PRF of TLS 1.2 (RFC 5246 section 5) on OpenSSL's HMAC; digest: NID_sha256 or NID_sha384.
// EVP_KDF's TLS1-PRF takes three times as long (docs/decisions/0014).  Returns 0, or -EIO: another
// digest, or libcrypto failed.
int keyblock_prf(int digest, const uint8_t *secret, size_t secret_len,
		 const struct keyblock_seed *seed, uint8_t *out, size_t out_len);

// Expands the key block (RFC 5246 section 6.3) of a handshake that has its master secret, that is
// from the ClientKeyExchange on.  Returns 0 or, with *keys wiped, -EAGAIN: no master secret yet,
// -ENOTSUP: a suite that the record layer does not have, -EIO: libcrypto failed.
int keyblock_derive(const SSL *ssl, struct traffic_keys *keys);

#endif
