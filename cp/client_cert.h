// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CLIENT_CERT_H
#define DTLSGW_CLIENT_CERT_H

#include "credentials.h"

// Certificates of clients: asked for and verified as the listener's configuration says.

// Returns the certificates of file ca as what is trusted, with the revocation lists of file crl
// (NULL: none are looked at; else each authority in a client's chain needs one).  On failure writes
// "FILE: what is wrong; what is expected" to error and returns NULL.
X509_STORE *client_cert_store_load(const char *ca, const char *crl, char *error, size_t error_len);

// Reads the files of tls->listener, which asks for certificates.  After an error, which is logged,
// returns another reference to old, which may be NULL.
X509_STORE *client_cert_load(const struct tls *tls, X509_STORE *old);

// Sets ctx up for them.  Returns 0 or -ENOMEM.
int client_cert_use(const struct tls *tls, const struct credentials *credentials, SSL_CTX *ctx);

// True if the certificate would be accepted now, without intermediates of the client's.
bool client_cert_good(const struct credentials *credentials, X509 *certificate);

#endif
