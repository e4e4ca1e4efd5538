// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TLS_H
#define DTLSGW_TLS_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "config.h"
#include "identity.h"

#define TLS_SERVER_NAME_LEN 256 // bytes, NUL included

struct credentials;
struct keylog;
struct resumption;
struct srtp;

// What all handshakes of one listener share.  Const but for the credentials, which cp replaces when
// it reads the files again; any thread may make SSLs meanwhile.
struct tls {
	const struct config *config;
	const struct config_listener *listener;
	struct keylog *keylog;	       // NULL: off
	struct resumption *resumption; // all listeners'; NULL: nothing is resumed
	unsigned int alpn_len;	       // bytes
	uint8_t alpn[CONFIG_ALPN_MAX * (1 + CONFIG_ALPN_LEN)]; // as RFC 7301 writes the list
	pthread_mutex_t lock;				       // of credentials
	struct credentials *credentials;		       // the newest
};

// What is known of the client of one handshake: the SSL's app data.  Owner: the handshake.
struct tls_client {
	struct credentials *credentials;       // of the listener, when the handshake began
	uint16_t backend;		       // index in config.backend
	bool extended_master;		       // it offered the extended master secret (RFC 7627)
	uint8_t fragment_code;		       // record_limit_asked()
	char server_name[TLS_SERVER_NAME_LEN]; // that it asked for; "": none
	bool name_known;		       // and gets
	bool name_unknown;		       // which the listener, who has names, does not have
	bool psk_tried;			       // it gave a pre-shared key's identity
	bool psk_unknown;		       // which is not in the file
	struct identity *refused;	       // of a certificate that was not accepted
	const char
		*refusal; // why its ClientHello was refused; NULL: it was not, or OpenSSL says why
	const char *not_resumed; // why the session that it came with is not; NULL: it is, or none
	// Once the handshake is done:
	bool resumed;
	bool psk_withdrawn;	   // its pre-shared key is no longer the one in the file
	struct identity *identity; // NULL: it proved none
	struct srtp *srtp;	   // NULL: it has none, or nobody may ask for its keys
	struct resumption_tag tag;
};

// keylog and resumption may be NULL; they and config outlive it.  Returns NULL with rte_errno set,
// after a LOG that names the file or suite that is wrong.
struct tls *tls_create(const struct config *config, uint16_t listener, struct keylog *keylog,
		       struct resumption *resumption);

// NULL is fine.
void tls_destroy(struct tls *tls);

// Reads the listener's files again; what is wrong there is logged, and the old content of that file
// stays.  Handshakes that are under way go on with what they began with.
void tls_reload(struct tls *tls);

// A fresh server SSL for one handshake, NULL if there is no memory.  Fills *client, which outlives
// it.
SSL *tls_ssl_new(struct tls *tls, struct tls_client *client);

// Frees what *client holds.
void tls_client_fini(struct tls_client *client);

// Whose SSL it is.
struct tls *tls_of(const SSL *ssl);

// Of a handshake that is done: who the client is, and where its data goes.  Returns NULL, or why it
// is refused: if client->psk_withdrawn, as somebody with an unknown identity or a wrong key.
const char *tls_identify(SSL *ssl, struct tls_client *client);

#endif
