// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_WORKER_H
#define DTLSGW_HS_WORKER_H

#include <pthread.h>

#include "cp.h"

// The handshakes of a share of all flows, and the thread that runs them.  The main thread spreads
// the lcores' messages by the hash of their flow, so that one worker gets all of a flow, in order.
// What a worker has, only its thread uses, but for the queue's other end.
//
// A turn is one message, then the timers that are due: no handshake waits for its timer longer than
// another needs for a message, and HS_WORKER_TIMER_US.

#define HS_WORKER_TIMER_US 250 // how often timers are looked at while there are messages

// Free places of the queue at which a message is dropped.  The last ones are for the lcores'
// answers, which must not be lost: where those are few, the main thread takes no messages.
#define HS_WORKER_RESERVE_HELLO	 512
#define HS_WORKER_RESERVE_RECORD 128
#define HS_WORKER_ROOM		 32

// Counters of one worker.
#define HS_WORKER_STATS(X)                                                                         \
	X(messages, "messages handled")                                                            \
	X(dropped_hellos, "ClientHellos for which the queue had no room")                          \
	X(dropped_records, "other datagrams of handshakes for which the queue had no room")        \
	X(stray_records, "datagrams of flows whose handshake is over")

struct hs_worker_stats {
#define X(name, text) uint64_t name;
	HS_WORKER_STATS(X)
#undef X
};

struct hs_worker {
	struct cp *cp;
	uint16_t id;		 // 0..cp->worker_nb-1
	struct rte_ring *queue;	 // struct msg, main thread → worker, SP/SC
	struct event_base *base; // the handshakes' timers
	struct aead *aead;	 // ipsec-mb manager
	struct hs_table *handshakes;
	uint64_t timers_tsc; // when timers are looked at next
	uint64_t timers_period_tsc;
	bool shut; // has seen that cp stops
	pthread_t thread;
	bool started;	    // there is a thread
	atomic_bool stop;   // the thread is to end
	atomic_bool asleep; // the thread waits for a timer or wake_fd
	int wake_fd;
	struct event *wake;
	struct hs_worker_stats stats; // what is dropped: the main thread's
};

// Worker id of cp, without a thread.  Returns NULL with errno set.
struct hs_worker *hs_worker_create(struct cp *cp, uint16_t id);

// NULL is fine.  The thread has ended, and so have the lcores.
void hs_worker_destroy(struct hs_worker *w);

// Starts the thread on its CPU; stops it and waits for its end, which is after the message that it
// handles.  Returns 0, or -errno after a LOG.
int hs_worker_start(struct hs_worker *w);
void hs_worker_stop(struct hs_worker *w);

// For the main thread.  Takes the message, which is dropped and counted if the queue is full.
// There must be room (hs_worker_has_room()) for what may not be dropped.
void hs_worker_give(struct hs_worker *w, const struct msg *msg);

// For the main thread: true if HS_WORKER_ROOM messages that may not be dropped fit the queue.
bool hs_worker_has_room(const struct hs_worker *w);

// Lets the thread look at once for what has changed.  Any thread.
void hs_worker_wake(struct hs_worker *w);

// One turn.  The thread does nothing else; tests do it by hand.  Returns true if there was a
// message.
bool hs_worker_turn(struct hs_worker *w);

#endif
