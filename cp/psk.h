// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PSK_H
#define DTLSGW_PSK_H

#include "credentials.h"

// Pre-shared keys of a listener (RFC 4279).  A client with an identity that is not in the file goes
// on with a key that nobody has: it fails where a wrong key does, after the same work (RFC 4279
// section 2).

// Reads the file of tls->listener, which has one.  After an error, which is logged, returns another
// reference to old, or NULL with rte_errno set if old is NULL.
struct psk_file *psk_load(const struct tls *tls, struct psk_file *old);

// Sets ctx up for them.  Returns 0 or -EINVAL.
int psk_use(const struct tls *tls, const struct credentials *credentials, SSL_CTX *ctx);

#endif
