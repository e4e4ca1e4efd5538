// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_ASSOCIATION_H
#define E2E_ASSOCIATION_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "record_crypto.h"

#define ASSOCIATION_DATAGRAM_MAX  65536
#define ASSOCIATION_EXTENSION_MAX 8192

struct association_options {
	const char *ca;	      // PEM file that the peer's chain must end in; NULL: not verified
	const char *cipher;   // OpenSSL list; NULL: default
	const char *identity; // of a pre-shared key; NULL: none
	const char *psk;      // the key, hexadecimal
	const char *resume;   // what a session comes back by: "ticket", "id", or NULL for either
	const char *keylog;   // file to append to; NULL: none
	const char *certificate, *key; // of the client, PEM files; NULL: none
	uint64_t mtu;		       // bytes of IP datagram for the handshake
	// Bytes of an extension of the ClientHello that means nothing, in place of a post-quantum
	// key share, which no library sends in DTLS 1.2; 0: none.
	uint64_t extension;
};

// One client end of a DTLS 1.2 association: libssl over a UDP socket of our own, with every
// datagram passing through our hands.
struct association {
	SSL *ssl;
	int fd;
	bool up;	     // the handshake is done and keys are set
	bool closed;	     // the peer sent close_notify or a fatal alert
	uint8_t alert_level; // last alert from the peer; 0: none
	uint8_t alert_description;
	struct record_keys keys; // once up
	uint64_t mtu;

	// What the next record that libssl writes becomes instead; see association_seal().
	bool replace;
	uint8_t replace_type;
	const uint8_t *replace_data;
	size_t replace_len;
	bool capture; // keep the record in last, do not send it

	size_t last_len; // last datagram written
	uint8_t last[ASSOCIATION_DATAGRAM_MAX];
	uint8_t plain[ASSOCIATION_DATAGRAM_MAX]; // scratch
	unsigned int finished;			 // of the peer, that came again
	// Takes datagrams that are no DTLS (RFC 7983); NULL: libssl gets them too.
	void (*take_other)(const uint8_t *p, size_t len);

	// Empty application records that arrived and were not taken yet: libssl never sees them.
	unsigned int empty;
};

// NULL after a message on stderr.  options outlive it.
SSL_CTX *association_context(const struct association_options *options);

// Opens a socket to peer.  False after a message on stderr.
bool association_open(struct association *a, SSL_CTX *context, const struct endpoint *peer,
		      uint16_t local_port, uint64_t mtu);

// Frees everything.  vanish: without a close_notify.
void association_close(struct association *a, bool vanish);

// One turn of the handshake, retransmission timer included.  Returns 1 when done, 0 while it goes
// on, -1 after a message on stderr.
int association_handshake(struct association *a);

// Milliseconds until libssl's retransmission timer is due; -1: none.
int association_timeout_ms(struct association *a);

// Handshakes until deadline_ms of endpoint_now_ms().
bool association_handshake_wait(struct association *a, uint64_t deadline_ms);

// Sends len bytes as one application record; 0 is an empty record.
bool association_send(struct association *a, const uint8_t *data, size_t len);

// Seals a record of that type under the next sequence number into a->last without sending it.
bool association_seal(struct association *a, uint8_t type, const uint8_t *data, size_t len);

// Sends a datagram of our own below libssl.
bool association_send_raw(struct association *a, const uint8_t *data, size_t len);

// Takes one application record.  Returns its bytes (0 is an empty one), -1 if there is none now or
// the association is over (then a->closed).
int association_receive(struct association *a, uint8_t *data, size_t room);

// Waits until the socket is readable.  False when wait_ms passed first.
bool association_wait(const struct association *a, int wait_ms);

#endif
