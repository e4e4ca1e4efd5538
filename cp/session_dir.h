// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SESSION_DIR_H
#define DTLSGW_SESSION_DIR_H

#include <time.h>

#include "identity.h"
#include "session.h"

#define LAST_FLIGHT_FINISHED_MAX 64

#define SESSION_DIR_STEP 256	    // slots that session_dir_list() looks at
#define SESSION_DIR_END	 UINT32_MAX // its cursor when there are no more

struct srtp;

// What is sent again when a client lost our last flight: NewSessionTicket, if there was one,
// ChangeCipherSpec and Finished.  In a resumption the last flight is the client's.
struct last_flight {
	uint64_t epoch0_seq; // of the next record of epoch 0
	uint64_t resent_tsc; // 0: not yet
	// Whole records, but for their numbers; goes when the client has sent data.  NULL: none.
	uint8_t *ticket;
	uint32_t ticket_len;			    // bytes
	uint16_t mtu;				    // bytes of UDP payload, of the flight
	uint8_t finished_len;			    // 0: the last flight is not ours
	uint8_t finished[LAST_FLIGHT_FINISHED_MAX]; // the message, plain
};

// One session that is, or is being, installed.
struct session_entry {
	struct session *session; // owner: its lcore; NULL: the slot is free
	session_id id;		 // of this or, in a free slot, of the next session
	struct flow_key flow;	 // whoever enters it sets it
	time_t since;		 // CLOCK_REALTIME
	bool live;		 // INSTALLED was handled; before that the entry is the handshake's
	bool ended;		 // SESSION_ENDED was seen, before the entry was live
	bool removing;		 // SESSION_REMOVE was sent
	bool counted;		 // hs_quota's
	uint32_t next_free;
	struct resumption_tag tag; // of what the client can resume
	struct identity *identity; // of the client; NULL: it proved none
	struct srtp *srtp;	   // keys that may be asked for; NULL: none.  srtp_dir's
	struct last_flight flight;
};
_Static_assert(sizeof(struct session_entry) <= 256, "a session takes 512 bytes here at the most");

// The sessions, by id.  One thread at a time, under cp->lock.
struct session_dir;

// A session as telemetry and the control socket show it.
struct session_view {
	session_id id;
	struct flow_key flow;
	struct ip_addr backend;
	rte_be16_t backend_port;
	uint16_t listener; // index in config.listener
	uint16_t nat_addr; // index in nat.addr
	uint16_t nat_port; // host order
	uint16_t lcore;
	const char *suite;
	const char *profile;		 // of SRTP, if there are keys; NULL: none
	const struct identity *identity; // the entry's, so only under cp->lock; NULL: none
	time_t since;
	uint64_t rx_records, rx_bytes, rx_forged, tx_records, tx_bytes;
};

// Room for max sessions, and spare more that replace one of them.  Returns NULL with rte_errno set.
struct session_dir *session_dir_create(uint32_t max, uint32_t spare);

// NULL is fine.
void session_dir_destroy(struct session_dir *dir);

// Takes a slot for s and sets s->id; a spare one only if s replaces a session, which leaves soon.
// NULL: all slots are taken.
struct session_entry *session_dir_enter(struct session_dir *dir, struct session *s, bool replaces);

// NULL if no such session is in the directory (any more).
struct session_entry *session_dir_find(const struct session_dir *dir, session_id id);

// Frees the tickets of sessions that have got data, in the next few slots: to be called as sessions
// come.
void session_dir_tidy(struct session_dir *dir);

// Frees the entry's slot, identity and ticket, and wipes and frees its SRTP keys; its id is not
// used again before 2^32 others of the slot were.
void session_dir_leave(struct session_dir *dir, struct session_entry *entry);

uint32_t session_dir_count(const struct session_dir *dir);

// The first session whose removing is not set, NULL if there is none.  For the end of the program:
// entries that come in later may be missed.
struct session_entry *session_dir_unremoved(struct session_dir *dir);

// Copies what there is to show.  Counters are read while the owner writes them.
void session_dir_view(const struct session_entry *entry, struct session_view *view);

// A step of a walk over the live sessions: *cursor starts at 0 and is SESSION_DIR_END at the end.
// Copies max at most; fewer, or none, do not mean the end.  The directory may change between steps,
// for which cp->lock is to be let go: a session that is there all the time is copied once.
uint32_t session_dir_list(const struct session_dir *dir, uint32_t *cursor,
			  struct session_view *view, uint32_t max);

#endif
