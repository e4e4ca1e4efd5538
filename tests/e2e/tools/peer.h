// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_PEER_H
#define E2E_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What peer_cell.c asks of a DTLS library; each peer_LIBRARY.c implements it, for any number of
// associations.  The sockets are connected, non-blocking and peer_cell.c's.
struct peer;
struct peer_session;

enum peer_result {
	PEER_OK,
	PEER_AGAIN,  // nothing to do until the socket is readable or the timer is due
	PEER_CANNOT, // the library has no such thing
	PEER_FAILED,
	PEER_CLOSED, // the other side ended the association
};

// How a client means to come back.
enum peer_return { PEER_NEVER, PEER_BY_TICKET, PEER_BY_SESSION_ID };

#define PEER_KEY_MAX 64

struct peer_options {
	const char *ca;	      // PEM file that the gateway's chain must end in
	const char *name;     // that its certificate must have
	const char *identity; // of the pre-shared key
	uint8_t key[PEER_KEY_MAX];
	uint64_t key_len;
	// First retransmission of a flight, as far as the library lets us choose; it backs off to
	// PEER_BACKOFF times as much at most.
	uint64_t retransmit_ms;
};

#define PEER_BACKOFF 8

// Of one association.
struct peer_way {
	uint16_t suite; // IANA number, the only one that is offered
	bool psk;	// it has a pre-shared key, no certificates
	enum peer_return come_back;
	struct peer_session *session; // to resume; NULL: a full handshake
};

// Prepares a client of DTLS 1.2.  PEER_OK; PEER_CANNOT, before anything is sent, or PEER_FAILED,
// both with a reason.  Whatever it returns, *peer is for peer_close().
enum peer_result peer_open(struct peer **peer, const struct peer_options *options,
			   const struct peer_way *way, int fd);

// One turn of the handshake, retransmission timer included.  PEER_OK once it is done, PEER_AGAIN or
// PEER_FAILED with a reason.
enum peer_result peer_handshake(struct peer *p);

// Milliseconds until peer_handshake() has to run again without a datagram; -1: no timer runs.
int peer_timeout_ms(struct peer *p);

// Sends one application record.
bool peer_send(struct peer *p, const uint8_t *data, size_t len);

// Takes one application record.  PEER_OK sets *len; PEER_AGAIN, PEER_CLOSED, PEER_FAILED with a
// reason, PEER_CANNOT as for peer_mute(), if the library ends the association instead.
enum peer_result peer_receive(struct peer *p, uint8_t *data, size_t room, size_t *len);

// After a handshake that is done: whether it was a resumed one, as the library sees it.
bool peer_resumed(struct peer *p);

// True, with a reason, if the gateway repeated its flight of a resumed handshake and the library,
// done with it, did not repeat its own, which is the last one (RFC 6347 section 4.2.4): then
// nothing can come of the association.
bool peer_mute(struct peer *p);

// What to come back with; NULL with a reason, also if the gateway gave a ticket to who wants to
// come back by session id, or none to who wants to by ticket.
struct peer_session *peer_session_take(struct peer *p);
void peer_session_free(struct peer_session *session);

// Sends close_notify after a handshake that is done, and frees everything; NULL is fine.
void peer_close(struct peer *p);

// For the libraries.
//
// Sets the reason, one line; the first one stays.
void peer_reason(const char *format, ...) __attribute__((format(printf, 1, 2)));

// A callback's answer: identity and pre-shared key, each if there is room for it, and the length of
// the key; 0: there was none.
unsigned int peer_psk(const struct peer_options *options, char *identity,
		      unsigned int identity_room, unsigned char *key, unsigned int key_room);

// Milliseconds until due_ms of endpoint_now_ms(), for peer_timeout_ms(); -1 if due_ms is 0.
int peer_left_ms(uint64_t due_ms);

#endif
