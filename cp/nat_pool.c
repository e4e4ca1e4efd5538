// SPDX-License-Identifier: BSD-3-Clause
#include "nat_pool.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#define NONE 0 // no port

// Free ports, the one that has been free for longest first.
struct list {
	uint16_t first, last; // NONE: the list is empty
};

// The ports of one inside address.  Those in one list have the same part in the entry that a
// device's RSS takes for a reply (rss_port_entry()); without RSS there is one list.
struct ports {
	const struct rss *rss; // NULL: it does not count
	uint16_t lists;	       // a power of two
	uint16_t turn;	       // entry that was used last
	uint32_t nb;	       // free ports
	struct list list[RSS_ENTRIES_MAX];
	uint16_t list_of[NAT_PORT_NB];
	uint16_t next[NAT_PORT_NB];
};

struct nat_pool {
	struct nat *nat;
	struct ports ports[]; // by nat.addr
};

static void put(struct ports *p, uint16_t port)
{
	struct list *list = &p->list[p->list_of[port]];

	p->next[port] = NONE;
	if (list->first == NONE)
		list->first = port;
	else
		p->next[list->last] = port;
	list->last = port;
	p->nb++;
}

static uint16_t take_first(struct ports *p, uint16_t i)
{
	struct list *list = &p->list[i];
	uint16_t port = list->first;

	list->first = p->next[port];
	p->nb--;
	return port;
}

static void fill(struct ports *p, const struct nat_addr *addr, const struct rss *rss)
{
	bool v4 = ip_is_v4(&addr->addr);

	p->rss = rss != NULL && (v4 ? rss->ipv4 : rss->ipv6) ? rss : NULL;
	p->lists = p->rss != NULL ? rss->entries : 1;
	for (uint32_t port = NAT_PORT_MIN; port < NAT_PORT_NB; port++) {
		if (p->rss != NULL)
			p->list_of[port] = rss_port_entry(rss, v4, rte_cpu_to_be_16(port));
		put(p, (uint16_t)port);
	}
	for (uint32_t port = 0; port < NAT_PORT_NB; port++)
		atomic_store_explicit(&addr->slot[port].lcore, NAT_NO_LCORE, memory_order_relaxed);
}

struct nat_pool *nat_pool_create(struct nat *nat, const struct port *ports)
{
	struct nat_pool *pool = calloc(1, sizeof(*pool) + nat->addr_nb * sizeof(pool->ports[0]));

	if (pool == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pool->nat = nat;
	for (uint16_t a = 0; a < nat->addr_nb; a++)
		fill(&pool->ports[a], &nat->addr[a], ports[nat->addr[a].port_id].table);
	return pool;
}

void nat_pool_destroy(struct nat_pool *pool)
{
	free(pool);
}

// The address to take from, or -errno.
static int choose(const struct nat_pool *pool, const struct nat_want *want)
{
	int best = -EADDRNOTAVAIL;

	for (uint16_t a = 0; a < pool->nat->addr_nb; a++) {
		const struct nat_addr *addr = &pool->nat->addr[a];

		if (addr->port_id != want->port_id ||
		    ip_is_v4(&addr->addr) != ip_is_v4(&want->prefer))
			continue;
		if (best < 0)
			best = -ENOSPC;
		if (pool->ports[a].nb == 0)
			continue;
		if (ip_equal(&addr->addr, &want->prefer))
			return a;
		if (best < 0)
			best = a;
	}
	return best;
}

// Looks for a list with a free port from the entry behind the last one on; lcore NAT_NO_LCORE: of
// any lcore.  base: entry of the reply with port 0.  Returns the list, or -ENOENT.
static int find_list(struct ports *p, uint16_t base, uint16_t lcore)
{
	for (uint16_t i = 0; i < p->lists; i++) {
		uint16_t entry = (uint16_t)(p->turn + 1 + i) & (p->lists - 1);
		uint16_t list = entry ^ base;

		if (p->list[list].first == NONE ||
		    (lcore != NAT_NO_LCORE && p->rss->lcore[entry] != lcore))
			continue;
		p->turn = entry;
		return list;
	}
	return -ENOENT;
}

int nat_pool_take(struct nat_pool *pool, const struct nat_want *want, uint16_t *nat_addr,
		  rte_be16_t *nat_port)
{
	int a = choose(pool, want), list = -ENOENT;
	struct ports *p;
	uint16_t port;

	if (a < 0)
		return a;
	p = &pool->ports[a];
	if (p->rss != NULL) {
		const struct rss_tuple reply = {.src = want->backend,
						.dst = pool->nat->addr[a].addr,
						.src_port = want->backend_port};

		list = find_list(p, rss_entry(p->rss, &reply), want->lcore);
	}
	if (list < 0)
		list = find_list(p, 0, NAT_NO_LCORE);
	port = take_first(p, (uint16_t)list);
	atomic_store_explicit(&pool->nat->addr[a].slot[port].lcore, want->lcore | want->mark,
			      memory_order_release);
	*nat_addr = (uint16_t)a;
	*nat_port = rte_cpu_to_be_16(port);
	return 0;
}

void nat_pool_give(struct nat_pool *pool, uint16_t nat_addr, rte_be16_t nat_port)
{
	uint16_t port = rte_be_to_cpu_16(nat_port);

	atomic_store_explicit(&pool->nat->addr[nat_addr].slot[port].lcore, NAT_NO_LCORE,
			      memory_order_release);
	put(&pool->ports[nat_addr], port);
}

uint32_t nat_pool_free_count(const struct nat_pool *pool)
{
	uint32_t sum = 0;

	for (uint16_t a = 0; a < pool->nat->addr_nb; a++)
		sum += pool->ports[a].nb;
	return sum;
}
