// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SERVER_NAME_H
#define DTLSGW_SERVER_NAME_H

#include "tls.h"

#define SERVER_NAME_DIGEST_LEN 16 // bytes

// Server name indication (RFC 6066 section 3) and application protocols (RFC 7301): what a client
// asks for decides which certificates it sees and which backend it gets.

// Fills *tls from its listener's configuration.
void server_name_init(struct tls *tls);

// Sets ctx up for it.
void server_name_use(const struct tls *tls, SSL_CTX *ctx);

// What the ClientHello of ssl asks for becomes *client's backend and server_name, and ssl gets the
// certificates.  False if the name is unknown and refused.
bool server_name_select(SSL *ssl, struct tls_client *client);

// What tells the name that the client asks for from others, and from none; upper and lower case are
// the same.  False: no memory.
bool server_name_digest(const struct tls_client *client,
			uint8_t digest[static SERVER_NAME_DIGEST_LEN]);

// The entry for name: the one that is the name, else a wildcard for its first label.  NULL: none.
const struct config_server_name *server_name_find(const struct config_listener *listener,
						  const char *name);

#endif
