// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_KEYBLOCK_H
#define DTLSGW_KEYBLOCK_H

#include <openssl/ssl.h>

#include "keys.h"

// The record layer's suite of a cipher suite, or -1 if it has none.
int keyblock_suite(const SSL_CIPHER *cipher);

// The TLS 1.2 PRF (RFC 5246 section 5) with digest's name and a seed in two parts.  0 or -EIO.
int keyblock_prf(const char *digest, const uint8_t *secret, size_t secret_len, const char *label,
		 const uint8_t seed[2][32], uint8_t *out, size_t out_len);

// Expands the key block (RFC 5246 section 6.3) of a handshake that has its master secret, that is
// from the ClientKeyExchange on.  Returns 0 or, with *keys wiped, -EAGAIN: no master secret yet,
// -ENOTSUP: a suite that the record layer does not have, -EIO: libcrypto failed.
int keyblock_derive(const SSL *ssl, struct traffic_keys *keys);

#endif
