// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SESSION_STAMP_H
#define DTLSGW_SESSION_STAMP_H

#include "psk_file.h"
#include "server_name.h"
#include "tls.h"

#define SESSION_STAMP_ORIGIN_LEN 16 // bytes

// What goes with a session that may be resumed, in its ticket or the cache (OpenSSL's ticket
// application data).
struct session_stamp {
	struct resumption_tag tag;
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN]; // of the list that would have its end
	uint8_t name_digest[SERVER_NAME_DIGEST_LEN];
	uint8_t psk_digest[PSK_DIGEST_LEN];  // of the key
	char identity[PSK_IDENTITY_MAX + 1]; // "" without a pre-shared key; cut behind the NUL
};

// False if the session has none.
bool session_stamp_get(SSL_SESSION *session, struct session_stamp *stamp);

// Gives one to the session of a full handshake of ssl, if it has none.  False if it may not have
// one, for it was made without the extended master secret; or if there is no memory.
bool session_stamp_set(SSL *ssl, SSL_SESSION *session,
		       const uint8_t origin[static SESSION_STAMP_ORIGIN_LEN]);

// NULL if the client of ssl, whose ClientHello was read, may go on with the session: its time is
// not over, it is this listener's, which still has the suite, the client asks for the same name and
// max_fragment_length, and the session's client would still get in.  Else why not, for the log.
const char *session_stamp_misfit(const struct session_stamp *stamp, SSL *ssl, SSL_SESSION *session);

#endif
