// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NAT_POOL_H
#define DTLSGW_NAT_POOL_H

#include "nat.h"

// The gateway's free ports towards the backends, a queue for each inside address: the port that
// has been free for longest is used next.  One thread at a time, under cp->lock.
struct nat_pool;

// All ports from NAT_PORT_MIN on are free; marks nat's slots so.  Returns NULL with rte_errno set.
struct nat_pool *nat_pool_create(struct nat *nat);

// NULL is fine.
void nat_pool_destroy(struct nat_pool *pool);

// Takes a port for lcore and sets its slot's lcore.  It is one of prefer, if that is an inside
// address of ethdev port port_id with a free port, or else of another address of that port and of
// prefer's family.  Returns 0, -EADDRNOTAVAIL if there is no such address, -ENOSPC if all their
// ports are taken.
int nat_pool_take(struct nat_pool *pool, uint16_t port_id, const struct ip_addr *prefer,
		  uint16_t lcore, uint16_t *nat_addr, rte_be16_t *nat_port);

// Gives a port back and clears its slot's lcore.
void nat_pool_give(struct nat_pool *pool, uint16_t nat_addr, rte_be16_t nat_port);

// Free ports of all addresses.
uint32_t nat_pool_free_count(const struct nat_pool *pool);

#endif
