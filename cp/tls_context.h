// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TLS_CONTEXT_H
#define DTLSGW_TLS_CONTEXT_H

#include "credentials.h"

// Makes an SSL_CTX as the configuration of tls's listener says: DTLS 1.2 only, no renegotiation, no
// compression; with what credentials has but its certificates, and with these.  Returns 0 or -errno
// after a LOG; *ctx is the caller's either way, and may be NULL.
int tls_context_create(struct tls *tls, const struct credentials *credentials,
		       const struct certificate *certificate, uint16_t certificate_nb,
		       SSL_CTX **ctx);

#endif
