// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CERTIFICATE_H
#define DTLSGW_CERTIFICATE_H

#include <openssl/ssl.h>

#include "config.h"

// One of the gateway's own certificates.  Its parts are OpenSSL's, shared by reference.
struct certificate {
	unsigned int kind; // SUITES_RSA or SUITES_ECDSA
	X509 *leaf;
	STACK_OF(X509) * chain; // behind the leaf; may be empty
	EVP_PKEY *key;
};

// Reads the two files.  On failure writes "FILE: what is wrong; what is expected" to error, sets
// *part to the configuration's key of that file, and returns -EINVAL with *c all zeros.
int certificate_load(struct certificate *c, const struct config_certificate *files,
		     const char **part, char *error, size_t error_len);

// Makes *c another reference to what *of has.  Returns 0 or, with *c all zeros, -ENOMEM.
int certificate_ref(struct certificate *c, const struct certificate *of);

// All zeros is fine.
void certificate_release(struct certificate *c);

// Gives it to ctx.  Returns 0 or -EINVAL: OpenSSL does not accept it, at this security level.
int certificate_use(const struct certificate *c, SSL_CTX *ctx);

#endif
