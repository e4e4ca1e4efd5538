// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PSK_H
#define DTLSGW_PSK_H

#include "psk_file.h"
#include "tls.h"

// Pre-shared keys of a listener (RFC 4279).  A client with an identity that is not in the file goes
// on with a key that nobody has, the same each time, of the usual length: it fails where a wrong
// key does, after the same work (RFC 4279 section 2).

// Loads tls->listener's file, if it has one, and sets ctx up for it.  Returns 0 or -errno after a
// LOG.
int psk_init(struct tls *tls);
int psk_use(struct tls *tls, SSL_CTX *ctx);
void psk_fini(struct tls *tls);

// Reads the file again.  A bad one is logged with file and line, and changes nothing.
void psk_reload(struct tls *tls);

// Copies an identity's entry of the file as it is now to *entry, which the caller wipes.  False if
// there is none, or identity is NULL.  Any thread may call it.
bool psk_find(struct tls *tls, const char *identity, struct psk_entry *entry);

#endif
