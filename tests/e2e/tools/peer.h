// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_PEER_H
#define E2E_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What peer.c asks of a DTLS library; each peer_LIBRARY.c implements it, for one association a
// process.  The socket is connected, non-blocking and peer.c's.
enum peer_result {
	PEER_OK,
	PEER_AGAIN,  // nothing to do until the socket is readable or the timer is due
	PEER_CANNOT, // the library has no such suite; nothing was sent
	PEER_FAILED,
	PEER_CLOSED, // the other side ended the association
};

struct peer_options {
	const char *ca;	  // PEM file that the gateway's chain must end in
	const char *name; // that its certificate must have
	uint64_t suite;	  // IANA number, the only one that is offered
	uint64_t
		retransmit_ms; // first retransmission of a flight, where the library lets us choose
};

// Prepares a client of DTLS 1.2.  PEER_OK, PEER_CANNOT or PEER_FAILED, the latter two with a
// reason.
enum peer_result peer_open(const struct peer_options *options, int fd);

// One turn of the handshake, retransmission timer included.  PEER_OK once it is done, PEER_AGAIN or
// PEER_FAILED with a reason.
enum peer_result peer_handshake(void);

// Milliseconds until peer_handshake() has to run again without a datagram; -1: no timer runs.
int peer_timeout_ms(void);

// Sends one application record.
bool peer_send(const uint8_t *data, size_t len);

// Takes one application record.  PEER_OK sets *len; PEER_AGAIN, PEER_CLOSED, PEER_FAILED with a
// reason.
enum peer_result peer_receive(uint8_t *data, size_t room, size_t *len);

// Sends close_notify after a handshake that is done, and frees everything.
void peer_close(void);

// Sets the reason, one line, that peer.c prints; the first one stays.
void peer_reason(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
