// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HANDSHAKE_H
#define DTLSGW_HANDSHAKE_H

#include <sys/queue.h>

#include "cp.h"
#include "hs_bio.h"
#include "hs_early.h"
#include "hs_worker.h"
#include "tls.h"

// What a handshake waits for, and what happens then:
//
//   WAIT_CLIENT     records of the client → SSL; its timer → retransmission, or the end
//   WAIT_ROOM       room on the lcore's ring → SESSION_INSTALL
//   WAIT_INSTALLED  INSTALLED → last flight and held datagrams; INSTALL_FAILED → alert
//   WAIT_REMOVE     room on the lcore's ring → HANDSHAKE_REMOVE
enum hs_state { HS_WAIT_CLIENT, HS_WAIT_ROOM, HS_WAIT_INSTALLED, HS_WAIT_REMOVE };

// One handshake, from the good cookie to INSTALLED.  Owner: its worker.
struct handshake {
	TAILQ_ENTRY(handshake) link; // hs_table's
	struct hs_worker *worker;
	struct cp *cp;
	struct flow_key flow;
	enum hs_state state;
	uint8_t listener;     // index in config.listener
	uint16_t lcore;	      // that has the flow
	uint64_t hello_id;    // of the last HELLO message
	bool restart;	      // the flow had a live session when the handshake began
	bool counted;	      // hs_quota's, as a handshake
	bool session_counted; // hs_quota's, for its session until that has an entry
	SSL *ssl;	      // WAIT_CLIENT only
	struct tls_client client;
	uint16_t bad_finished_nb;  // handshake records of epoch 1 that did not authenticate; those
				   // that follow closely count once
	uint64_t bad_finished_tsc; // the last that counted
	bool authenticated;	   // a record of epoch 1 did
	const char *suite;	   // OpenSSL's name, once it is known
	struct event *timer;
	struct hs_bio bio;
	struct encap encap; // towards the client
	uint16_t plain_max; // bytes of plaintext in a record, as the client asked
	bool routed;	    // encap holds a reference of its next hop
	uint64_t begun_tsc;
	uint8_t random[DTLS_RANDOM_LEN]; // of the ClientHello
	bool early_offered;		 // the held records of epoch 1 were offered to ssl
	struct hs_early early;
};

// All this is for the worker's thread, which does not hold cp->lock.

// Messages of the lcores; each takes the message's mbuf.
void handshake_hello(struct hs_worker *w, const struct msg *msg);
void handshake_record(struct hs_worker *w, const struct msg *msg);
void handshake_expired(struct hs_worker *w, const struct msg *msg); // MSG_HANDSHAKE_ENDED

// For hs_records.c: OpenSSL reads what is offered in hs->bio.
void handshake_step(struct handshake *hs);

// Frees hs->ssl; its session can still be resumed.
void handshake_close(struct handshake *hs);

// For install.c: the lcore has the session, whose entry is hs's until it is live.  Sends what was
// held back, gives the entry the client's identity, makes it live and destroys hs.
void handshake_installed(struct handshake *hs, struct session_entry *entry);

// For install.c: the session could not be installed, and is not hs's any more.
void handshake_not_installed(struct handshake *hs, const char *reason);

// Gives up all handshakes but those that wait for INSTALLED; their clients get an alert.  They are
// gone when the rings have had room.
void handshake_shutdown(struct hs_worker *w);

// Frees every handshake, without a word, once the lcores do not run any more.
void handshake_discard(struct hs_worker *w);

#endif
