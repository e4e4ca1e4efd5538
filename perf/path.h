// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PATH_H
#define DTLSGW_PATH_H

#include "plane.h"

// One direction through the shipped lcore_poll(), and what it is measured against.
struct path {
	struct plane *p;
	int side; // PLANE_INSIDE: seal, PLANE_OUTSIDE: open
	uint32_t size;
	uint32_t nb; // frames
	enum mem_port_kind kind;
	uint32_t *pick; // session of frame k
	struct frames frames;
	struct rte_mbuf *crypt[BURST_MAX]; // buffers of bare ipsec-mb
	uint32_t next;
};

// nb frames of the sessions that pick() returns for 0..nb-1, frames loaded, bytes checked.
void path_init(struct path *path, struct plane *p, int side, uint32_t size, uint32_t nb,
	       uint32_t (*pick)(void *arg), void *arg, enum mem_port_kind kind);
void path_fini(struct path *path);

// For struct bench_item: run with arg struct path.  Paths of one plane may take turns, if the kind
// of all is MEM_PORT_COPY: a reset gives the ports the path's frames.
void path_reset(void *path);
uint64_t path_run(void *path, uint32_t n); // lcore_poll() until all are sent
uint64_t path_io(void *path, uint32_t n);  // the ports alone: receive a burst, send it
// ipsec-mb's direct call on mbufs of the same size, with the frames' keys in their order; the
// second asks for the next keys ahead.
uint64_t path_aead(void *path, uint32_t n);
uint64_t path_aead_prefetch(void *path, uint32_t n);

// Frames for pick(): sessions from first on, nb of them, in a random order, each as often as the
// others; or at random with equal chances; or with Zipf's law, exponent 1.
struct path_pick {
	uint32_t first, nb;
	uint32_t i;
	uint64_t seed;
	uint32_t *order; // path_pick_round: shuffled
	double *sum;	 // path_pick_zipf: of the chances
};
void path_pick_init(struct path_pick *pick, uint32_t first, uint32_t nb);
void path_pick_fini(struct path_pick *pick);
uint32_t path_pick_round(void *pick);
uint32_t path_pick_uniform(void *pick);
uint32_t path_pick_zipf(void *pick);

#endif
