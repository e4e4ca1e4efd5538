// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CP_H
#define DTLSGW_CP_H

#include <event2/event.h>
#include <pthread.h>

#include "dp.h"
#include "log.h"

#define LOG_TYPE log_cp

#define ROOM_RETRY_US 1000 // how often a full ring to an lcore is tried

struct cookie_rotation;
struct hs_table;
struct keylog;
struct nat_pool;
struct neigh;
struct resumption;
struct session_dir;
struct tls;

// The control plane.  One thread writes it, under lock; telemetry reads it under lock.
struct cp {
	struct dp *dp;
	const struct config *config;
	struct event_base *base;
	pthread_mutex_t lock; // held while the loop handles events
	struct aead *aead;    // this thread's ipsec-mb manager
	struct cookie_rotation *cookies;
	struct neigh *neigh;
	struct tls *tls[CONFIG_LISTENER_MAX]; // by listener
	struct keylog *keylog;		      // NULL: off
	struct resumption *resumption;
	struct hs_table *handshakes;
	struct session_dir *sessions;
	struct nat_pool *nat;
	bool stopping; // no new handshakes; sessions are being closed
};

// Makes every part of the control plane; nothing runs yet.  Returns NULL with errno set, after a
// LOG that names what failed.
struct cp *cp_create(struct dp *dp);

// Reads the files again that may change while the gateway runs.  Logs what is wrong there; that
// file's old content stays.
void cp_reload(struct cp *cp);

// After dp_stop(); NULL is fine.
void cp_destroy(struct cp *cp);

#endif
