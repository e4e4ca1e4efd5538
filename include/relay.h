// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RELAY_H
#define DTLSGW_RELAY_H

#include <rte_common.h>

#include "encap.h"
#include "flow.h"

// Of nb places that relays take, so many are for flows that have a session, and for sessions: one
// in RELAY_SPARE and at least one, unless there is no more than one.
#define RELAY_SPARE 4

static inline uint32_t relay_spare(uint32_t nb)
{
	return nb > 1 ? (nb + RELAY_SPARE - 1) / RELAY_SPARE : 0;
}

// STUN and RTP of one client's flow (RFC 7983) on their way between a listener's port and the media
// server.  Owner: cp while it builds it; from RELAY_INSTALL to RELAY_ENDED its lcore; then cp
// again. Memory: dp->relay_pool.
struct relay {
	uint64_t used_tsc;    // last datagram; of the client's only those that keep the relay alive
	uint64_t replied_tsc; // last datagram of the media server but STUN errors; 0: none yet
	struct flow_key flow;
	uint16_t lcore;	     // owner
	uint16_t nat_addr;   // index in nat.addr
	rte_be16_t nat_port; // the gateway's port towards the media server
	uint8_t listener;    // index in config.listener
	bool counted;	     // cp's: among those of the client's address
	struct encap to_media;
	struct ip_addr media;
	rte_be16_t media_port;
	struct encap to_client;
	struct rte_mbuf *first; // the datagram that made the relay, its data the payload; NULL once
				// it is sent
	struct relay *next_over; // the lcore's list of relays to report
} __rte_cache_aligned;
_Static_assert(sizeof(struct relay) == 4 * RTE_CACHE_LINE_SIZE, "a line, two and a half each way");

#endif
