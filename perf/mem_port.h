// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_MEM_PORT_H
#define DTLSGW_MEM_PORT_H

#include <rte_mbuf.h>
#include <stdatomic.h>

#include "bench.h"

// A port in memory: an ethdev whose receive and transmit functions are the bench's own.
//
// MEM_PORT_COPY receives as a poll driver without hardware does: a bulk of mbufs from the pool, the
// frame copied in; what is sent goes back to the pool.  The work of net_pcap with infinite_rx and
// of net_null.
// MEM_PORT_BARE hands out prepared mbufs and forgets what is sent: nothing but the call.
enum mem_port_kind { MEM_PORT_COPY, MEM_PORT_BARE };

// Frames one behind the other, each at a multiple of stride bytes.
struct frames {
	uint8_t *byte;
	uint16_t *len;
	uint32_t stride;
	uint32_t nb;
};

void frames_init(struct frames *f, uint32_t nb, uint32_t frame_max);
void frames_fini(struct frames *f);

static inline uint8_t *frames_at(const struct frames *f, uint32_t i)
{
	return f->byte + (size_t)i * f->stride;
}

#define MEM_PORT_QUEUES 16

// One queue of a device.  Owner: who polls it; others may read left, and set it while it is 0.
struct mem_port {
	enum mem_port_kind kind;
	bool offload; // says of received checksums that they are good
	uint16_t id;  // ethdev port
	uint16_t queue;
	uint16_t burst; // frames in one receive at the most
	struct rte_mempool *pool;
	const struct frames *frames;
	struct rte_mbuf **bare; // frames->nb prepared mbufs, MEM_PORT_BARE
	uint32_t next;		// frame
	_Atomic uint32_t left;	// frames that are still to be received
	uint64_t sent;
	void (*sink)(void *arg, struct rte_mbuf *m);
	void *sink_arg;
};

// The device's name for the configuration; one pair a process.
extern const char *const mem_port_device[2];

// Makes the two devices with so many queues each, before dp_create().
void mem_port_devices(uint16_t queues);

// Takes them away, after dp_destroy().
void mem_port_devices_fini(uint16_t queues);

// Puts p in place of the device's functions for a queue, after the port is started.
void mem_port_attach(struct mem_port *p, uint16_t id, uint16_t queue, struct rte_mempool *pool);

// p receives these frames from now on.  bare: prepares the mbufs as well.
void mem_port_load(struct mem_port *p, const struct frames *frames, enum mem_port_kind kind);
void mem_port_unload(struct mem_port *p);

// In untimed runs: sink sees every frame that is sent, in order.  NULL: none any more.
void mem_port_sink(struct mem_port *p, void (*sink)(void *arg, struct rte_mbuf *m), void *arg);

// The next n frames may be received.  Bare mbufs are restored to what was loaded.
void mem_port_offer(struct mem_port *p, uint32_t n);

#endif
