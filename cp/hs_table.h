// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_TABLE_H
#define DTLSGW_HS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "flow.h"

// Counters of one listener's handshakes, written by one thread; started = completed + failed +
// expired + replaced + those in the table that do not only wait for room to be removed
// (HS_WAIT_REMOVE).
#define HANDSHAKE_STATS(X)                                                                         \
	X(started, "handshakes begun after a good cookie")                                         \
	X(completed, "sessions installed")                                                         \
	X(resumed, "of those installed: resumed")                                                  \
	X(resumptions_refused, "handshakes whose client came with a session that is not resumed")  \
	X(failed, "handshakes that failed")                                                        \
	X(expired, "handshakes not finished in time")                                              \
	X(replaced, "handshakes given up for a new ClientHello of the same flow")                  \
	X(hasty, "ClientHellos refused: the flow's handshake had just begun")                      \
	X(refused, "ClientHellos refused: too many under way, no memory, no route")                \
	X(address_half_open, "ClientHellos refused: limits.half_open_per_address")                 \
	X(address_sessions, "ClientHellos refused: limits.sessions_per_address")                   \
	X(hellos_ignored, "ClientHellos malformed, or come while a session is being installed")    \
	X(records_ignored, "records of no use to a handshake: odd, misplaced, not authentic")      \
	X(unknown_name, "handshakes for a server name that the listener does not have")            \
	X(unknown_identity, "handshakes with a pre-shared key identity that is not in the file")   \
	X(bad_finished, "of those failed or expired: wrong or withdrawn key; decrypt_error")       \
	X(bad_certificate, "of those failed: the client's certificate was not accepted")           \
	X(no_certificate, "of those failed: the client had no certificate")                        \
	X(resent_flights, "last flights sent again after a client's Finished")                     \
	X(resends_failed, "last flights not sent again: no memory, no room")                       \
	X(finished_ignored, "a client's Finished again: answered just before, or no flight kept")  \
	X(early_held, "datagrams held until the session is installed")                             \
	X(early_dropped, "datagrams that came early and could not be held")                        \
	X(early_lost, "of those held: no room on the way back to the lcore")

struct handshake_stats {
#define X(name, text) uint64_t name;
	HANDSHAKE_STATS(X)
#undef X
};

struct handshake;

// What there is room for in the tables of all threads together.
struct hs_room {
	_Atomic uint32_t handshakes;
	_Atomic uint32_t early; // datagrams held until a session is installed
};

// The handshakes under way of one thread, by flow.
struct hs_table;

// A table for max handshakes, within room, which outlives it.  Returns NULL with rte_errno set.
struct hs_table *hs_table_create(const char *name, uint32_t max, struct hs_room *room);

// The table must be empty; NULL is fine.
void hs_table_destroy(struct hs_table *t);

struct handshake *hs_table_find(const struct hs_table *t, const struct flow_key *flow);

// By hs->flow, which stays.  Returns 0, -EEXIST or -ENOSPC.
int hs_table_enter(struct hs_table *t, struct handshake *hs);

// Nothing happens if hs did not enter.
void hs_table_leave(struct hs_table *t, struct handshake *hs);

uint32_t hs_table_count(const struct hs_table *t); // any thread

// The oldest, the one that entered after hs; NULL: none.  To let hs leave, ask for the next first.
struct handshake *hs_table_first(const struct hs_table *t);
struct handshake *hs_table_next(const struct handshake *hs);

// Takes from the room of all, or gives back, that of one held datagram.  False: none left.
bool hs_table_early_take(struct hs_table *t);
void hs_table_early_give(struct hs_table *t);

// The thread's counters.  Others read them with STATS_READ().
struct handshake_stats *hs_table_counters(struct hs_table *t, uint16_t listener);

#endif
