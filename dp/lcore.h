// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LCORE_H
#define DTLSGW_LCORE_H

#include "burst.h"
#include "classify.h"
#include "dp.h"
#include "log.h"
#include "table.h"

#define LOG_TYPE log_dp

// A port has at most one receive queue for an lcore.
#define LCORE_RXQ_MAX CONFIG_PORT_MAX

// The pools that threads of the control plane share with lcores.  One of those threads may lose its
// CPU while it is in the ring of free objects: this kind of ring makes nobody wait for it.
#define LCORE_POOL_OPS "ring_mt_rts"

// Datagrams on their way from classification to the session.  Owner: the lcore, for one poll.
struct datagrams {
	uint16_t n;
	struct rte_mbuf *mbuf[BURST_MAX]; // data is the frame
	struct datagram dg[BURST_MAX];
	uint32_t hash[BURST_MAX];
	struct flow *flow[BURST_MAX]; // outside; NULL: unknown
};

// m's data, a whole frame, becomes the payload of its datagram.
static inline void datagram_strip(struct rte_mbuf *m, const struct datagram *dg)
{
	m->data_off += dg->payload_at;
	m->data_len = dg->payload_len;
	m->pkt_len = dg->payload_len;
}

// Frames waiting to be sent on one port.
struct tx_buffer {
	const struct port *port;
	uint16_t n;
	uint16_t queue; // PORT_NO_QUEUE: another lcore sends
	struct rte_mbuf *mbuf[BURST_MAX];
} __rte_cache_aligned;

// Places in which handshakes are counted by client, a power of two.  Clients that share one are
// few, and nobody chooses whom.
#define LCORE_CLIENTS 4096

// All that one data-plane lcore has.  Nobody else writes it; stats are read by anyone.
struct lcore {
	struct dp *dp;
	struct aead *aead;
	struct table *table;
	struct reassemble *reassemble;		    // NULL: IP fragments are not taken
	struct rte_ring *punt;			    // to cp
	struct rte_ring *install;		    // from cp
	struct rte_ring *handoff[CONFIG_LCORE_MAX]; // to lcore i; [id]: from the others
	uint64_t now_tsc;			    // read once a poll
	uint64_t idle_tsc;
	uint64_t handshake_tsc;
	uint64_t second_tsc; // TSC cycles of a second
	uint64_t filled_tsc; // when the buckets were filled last
	uint64_t walked_tsc; // when housekeeping last walked the table
	uint64_t walk_rate;  // slots of the table a TSC cycle, times 2^32
	uint64_t frame_tsc;  // of credit that a punted frame costs
	struct {
		uint64_t neighbour; // TSC cycles of credit, at most a second
		uint64_t echo;
	} bucket[CONFIG_PORT_MAX]; // by port index: what may be punted as MSG_FRAME
	struct table_secret hash_secret;
	uint32_t half_open_max;
	uint32_t half_open_address_max; // of them, with the same half_open_of
	uint32_t handshake_id;		// last one given out
	uint32_t walk;			// housekeeping's place in the table
	uint16_t id;			// 0..dp->lcore_nb-1
	uint16_t rxq_nb;
	struct {
		uint16_t port_id, queue;
	} rxq[LCORE_RXQ_MAX];
	struct session *over; // ended, not yet reported to cp
	struct {
		struct table *table; // NULL: no listener has media
		uint64_t idle_tsc;
		uint64_t credit_tsc; // for flows given to cp, as in bucket: those without session
		uint64_t session_credit_tsc; // and those with one
		uint64_t walked_tsc;	     // as for the sessions' table
		uint64_t walk_rate;
		uint32_t walk;
		uint32_t max;	    // relays
		uint32_t open_max;  // of those, that flows without session may bring it to
		struct relay *over; // not yet reported to cp
	} media;		    // dp/media.c's
	struct datagrams datagrams;
	struct burst burst;			// records of received datagrams
	struct burst own;			// records that the gateway makes itself
	struct flow *burst_flow[BURST_MAX];	// of burst.mbuf[i]
	struct rte_mbuf *burst_copy[BURST_MAX]; // untouched, for a flow in handshake; or NULL
	struct tx_buffer tx[RTE_MAX_ETHPORTS];
	uint32_t half_open_of[LCORE_CLIENTS]; // handshakes under way, by a hash of ip_client()
	struct stats stats;
};

// One turn: messages, receive queues, the paths, transmit, and now and then housekeeping.
// Returns how many frames and messages it handled.
unsigned int lcore_poll(struct lcore *lc);

// Polls until dp->stop.  arg: struct lcore.
int lcore_run(void *arg);

// Lcore i of dp, for whoever polls by hand: tests and benches.
struct lcore *dp_lcore(const struct dp *dp, uint16_t i);

// Ends a frame: counted, freed.
static inline void drop(struct lcore *lc, struct rte_mbuf *m, enum drop reason)
{
	lc->stats.drop[reason]++;
	rte_pktmbuf_free(m);
}

#endif
