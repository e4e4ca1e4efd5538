// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TLS_H
#define DTLSGW_TLS_H

#include <openssl/ssl.h>

#include "config.h"

struct keylog;

// What all handshakes of one listener share: certificates, suites, groups.
struct tls;

// DTLS 1.2 only; no tickets, no session cache, no renegotiation, no compression.  keylog may be
// NULL.  Returns NULL with rte_errno set, after a LOG that names the file or suite that is wrong.
struct tls *tls_create(const struct config_listener *listener, struct keylog *keylog);

// NULL is fine.
void tls_destroy(struct tls *tls);

// A fresh server SSL for one handshake, NULL if there is no memory.
SSL *tls_ssl_new(struct tls *tls);

#endif
