// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_DTLS_H
#define DTLSGW_DTLS_H

// Numbers of DTLS 1.2: RFC 6347, RFC 5246, RFC 5288.

enum dtls_content_type {
	DTLS_CHANGE_CIPHER_SPEC = 20,
	DTLS_ALERT = 21,
	DTLS_HANDSHAKE = 22,
	DTLS_APPLICATION_DATA = 23,
};

enum dtls_handshake_type {
	DTLS_HELLO_REQUEST = 0,
	DTLS_CLIENT_HELLO = 1,
	DTLS_HELLO_VERIFY_REQUEST = 3,
	DTLS_NEW_SESSION_TICKET = 4,
	DTLS_FINISHED = 20,
};

enum dtls_alert_level {
	DTLS_ALERT_WARNING = 1,
	DTLS_ALERT_FATAL = 2,
};

enum dtls_alert_description {
	DTLS_ALERT_CLOSE_NOTIFY = 0,
	DTLS_ALERT_UNEXPECTED_MESSAGE = 10,
	DTLS_ALERT_DECODE_ERROR = 50,
	DTLS_ALERT_DECRYPT_ERROR = 51,
	DTLS_ALERT_INTERNAL_ERROR = 80,
	DTLS_ALERT_NO_RENEGOTIATION = 100,
};

// First byte of a datagram that carries DTLS (RFC 7983 section 7).
#define DTLS_FIRST_BYTE_MIN 20
#define DTLS_FIRST_BYTE_MAX 63

#define DTLS_VERSION_1_0	  0xfeff
#define DTLS_VERSION_1_2	  0xfefd
#define DTLS_RECORD_HEADER_LEN	  13
#define DTLS_HANDSHAKE_HEADER_LEN 12
#define DTLS_ALERT_LEN		  2
#define DTLS_RANDOM_LEN		  32
#define DTLS_SESSION_ID_MAX	  32
#define DTLS_PLAIN_MAX		  16384 // bytes of plaintext in one record (RFC 5246 6.2.1)
#define DTLS_FRAGMENT_MAX	  (16384 + 2048) // bytes after a record header (RFC 5246 6.2.3)
#define DTLS_SEQ_MAX		  ((UINT64_C(1) << 48) - 1)

#endif
