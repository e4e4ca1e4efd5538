// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NAT_POOL_H
#define DTLSGW_NAT_POOL_H

#include "nat.h"
#include "port.h"
#include "rss.h"

// The gateway's free ports towards the backends, of each inside address: the port that has been
// free for longest is used next, among those with which the backend's replies reach the right
// lcore.
// One thread at a time, under cp->lock.
struct nat_pool;

// All ports from NAT_PORT_MIN on are free; marks nat's slots so.  ports: by ethdev port id; nat and
// ports outlive the pool.  Returns NULL with rte_errno set.
struct nat_pool *nat_pool_create(struct nat *nat, const struct port *ports);

// NULL is fine.
void nat_pool_destroy(struct nat_pool *pool);

// Who needs a port.
struct nat_want {
	uint16_t port_id;	// ethdev port
	uint16_t lcore;		// owner of the session or relay
	uint16_t mark;		// NAT_RELAY for a relay, else 0
	struct ip_addr prefer;	// inside address
	struct ip_addr backend; // of prefer's family
	rte_be16_t backend_port;
};

// Takes a port for want->lcore and sets its slot's lcore.  It is one of want->prefer, if that is an
// inside address of want->port_id with a free port, or else of another address of that port and of
// the family.  Where the device tells how it spreads flows, the replies come to the lcore's own
// queue, unless it has none or those ports are all taken.
// Returns 0, -EADDRNOTAVAIL if there is no such address, -ENOSPC if all their ports are taken.
int nat_pool_take(struct nat_pool *pool, const struct nat_want *want, uint16_t *nat_addr,
		  rte_be16_t *nat_port);

// Gives a port back and clears its slot's lcore.
void nat_pool_give(struct nat_pool *pool, uint16_t nat_addr, rte_be16_t nat_port);

// Free ports of all addresses.
uint32_t nat_pool_free_count(const struct nat_pool *pool);

#endif
