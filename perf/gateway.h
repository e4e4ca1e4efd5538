// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PERF_GATEWAY_H
#define DTLSGW_PERF_GATEWAY_H

#include "client.h"
#include "plane.h"

// Of the data plane's folder; here it is the control plane's.
#undef LOG_TYPE
#include "cp.h"

#define GATEWAY_CLIENT_MAX 256
#define GATEWAY_THREADS	   2 // at the most, on the first CPUs

// The whole gateway between two ports in memory, and clients in front of it.  The lcore is polled
// by hand, and so is the handshake worker, unless there are threads.
struct gateway {
	struct plane plane;
	struct cp *cp;
	struct frames frames;
	uint32_t frame_nb;
	struct client client[GATEWAY_CLIENT_MAX];
	uint64_t echoed;	 // datagrams with the right bytes that came out inside
	uint64_t threads_cycles; // TSC cycles that the threads have run in gateway_handshakes()
};

// Needs EAL.  Room for so many sessions.  Certificates are made anew; bare gets the same ones, NULL
// is fine.
void gateway_init(struct gateway *g, SSL_CTX *bare, uint32_t sessions);
void gateway_fini(struct gateway *g);

// From now on so many threads run the handshakes; 0: one worker is turned by hand.
void gateway_threads(struct gateway *g, uint16_t nb);

// Runs n clients of a kind from the start to the session installed, each with the session to
// resume, and returns the TSC cycles that the control plane took for them from the ClientHellos
// with a good cookie on: by hand the cycles of its calls; with threads the time until all of them
// are idle again.
uint64_t gateway_handshakes(struct gateway *g, SSL_CTX *ctx, SSL_SESSION *session, uint32_t n);

// Sends a datagram of each of n clients through to the inside, and checks it.
void gateway_check(struct gateway *g, uint32_t n);

// n clients close; returns when their sessions are gone.
void gateway_close(struct gateway *g, uint32_t n);

#endif
