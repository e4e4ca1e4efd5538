// SPDX-License-Identifier: BSD-3-Clause
#include "nat_pool.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#define QUEUE_LEN (NAT_PORT_NB - NAT_PORT_MIN)

struct queue {
	uint32_t head; // position of the next port to take
	uint32_t nb;   // free ports
	uint16_t port[QUEUE_LEN];
};

struct nat_pool {
	struct nat *nat;
	struct queue queue[]; // by nat.addr
};

struct nat_pool *nat_pool_create(struct nat *nat)
{
	struct nat_pool *pool = malloc(sizeof(*pool) + nat->addr_nb * sizeof(pool->queue[0]));

	if (pool == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pool->nat = nat;
	for (uint16_t a = 0; a < nat->addr_nb; a++) {
		struct queue *q = &pool->queue[a];

		q->head = 0;
		q->nb = QUEUE_LEN;
		for (uint32_t i = 0; i < QUEUE_LEN; i++)
			q->port[i] = (uint16_t)(NAT_PORT_MIN + i);
		for (uint32_t i = 0; i < NAT_PORT_NB; i++)
			atomic_store_explicit(&nat->addr[a].slot[i].lcore, NAT_NO_LCORE,
					      memory_order_relaxed);
	}
	return pool;
}

void nat_pool_destroy(struct nat_pool *pool)
{
	free(pool);
}

// The address to take from, or -errno.
static int choose(const struct nat_pool *pool, uint16_t port_id, const struct ip_addr *prefer)
{
	int best = -EADDRNOTAVAIL;

	for (uint16_t a = 0; a < pool->nat->addr_nb; a++) {
		const struct nat_addr *addr = &pool->nat->addr[a];

		if (addr->port_id != port_id || ip_is_v4(&addr->addr) != ip_is_v4(prefer))
			continue;
		if (best < 0)
			best = -ENOSPC;
		if (pool->queue[a].nb == 0)
			continue;
		if (ip_equal(&addr->addr, prefer))
			return a;
		if (best < 0)
			best = a;
	}
	return best;
}

int nat_pool_take(struct nat_pool *pool, uint16_t port_id, const struct ip_addr *prefer,
		  uint16_t lcore, uint16_t *nat_addr, rte_be16_t *nat_port)
{
	int a = choose(pool, port_id, prefer);
	struct queue *q;
	uint16_t port;

	if (a < 0)
		return a;
	q = &pool->queue[a];
	port = q->port[q->head];
	q->head = (q->head + 1) % QUEUE_LEN;
	q->nb--;
	atomic_store_explicit(&pool->nat->addr[a].slot[port].lcore, lcore, memory_order_release);
	*nat_addr = (uint16_t)a;
	*nat_port = rte_cpu_to_be_16(port);
	return 0;
}

void nat_pool_give(struct nat_pool *pool, uint16_t nat_addr, rte_be16_t nat_port)
{
	struct queue *q = &pool->queue[nat_addr];
	uint16_t port = rte_be_to_cpu_16(nat_port);

	atomic_store_explicit(&pool->nat->addr[nat_addr].slot[port].lcore, NAT_NO_LCORE,
			      memory_order_release);
	q->port[(q->head + q->nb) % QUEUE_LEN] = port;
	q->nb++;
}

uint32_t nat_pool_free_count(const struct nat_pool *pool)
{
	uint32_t sum = 0;

	for (uint16_t a = 0; a < pool->nat->addr_nb; a++)
		sum += pool->queue[a].nb;
	return sum;
}
