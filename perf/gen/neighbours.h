// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_NEIGHBOURS_H
#define GEN_NEIGHBOURS_H

#include "next_hop.h"
#include "ports.h"

#define NEIGHBOURS_MAX	  64
#define NEIGHBOURS_ASK_MS 200 // between two questions about the same host

// The hosts that we send to, and answers for the addresses that are ours.  A MAC address that was
// once learned stays for the run.
struct neighbours {
	struct rte_mempool *pool;
	uint64_t ask_tsc; // NEIGHBOURS_ASK_MS in TSC ticks
	uint16_t nb;
	struct {
		struct gen_port *port;
		struct ip_addr addr;
		uint64_t mac; // as in struct next_hop
		uint64_t asked_tsc;
	} of[NEIGHBOURS_MAX];
};

void neighbours_init(struct neighbours *n, struct rte_mempool *pool);

// The index of a host on a port's link, entered if need be, or -ENOSPC.
int neighbours_add(struct neighbours *n, struct gen_port *port, const struct ip_addr *addr);

// Its MAC address, and NEXT_HOP_RESOLVED if it is known.
static inline uint64_t neighbours_mac(const struct neighbours *n, uint16_t i)
{
	return n->of[i].mac;
}

// Tells the link that the port's first address has its MAC address (RFC 5227 section 2.3, RFC 4861
// section 7.2.6): it may have been another's in an earlier run.
void neighbours_announce(struct neighbours *n, struct gen_port *port);

// Asks for whom is not known.
void neighbours_tick(struct neighbours *n, uint64_t now_tsc);

// Handles a received frame if it is ARP or NDP: learns, and answers for port->hosts.  Safe for
// every input.
void neighbours_take(struct neighbours *n, struct gen_port *port, const uint8_t *frame,
		     uint32_t len);

#endif
