// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CLIENT_CERT_H
#define DTLSGW_CLIENT_CERT_H

#include "tls.h"

// Certificates of clients: asked for and verified as the listener's configuration says.

// Returns the certificates of file ca as what is trusted, with the revocation lists of file crl
// (NULL: none are looked at; else each authority in a client's chain needs one).  On failure writes
// "FILE: what is wrong; what is expected" to error and returns NULL.
X509_STORE *client_cert_store_load(const char *ca, const char *crl, char *error, size_t error_len);

// Loads tls->listener's files.  Returns 0 or -errno after a LOG.
int client_cert_init(struct tls *tls);
void client_cert_fini(struct tls *tls);

// Sets ctx up for them.  Returns 0 or -errno after a LOG.
int client_cert_use(const struct tls *tls, SSL_CTX *ctx);

// True if the certificate would be accepted now, without intermediates of the client's.
bool client_cert_good(const struct tls *tls, X509 *certificate);

#endif
