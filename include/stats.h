// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_STATS_H
#define DTLSGW_STATS_H

#include <rte_common.h>
#include <stdint.h>

#include "config.h"
#include "drop.h"

// Counters of one lcore.  Writer: that lcore; anyone reads with STATS_READ().
//
// Where a packet comes from: rx, handoff_in (another lcore), inject (cp), split (a record behind
// the first of its datagram).  Where it ends: tx, punt, handoff or one drop.  On every lcore
//   rx + handoff_in + inject + split + made + reassembled
//     = tx + punt + handoff + sum of drop + merged + fragments
// whenever no poll is under way.  Frames that the gateway makes itself count as made, then as tx,
// handoff or drop.  An IP fragment that came in waits among fragments until it is dropped or counts
// as merged; the datagram that it is then part of counts as reassembled.
#define STATS(X)                                                                                   \
	X(rx, "frames received")                                                                   \
	X(handoff_in, "frames taken from other lcores")                                            \
	X(inject, "frames given back by the control plane")                                        \
	X(split, "further records of received datagrams")                                          \
	X(made, "frames the gateway made itself")                                                  \
	X(reassembled, "datagrams made of IP fragments")                                           \
	X(tx, "frames sent")                                                                       \
	X(punt, "frames and records given to the control plane")                                   \
	X(handoff, "frames given to other lcores")                                                 \
	X(merged, "IP fragments that became part of a datagram")                                   \
	X(fragments, "IP fragments waiting for the rest of their datagram")                        \
	X(hello_verify, "HelloVerifyRequests sent")                                                \
	X(hello, "ClientHellos with a good cookie")                                                \
	X(opened, "records opened")                                                                \
	X(sealed, "records sealed")                                                                \
	X(sessions, "sessions live")                                                               \
	X(handshakes, "flows in handshake")                                                        \
	X(installs, "sessions installed")                                                          \
	X(relays, "relays of STUN and RTP live")                                                   \
	X(relay_in, "datagrams of clients that relays took, sent or dropped")                      \
	X(relay_out, "datagrams of media servers that relays took, sent or dropped")               \
	X(polls, "polls")                                                                          \
	X(polls_empty, "polls that found nothing")

struct stats_port {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; // frames, bytes of frame without FCS
};

struct stats_listener {
	uint64_t hello_verify, hello, opened, opened_bytes, sealed, sealed_bytes; // plaintext bytes
};

struct stats {
#define X(name, text) uint64_t name;
	STATS(X)
#undef X
	uint64_t drop[DROP_NB];
	struct stats_port port[CONFIG_PORT_MAX];
	struct stats_listener listener[CONFIG_LISTENER_MAX];
} __rte_cache_aligned;

#define STATS_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

// For the one thread that writes a counter which others read, off the hot path.
#define STATS_ADD(field, n) __atomic_store_n(&(field), (field) + (n), __ATOMIC_RELAXED)

#endif
