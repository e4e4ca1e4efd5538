// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RELAY_DIR_H
#define DTLSGW_RELAY_DIR_H

#include "cp.h"
#include "flow_index.h"
#include "relay.h"

// Counters of one gateway; begun = ended + those that are there.
#define RELAY_STATS(X)                                                                             \
	X(begun, "relays made")                                                                    \
	X(ended, "relays that were idle, or not answered, or that their lcore had no room for")    \
	X(repeated, "datagrams that came while their flow's relay was being made")                 \
	X(full, "datagrams of new flows refused: limits.relays")                                   \
	X(address_full, "datagrams of new flows refused: limits.relays_per_address")               \
	X(no_route, "datagrams of new flows refused: no way to the client or the server")          \
	X(no_port, "datagrams of new flows refused: no free port towards the server")              \
	X(ring_full, "datagrams of new flows refused: the lcore's ring has no room")

struct relay_stats {
#define X(name, text) uint64_t name;
	RELAY_STATS(X)
#undef X
};

// The relays between clients and media servers.  Bounds: limits.relays in all, the last
// relay_spare() of them for flows that have a session; and of one client's address
// limits.relays_per_address, flows that have a session aside.  They leave a part of what sessions
// need as well: config_check() sees to ports towards the backends, and relay_spare() of the
// neighbours stay free of them.
struct relay_dir;

// Returns NULL with rte_errno set.
struct relay_dir *relay_dir_create(void);

// Once the lcores do not run any more; NULL is fine.
void relay_dir_destroy(struct relay_dir *dir);

// Messages of the lcores, for the main thread; both take cp->lock.  MSG_MEDIA: makes the relay of
// the flow, which then sends the message's mbuf on; or frees it.  MSG_RELAY_ENDED: takes everything
// back.
void relay_dir_begin(struct cp *cp, const struct msg *msg);
void relay_dir_end(struct cp *cp, const struct msg *msg);

// The relay of a flow, or of the gateway's own address and port towards a media server; NULL: none.
// cp->lock is held, also as long as the relay is looked at.
const struct relay *relay_dir_find(const struct cp *cp, const struct flow_key *flow);
const struct relay *relay_dir_find_nat(const struct cp *cp, const struct ip_addr *addr,
				       rte_be16_t port);

// cp->lock is held.
const struct relay_stats *relay_dir_stats(const struct cp *cp);

#endif
