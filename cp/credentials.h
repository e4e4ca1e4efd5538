// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CREDENTIALS_H
#define DTLSGW_CREDENTIALS_H

#include <stdatomic.h>

#include "certificate.h"
#include "tls.h"

// What the files of a listener held at one time: certificates, the clients' authorities, pre-shared
// keys; and the SSL_CTXs made of them.  Const once made.  The listener's newest are
// tls->credentials; a handshake keeps those with which it began.
struct credentials {
	atomic_uint references;
	struct certificate certificate[CONFIG_CERTIFICATE_MAX];
	struct certificate name_certificate[CONFIG_SERVER_NAME_MAX][CONFIG_CERTIFICATE_MAX];
	X509_STORE *client_trust; // NULL: clients are asked for no certificate
	struct psk_file *psk;	  // NULL: no pre-shared keys
	SSL_CTX *ctx;
	SSL_CTX *name_ctx[CONFIG_SERVER_NAME_MAX]; // by server name; NULL: ctx
};

// Reads tls->listener's files.  Without old a file that cannot be used is an error; else what old
// has of it is taken.  Both are logged.  The caller has the reference.  NULL with rte_errno set: an
// error, or no memory.
struct credentials *credentials_create(struct tls *tls, const struct credentials *old);

struct credentials *credentials_ref(struct credentials *c);

// The last reference frees and wipes it; NULL is fine.
void credentials_release(struct credentials *c);

// Those that a handshake began with, while it has its SSL.
const struct credentials *credentials_of(const SSL *ssl);

#endif
