// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CP_H
#define DTLSGW_CP_H

#include <event2/event.h>
#include <pthread.h>

#include "dp.h"
#include "flow_index.h"
#include "hs_quota.h"
#include "hs_table.h"
#include "log.h"

#define LOG_TYPE log_cp

#define ROOM_RETRY_US 1000 // how often a full ring to an lcore is tried

struct api;
struct cookie_rotation;
struct hs_worker;
struct keylog;
struct nat_pool;
struct neigh;
struct relay_dir;
struct resumption;
struct session_dir;
struct tls;

// The control plane.  The main thread takes the lcores' messages, keeps neighbours and cookie
// secrets, and ends sessions; it hands what belongs to handshakes to the workers (hs_worker.h), a
// thread each.
//
//   main thread            base, cookies, aead, stats, api; the only one to call dp_receive()
//   a worker's thread      what its struct hs_worker has, its handshakes and their SSLs
//   whoever holds lock     sessions, quota, srtp, relays, neigh, nat, dp_send(), stopping's change
//   any thread             tls and resumption, which lock what changes in them; keylog; room
//
// lock is held for moments, never while OpenSSL computes or a file is read or written.  The locks
// inside tls and resumption come after it, singly: who holds one takes no other, but for that of
// resumption's file (resumption_state.h), which is never taken under another.
struct cp {
	struct dp *dp;
	const struct config *config;
	struct event_base *base; // the main thread's timers and signals
	pthread_mutex_t lock;
	struct aead *aead; // the main thread's ipsec-mb manager
	struct cookie_rotation *cookies;
	struct neigh *neigh;
	struct tls *tls[CONFIG_LISTENER_MAX]; // by listener
	struct keylog *keylog;		      // NULL: off
	struct resumption *resumption;
	struct session_dir *sessions;
	struct hs_quota quota;
	struct flow_index srtp; // of the flow in a session's entry
	struct relay_dir *relays;
	struct nat_pool *nat;
	struct api *api; // NULL: off
	uint16_t worker_nb;
	struct hs_worker *worker[CONFIG_HANDSHAKE_MAX];
	struct hs_room room;				   // of all workers
	struct handshake_stats stats[CONFIG_LISTENER_MAX]; // what the main thread counts
	atomic_bool stopping; // no new handshakes; sessions are being closed
};

// Makes every part of the control plane; nothing runs yet.  Returns NULL with errno set, after a
// LOG that names what failed.
struct cp *cp_create(struct dp *dp);

// Starts the handshake threads.  Returns 0, or -errno after a LOG and with none running.
int cp_start(struct cp *cp);

// Stops the handshake threads and waits for them.
void cp_stop(struct cp *cp);

// For the main thread: reads the files again that may change while the gateway runs.  Logs what is
// wrong there; that file's old content stays.
void cp_reload(struct cp *cp);

// Handshakes under way.
uint32_t cp_half_open(const struct cp *cp);

// Sums a listener's handshake counters.
void cp_handshake_stats(const struct cp *cp, uint16_t listener, struct handshake_stats *sum);

// After cp_stop() and dp_stop(); NULL is fine.
void cp_destroy(struct cp *cp);

static inline void cp_lock(struct cp *cp)
{
	pthread_mutex_lock(&cp->lock);
}

static inline void cp_unlock(struct cp *cp)
{
	pthread_mutex_unlock(&cp->lock);
}

#endif
