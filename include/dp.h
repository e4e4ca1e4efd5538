// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_DP_H
#define DTLSGW_DP_H

#include <rte_mempool.h>
#include <rte_ring.h>
#include <stdatomic.h>

#include "config.h"
#include "cookie.h"
#include "msg.h"
#include "nat.h"
#include "next_hop.h"
#include "port.h"
#include "session_pool.h"
#include "stats.h"

// The data plane as cp sees it.  Built by dp_create(), const after but for what is atomic.
struct dp {
	const struct config *config;
	uint16_t lcore_nb;
	struct rte_ring *punt[CONFIG_LCORE_MAX];    // struct msg, lcore → cp, SP/SC
	struct rte_ring *install[CONFIG_LCORE_MAX]; // struct msg, cp → lcore, SP/SC
	const struct stats *stats[CONFIG_LCORE_MAX];
	struct port port[RTE_MAX_ETHPORTS];		  // by ethdev port id
	uint16_t port_id[CONFIG_PORT_MAX];		  // ethdev port id of config.port[i]
	struct nat nat;					  // one entry an inside address
	struct next_hops next_hops;			  // config.neighbours entries; cp writes
	_Atomic(const struct cookie_secrets *) cookie;	  // cp writes, before dp_launch() first
	struct session_pool *sessions;			  // for cp
	uint8_t lcore_node[CONFIG_LCORE_MAX];		  // node of lcore i in it
	struct rte_mempool *relay_pool;			  // struct relay, for cp; NULL: none
	struct rte_mempool *port_pool[CONFIG_PORT_MAX];	  // of port i's receive queues
	struct rte_mempool *mbuf_pool;			  // one of them, for frames that cp makes
	struct rte_mempool *large_pool[CONFIG_LCORE_MAX]; // of datagrams that lcore i makes of IP
							  // fragments; NULL: none are
	atomic_bool stop; // lcores return from their loop
};

// Starts ports and builds rings, pools and tables.  EAL is initialised.  Returns NULL with
// rte_errno set, after a LOG that names what failed.
struct dp *dp_create(const struct config *config);

// Starts the lcores: EAL workers in order.  dp->cookie is set.  Returns 0 or -errno.
int dp_launch(struct dp *dp);

// Stops the lcores and waits for them.
void dp_stop(struct dp *dp);

// After dp_stop(): ports stopped and closed, everything freed.  Sessions must be back in the pool.
void dp_destroy(struct dp *dp);

// The lcore (0..lcore_nb-1) that owns a flow on a port whose flows are spread in software.
uint16_t dp_flow_lcore(const struct dp *dp, const struct flow_key *flow);

// A number below n by the flow's keyed hash: dp_flow_lcore() with n in place of lcore_nb.
uint16_t dp_flow_spread(const struct dp *dp, const struct flow_key *flow, uint16_t n);

// cp → lcore; one thread at a time.  False if the ring is full; what the message carries is still
// the caller's.
bool dp_send(struct dp *dp, uint16_t lcore, const struct msg *msg);

// lcore → cp; one thread.  Returns how many messages were taken, at most n.
unsigned int dp_receive(struct dp *dp, uint16_t lcore, struct msg *msg, unsigned int n);

#endif
