// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_MEDIA_H
#define DTLSGW_MEDIA_H

#include "lcore.h"

// Datagrams that are not DTLS: sorted by their first byte, STUN and RTP passed on to the listener's
// media server and back, with the payload as it is; the rest is dropped.
//
// A flow gets its relay by a STUN Binding request (RFC 8489), or by any STUN or RTP while it has a
// session; both go to cp, each at a rate of its own, and cp answers with RELAY_INSTALL.  A relay is
// over without a datagram for the configured time, or after RELAY_UNANSWERED_S if the media server
// has not answered but by STUN errors and the flow has no session: whoever invents flows cannot
// hold them longer.
#define RELAY_UNANSWERED_S 5

// Room for max relays, of which relay_spare() are for flows with a session.  Returns 0 or -errno.
int media_init(struct lcore *lc, uint32_t max);
void media_fini(struct lcore *lc);

// The n datagrams d->mbuf[at[0..n)], which are no DTLS; d->flow and d->hash as looked up.
void media_burst(struct lcore *lc, struct datagrams *d, const uint16_t *at, uint16_t n);

// A datagram to a gateway port that belongs to a relay; owner as read from slot, NAT_RELAY set.
void media_reply(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg,
		 struct nat_slot *slot, uint16_t owner);

// Takes relay in and sends its first datagram.  The flow has no relay.  False, with nothing
// changed: there is no room, others that were under way at the same time came first.
bool media_install(struct lcore *lc, struct relay *relay);

// True if the flow has a relay whose media server has answered within the last idle_tsc cycles.
bool media_answers(const struct lcore *lc, const struct flow_key *flow, uint64_t idle_tsc);

// Housekeeping: ends relays whose time is over, as life_walk() does it with sessions, and reports
// them as far as the punt ring has room.
void media_walk(struct lcore *lc);

#endif
