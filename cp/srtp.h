// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SRTP_H
#define DTLSGW_SRTP_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "config.h"

// DTLS-SRTP (RFC 5764): which profile a client gets, and the keys that its session has for SRTP.

// The protection profiles (RFC 5764 section 4.1.2, RFC 7714 section 14.2).  Columns: the name that
// OpenSSL and the configuration have behind SRTP_, number, bytes of master key and of master salt.
#define SRTP_PROFILES(X)                                                                           \
	X(AES128_CM_SHA1_80, 0x0001, 16, 14)                                                       \
	X(AES128_CM_SHA1_32, 0x0002, 16, 14)                                                       \
	X(AEAD_AES_128_GCM, 0x0007, 16, 12)                                                        \
	X(AEAD_AES_256_GCM, 0x0008, 32, 12)

enum srtp_profile {
#define X(name, number, key_len, salt_len) SRTP_PROFILE_##name,
	SRTP_PROFILES(X)
#undef X
		SRTP_PROFILE_NB
};
_Static_assert(SRTP_PROFILE_NB <= CONFIG_SRTP_MAX, "a listener may have all");

#define SRTP_KEY_MAX 44 // bytes of a master key and the salt behind it

struct srtp_info {
	const char *name;
	uint16_t number;
	uint8_t key_len;  // bytes
	uint8_t salt_len; // bytes
};

extern const struct srtp_info srtp_info[SRTP_PROFILE_NB];

// The SRTP keys of one session.  Owner: its handshake, then its entry in session_dir.
struct srtp {
	uint8_t profile;	      // enum srtp_profile
	uint8_t client[SRTP_KEY_MAX]; // master key and salt of what the client sends
	uint8_t server[SRTP_KEY_MAX]; // of what it receives
};

// Makes the context answer use_srtp with the first of the listener's profiles that the client
// offers, without MKI; without one the session has no SRTP (RFC 5764 section 4.1.1).  Returns 0 or
// -ENOTSUP.
int srtp_use(const struct config_listener *listener, SSL_CTX *ctx);

// False if the client, whose ClientHello is being read, offers SRTP on a listener that has it, but
// not the extended master secret, without which nothing may be exported (RFC 7627 section 5.4).
bool srtp_allowed(const struct config_listener *listener, SSL *ssl, bool extended_master);

// Exports the keys of a handshake that is done (RFC 5764 section 4.2) into *srtp; NULL: it has no
// SRTP.  Returns 0, -ENOMEM or -EIO.
int srtp_create(SSL *ssl, struct srtp **srtp);

// Wipes and frees; NULL is fine.
void srtp_destroy(struct srtp *srtp);

#endif
