// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LIFE_H
#define DTLSGW_LIFE_H

#include "lcore.h"

// The life of sessions and handshakes on their lcore.

// Takes s into the table, as the session of a flow, and its gateway port; ends an older session of
// the flow, in silence.  False, with nothing changed, if the table is full.
bool life_install(struct lcore *lc, struct session *s, const struct flow_key *key);

// Ends a live session: out of table and gateway port, and on the list for cp.  Sends close_notify
// unless the client sent a fatal alert (RFC 5246 section 7.2.1).
// s stays readable until the end of the poll.
void life_end(struct lcore *lc, struct session *s, enum session_end end);

// Messages that one handshake may cost cp: certificates in fragments, retransmissions, early data.
#define LIFE_PUNT_MAX 1024

// Handshakes that the lcores let an address begin in all: half-way between limits.half_open and
// what cp, which counts exactly, lets it have.  More of them never come to cp, so that none of a
// flood waits here for its timer when cp has dropped it (docs/decisions/0025).
uint32_t life_half_open_of_address(const struct config *config);

// The flow of key is now in handshake, until handshake_tsc at the latest, under a new *id.  Returns
// BURST_PASS, or DROP_HALF_OPEN, DROP_ADDRESS_HALF_OPEN, DROP_TABLE_FULL or DROP_PUNT_RATE.  *live:
// it has a session too.
uint8_t life_handshake_begin(struct lcore *lc, const struct flow_key *key, uint32_t *id,
			     bool *live);
void life_handshake_end(struct lcore *lc, struct flow *flow);

// Seals m's data as one record of s and sends it.  front_len bytes of other records that stand in
// front of where its header comes go in the same datagram.  Takes m, which counts as made.
void life_send(struct lcore *lc, struct session *s, struct rte_mbuf *m, uint8_t content_type,
	       uint16_t front_len);

// Sends an alert (RFC 5246 section 7.2).
void life_alert(struct lcore *lc, struct session *s, uint8_t level, uint8_t description);

// Reports ended sessions to cp as far as the ring has room.
void life_report(struct lcore *lc);

// Housekeeping: looks for sessions and handshakes that expired, in as many slots of the table as
// the time since the last call allows: all of them once a second, and LIFE_WALK_MAX at the most.
#define LIFE_WALK_MAX 65536
void life_walk(struct lcore *lc);

// The lcore's walk_rate for that; needs table and second_tsc.
uint64_t life_walk_rate(const struct lcore *lc);

#endif
