// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_PORTS_H
#define GEN_PORTS_H

#include <rte_mbuf.h>

#include "hosts.h"
#include "options.h"
#include "port.h"

#define PORTS_BURST 32

// A started ethdev port with one queue each way.
struct gen_port {
	struct port port; // mac, mtu and flags as encap_push() wants them
	uint16_t id;	  // ethdev port
	bool started;
	struct hosts hosts; // our addresses
	uint64_t rx;	    // frames
	uint64_t tx;	    // frames that the device took
};

// Starts EAL on one CPU with the devices of the options.  Returns 0 or -errno after a message.
int ports_eal(const struct options *o, const char *program);

// The pool of all packets: room for a datagram of the MTU, sealed.  NULL after a message.
struct rte_mempool *ports_pool(const struct options *o);

// Starts a device and waits up to 10 s until its link is up; sets all of *p but hosts.  Returns 0
// or -errno after a message.
int ports_start(struct gen_port *p, const char *device, const struct options *o,
		struct rte_mempool *pool);
void ports_stop(struct gen_port *p); // also if it was not started

// Receives at most PORTS_BURST frames.
uint16_t ports_receive(struct gen_port *p, struct rte_mbuf **m);

// Sends; returns how many the device took.  The rest is still the caller's.
uint16_t ports_send(struct gen_port *p, struct rte_mbuf **m, uint16_t n);

#endif
