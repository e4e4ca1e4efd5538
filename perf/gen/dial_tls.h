// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_DIAL_TLS_H
#define GEN_DIAL_TLS_H

#include <openssl/ssl.h>

#include "options.h"

// The clients' SSL_CTX: DTLS 1.2, the suites of the record layer.  NULL after a message.  The
// options outlive it.
SSL_CTX *dial_tls_context(const struct options *o);

// Gives one SSL the server's name to ask for and to verify.  0 or -EINVAL.
int dial_tls_name(SSL *ssl, const struct options *o);

#endif
