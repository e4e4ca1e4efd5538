// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SUITES_H
#define DTLSGW_SUITES_H

#include <openssl/ssl.h>

// AEAD with forward secrecy (RFC 9325 section 4.2), AES-GCM first, then with pre-shared keys and
// last without forward secrecy; CCM_8 only for who asks for it.
#define SUITES_DEFAULT                                                                             \
	"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM:DHE+aRSA+AESGCM:DHE+aRSA+CHACHA20:"              \
	"DHE+aRSA+AESCCM:"                                                                         \
	"kECDHEPSK+CHACHA20:kDHEPSK+AESGCM:kDHEPSK+CHACHA20:kDHEPSK+AESCCM:"                       \
	"kPSK+AESGCM:kPSK+CHACHA20:kPSK+AESCCM:!AESCCM8"

// Key exchange groups.
#define SUITES_GROUPS_DEFAULT "X25519:P-256:P-384"

// What the gateway signs with, and what its clients may; SHA-1 is not among it (RFC 9155).
#define SUITES_SIGNATURES_DEFAULT                                                                  \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:"                                          \
	"RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

// Kinds of key, as bits: of a certificate, or pre-shared.
enum {
	SUITES_RSA = 1,
	SUITES_ECDSA = 2,
	SUITES_PSK = 4,
};

// Gives ctx the suites of an OpenSSL cipher list, and none of TLS 1.3.  A CCM_8 suite in it is
// usable at any security level that would take it with a whole tag; OpenSSL 3.2 and later count
// its 64 bits of tag.  Returns 0; -EINVAL: the list selects none; -ENOTSUP: it selects *name, which
// is not AEAD with ECDHE-ECDSA, ECDHE-RSA, DHE-RSA, PSK, DHE-PSK or ECDHE-PSK.
int suites_set(SSL_CTX *ctx, const char *list, const char **name);

// The kinds of key that the suites of ctx are for.
unsigned int suites_keys(const SSL_CTX *ctx);

// The kinds of certificate that an OpenSSL list of signature algorithms is for.
unsigned int suites_signers(const char *signatures);

#endif
