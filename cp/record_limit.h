// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RECORD_LIMIT_H
#define DTLSGW_RECORD_LIMIT_H

#include <openssl/ssl.h>

// How much a client takes in one record: max_fragment_length (RFC 6066 section 4), which OpenSSL
// negotiates, and record_size_limit (RFC 8449), of which it knows nothing.
//
// A client may offer both.  RFC 8449 section 5 lets record_size_limit win, but OpenSSL cannot be
// told to leave its answer away, and to answer both is forbidden: so max_fragment_length is
// answered, as by a server that knows no other, and the smaller of the two is kept to.

// Lets ctx take record_size_limit, answered with all that a record can hold.  Returns 0 or -ENOMEM.
int record_limit_register(SSL_CTX *ctx);

// The code of the max_fragment_length that the ClientHello of ssl asks for, in OpenSSL's callback
// for it; that with which a session was made.  0: none.  They have to be the same in a resumption:
// what was negotiated stays for all of the session (RFC 6066 section 4), and OpenSSL answers with
// that.
uint8_t record_limit_asked(SSL *ssl);
uint8_t record_limit_kept(const SSL_SESSION *session);

// Bytes of plaintext that a record to the client of ssl, whose handshake is done, may have.
uint16_t record_limit_get(const SSL *ssl);

#endif
