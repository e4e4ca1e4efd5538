// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NEIGH_H
#define DTLSGW_NEIGH_H

#include "cp.h"
#include "encap.h"

// Neighbours: who has which IP address on the links of the ports.  An entry's index is its index in
// dp->next_hops.  Time is that of the last neigh_tick().  One thread at a time: all this runs under
// cp->lock.
//
// States (RFC 4861 section 7.3.2 without DELAY, for ARP as well) and what ends them:
//
//   INCOMPLETE  no MAC; asks the link every second, after NEIGH_PROBES at longer intervals
//               answer → REACHABLE; NEIGH_PROBES without answer and no reference → gone
//   REACHABLE   MAC confirmed; NEIGH_REACHABLE_S (half to one and a half) → PROBE or STALE
//   STALE       MAC unconfirmed and no reference; NEIGH_STALE_S → gone; reference → PROBE
//   PROBE       MAC unconfirmed, in use; asks its owner every second
//               answer → REACHABLE; NEIGH_PROBES without answer → INCOMPLETE
#define NEIGH_PROBES	  3
#define NEIGH_PROBE_S	  1
#define NEIGH_BACKOFF_S	  8 // longest time between two questions
#define NEIGH_REACHABLE_S 30
#define NEIGH_STALE_S	  60
#define NEIGH_PENDING_MAX 4 // frames an entry holds until it is resolved
#define NEIGH_TICK_MS	  200

// Counters.  Writer: cp.
#define NEIGH_STATS(X)                                                                             \
	X(entries, "entries in use")                                                               \
	X(referenced, "entries that sessions, gateways or backends need")                          \
	X(asked, "ARP requests and neighbour solicitations sent")                                  \
	X(announced, "announcements of the gateway's addresses sent")                              \
	X(answered, "ARP requests and neighbour solicitations answered")                           \
	X(echoed, "echo requests answered")                                                        \
	X(refused, "frames malformed, unwanted, or from no possible neighbour")                    \
	X(duplicate, "frames in which another host claims an address of the gateway")              \
	X(unreachable, "referenced entries that stopped answering")                                \
	X(full, "neighbours for which there was no entry")                                         \
	X(pending_dropped, "frames that waited for a neighbour in vain")                           \
	X(too_big, "frames over the port's MTU")                                                   \
	X(no_mbuf, "frames for which there was no buffer")                                         \
	X(ring_full, "frames for which the lcore's ring had no room")

struct neigh_stats {
#define X(name, text) uint64_t name;
	NEIGH_STATS(X)
#undef X
};

// Returns NULL with errno set if there is no memory.  Starts the timer on cp->base, if there is
// one; its callback runs neigh_tick().
struct neigh *neigh_create(struct cp *cp);
void neigh_destroy(struct neigh *n); // NULL is fine

// Announces the gateway's addresses (RFC 5227 section 2.3, RFC 4861 section 7.2.6) and takes a
// reference for good of every port's gateways and of every backend's next hop.  Returns 0, or
// -errno after a LOG that names the backend that cannot be reached, or the gateway without an
// entry.
int neigh_start(struct cp *cp);

// How a destination is reached.
struct route {
	uint16_t port_id;   // ethdev port
	uint16_t next_hop;  // index in dp->next_hops, referenced
	struct ip_addr src; // the port's address to send from
};

// Finds the way to dst on an outside or inside port, takes a reference of its next hop and starts
// to resolve it.  -ENETUNREACH; -ENOSPC: every entry is referenced.
int neigh_route(struct cp *cp, const struct ip_addr *dst, bool outside, struct route *route);

// Gives the reference of neigh_route() back.
void neigh_release(struct cp *cp, uint16_t next_hop);

// Sends a UDP payload (one segment, headroom of ENCAP_MAX) behind e's headers on the lcore's ring;
// now, or once e's next hop is resolved.  Takes m.
void neigh_send(struct cp *cp, uint16_t lcore, struct rte_mbuf *m, const struct encap *e);

// Handles a received ARP, NDP or ICMP frame: learns, answers.  Takes m; safe for every input.
void neigh_frame(struct cp *cp, struct rte_mbuf *m);

// Asks, ages and frees what is due.
void neigh_tick(struct cp *cp, uint64_t now_tsc);

// What a received message says about the host at addr.
struct neigh_claim {
	struct ip_addr addr;
	const struct rte_ether_addr *mac; // NULL: it names none
	bool create;			  // a question to us: the host wants to talk to us
	bool answer;			  // an answer to us; confirms the MAC if we have asked
	bool override;			  // may change a known MAC, whose owner else is asked
};

// Enters what was received on the port (RFC 826; RFC 4861 sections 7.2.3 and 7.2.5).  Only a host
// on the port's link gets a new entry.  For neigh_frame.c.
void neigh_learn(struct cp *cp, uint16_t port_id, const struct neigh_claim *claim);

struct neigh_stats *neigh_stats(struct cp *cp); // writers: neigh.c and neigh_frame.c

#endif
