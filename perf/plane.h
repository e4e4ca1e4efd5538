// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PLANE_H
#define DTLSGW_PLANE_H

#include "dp.h"
#include "lcore.h"
#include "mem_port.h"

#define PLANE_OUTSIDE 0
#define PLANE_INSIDE  1

#define PLANE_LANES_MAX MEM_PORT_QUEUES

// An lcore and its queues of both ports.
struct lane {
	struct lcore *lc;
	struct mem_port port[2];
} __rte_cache_aligned;

// A data plane between two ports in memory, polled by hand, with sessions installed: v4_nb of IPv4
// clients and backends, then v6_nb of IPv6.
struct plane {
	struct config config;
	struct dp *dp;
	bool avx2;			   // ipsec-mb's code for AVX2; set before plane_init()
	uint16_t queues;		   // of each port
	struct lane lane[PLANE_LANES_MAX]; // by lcore
	struct aead *aead;
	struct cookie_secrets secrets;
	struct session **session; // v4_nb + v6_nb
	uint32_t v4_nb, v6_nb;
};

// One lcore.  Needs EAL.  window: of replay, records.  Ends the program on failure.
void plane_init(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window);

// Several lcores, queues of each port, which belong to the first lcores.  Software spreads flows.
void plane_init_lanes(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window,
		      uint16_t lcores, uint16_t queues);

// One lcore and no sessions, in two steps: p->config can be changed between them.
void plane_configure(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window);
void plane_start(struct plane *p);

// Frees all of it.
void plane_fini(struct plane *p);

// The flow of session i from a client's port.
#define PLANE_CLIENT_PORT 40000
struct flow_key plane_flow(const struct plane *p, uint32_t i, uint16_t client_port);

// One more session, as cp builds it, like session i but for its flow and the gateway's port; it is
// not installed.
struct session *plane_session_new(struct plane *p, uint32_t i, const struct flow_key *flow,
				  uint16_t nat_port);

// Wipes a session that is cp's and gives it back to its pool.
void plane_session_free(struct plane *p, struct session *s);

// The keys of session i.
struct traffic_keys plane_keys(uint32_t i);

// Frames of size bytes of UDP payload, frame k of session pick[k]: datagrams of the backend, or
// records of the client with the next sequence number each.
void plane_backend_frames(struct plane *p, struct frames *f, const uint32_t *pick, uint32_t size);
void plane_client_frames(struct plane *p, struct frames *f, const uint32_t *pick, uint32_t size);

// The payload of frame k in plain.
void plane_payload(uint32_t k, uint8_t *p, uint32_t size);

// A frame to a side of the gateway.  Returns its length.
uint16_t plane_frame(struct plane *p, int side, const struct encap_addr *addr, const void *payload,
		     uint16_t len, uint8_t *frame);

// side receives f from now on, the other side sends.  Lane 0.
void plane_load(struct plane *p, int side, const struct frames *f, enum mem_port_kind kind);
void plane_unload(struct plane *p, int side);

// Both ports have checksum offload from now on, or not.
void plane_offload(struct plane *p, bool offload);

// Empties the replay windows of the sessions pick[0..nb).
void plane_reset_replay(struct plane *p, const uint32_t *pick, uint32_t nb);

// Sends all frames loaded on side through the data plane and checks what comes out: every frame,
// in order, with good headers, and its record, or its plaintext, against libcrypto.  The first
// takes what lane in receives and lane out sends, and polls both.
struct lane_pair {
	uint16_t in, out;
};
void plane_check_lanes(struct plane *p, const struct lane_pair *lanes, int side,
		       const uint32_t *pick, uint32_t size);
void plane_check(struct plane *p, int side, const uint32_t *pick, uint32_t size);

// Sum of all drops.
uint64_t plane_drops(const struct plane *p);

#endif
