// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_IDENTITY_H
#define DTLSGW_IDENTITY_H

#include <openssl/ssl.h>
#include <stdint.h>

#define IDENTITY_TEXT_LEN	 256 // bytes, NUL included
#define IDENTITY_FINGERPRINT_LEN 32  // SHA-256 of the certificate

enum identity_kind {
	IDENTITY_PSK,	      // text: the pre-shared key's identity
	IDENTITY_CERTIFICATE, // text: the subject, as RFC 4514 writes it
};

// Names a session that can be resumed, and all associations of it; all zeros: cannot be resumed.
struct resumption_tag {
	uint8_t byte[16];
	int64_t expires; // CLOCK_REALTIME, s: from then on it is not resumed
};

// Who a client proved to be.  Owner: who made it, then the session's entry.
struct identity {
	enum identity_kind kind;
	uint8_t fingerprint[IDENTITY_FINGERPRINT_LEN]; // IDENTITY_CERTIFICATE
	char text[]; // printable ASCII; cut, not longer than IDENTITY_TEXT_LEN
};

// Of a handshake that is done.  Sets *identity, NULL for a client that proved nothing; the caller
// frees it.  Returns 0 or -ENOMEM.
int identity_create(const SSL *ssl, struct identity **identity);

// Of a certificate, whoever showed it.  NULL: no memory.
struct identity *identity_of_certificate(X509 *certificate);

// NULL is fine.
void identity_destroy(struct identity *identity);

// Writes a peer's bytes as printable ASCII: \ and what is not printable become \xHH.  Returns text.
const char *identity_printable(const char *bytes, char text[static IDENTITY_TEXT_LEN]);

#endif
