// SPDX-License-Identifier: BSD-3-Clause
#include "mem_port.h"

#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_memcpy.h>
#include <string.h>

#define BURST 32

const char *const mem_port_device[2] = {"net_ring_out", "net_ring_in"};

void frames_init(struct frames *f, uint32_t nb, uint32_t frame_max)
{
	f->nb = nb;
	f->stride = RTE_ALIGN_CEIL(frame_max, RTE_CACHE_LINE_SIZE);
	f->byte = rte_zmalloc("frames", (size_t)nb * f->stride, RTE_CACHE_LINE_SIZE);
	f->len = rte_zmalloc("lengths", nb * sizeof(*f->len), RTE_CACHE_LINE_SIZE);
	bench_check(f->byte != NULL && f->len != NULL);
}

void frames_fini(struct frames *f)
{
	rte_free(f->byte);
	rte_free(f->len);
}

void mem_port_devices(uint16_t queues)
{
	static const char *const name[2] = {"out", "in"};
	struct rte_ring *ring[MEM_PORT_QUEUES];
	char text[RTE_RING_NAMESIZE];

	bench_check(queues <= MEM_PORT_QUEUES);
	for (int i = 0; i < 2; i++) {
		for (uint16_t q = 0; q < queues; q++) {
			snprintf(text, sizeof(text), "%s_%u", name[i], q);
			ring[q] = rte_ring_create(text, 64, 0, 0);
			bench_check(ring[q] != NULL);
		}
		bench_check(rte_eth_from_rings(name[i], ring, queues, ring, queues, 0) >= 0);
	}
}

void mem_port_devices_fini(uint16_t queues)
{
	static const char *const name[2] = {"out", "in"};
	char text[RTE_RING_NAMESIZE];

	for (int i = 0; i < 2; i++) {
		bench_check(rte_vdev_uninit(mem_port_device[i]) == 0);
		for (uint16_t q = 0; q < queues; q++) {
			snprintf(text, sizeof(text), "%s_%u", name[i], q);
			rte_ring_free(rte_ring_lookup(text));
		}
	}
}

// Frames that the next receive gives.
static inline uint16_t take(struct mem_port *p, uint16_t n)
{
	uint32_t left = atomic_load_explicit(&p->left, memory_order_acquire);

	if (left == 0)
		return 0;
	n = RTE_MIN(n, p->burst);
	n = (uint16_t)RTE_MIN(n, left);
	n = (uint16_t)RTE_MIN(n, p->frames->nb - p->next);
	atomic_store_explicit(&p->left, left - n, memory_order_relaxed);
	return n;
}

static inline void step(struct mem_port *p, uint32_t n)
{
	p->next += n;
	if (p->next == p->frames->nb)
		p->next = 0;
}

static inline uint64_t rx_flags(const struct mem_port *p)
{
	return p->offload ? RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0;
}

static uint16_t receive_copy(void *queue, struct rte_mbuf **m, uint16_t max)
{
	struct mem_port *p = *(struct mem_port **)queue;
	uint64_t ol_flags = rx_flags(p);
	uint16_t n = take(p, max);

	if (n == 0 || rte_pktmbuf_alloc_bulk(p->pool, m, n) != 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		uint16_t len = p->frames->len[p->next + i];

		rte_memcpy(rte_pktmbuf_mtod(m[i], void *), frames_at(p->frames, p->next + i), len);
		m[i]->data_len = len;
		m[i]->pkt_len = len;
		m[i]->port = p->id;
		m[i]->ol_flags = ol_flags;
	}
	step(p, n);
	return n;
}

static uint16_t receive_bare(void *queue, struct rte_mbuf **m, uint16_t max)
{
	struct mem_port *p = *(struct mem_port **)queue;
	uint16_t n = take(p, max);

	if (n == 0)
		return 0;
	memcpy(m, p->bare + p->next, n * sizeof(*m));
	step(p, n);
	return n;
}

static uint16_t send_copy(void *queue, struct rte_mbuf **m, uint16_t n)
{
	struct mem_port *p = *(struct mem_port **)queue;

	p->sent += n;
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static uint16_t send_bare(void *queue, struct rte_mbuf **m, uint16_t n)
{
	struct mem_port *p = *(struct mem_port **)queue;

	(void)m;
	p->sent += n;
	return n;
}

static uint16_t send_sink(void *queue, struct rte_mbuf **m, uint16_t n)
{
	struct mem_port *p = *(struct mem_port **)queue;

	p->sent += n;
	for (uint16_t i = 0; i < n; i++)
		p->sink(p->sink_arg, m[i]);
	if (p->kind == MEM_PORT_COPY)
		rte_pktmbuf_free_bulk(m, n);
	return n;
}

static void attach(struct mem_port *p)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[p->id];

	ops->rx_pkt_burst = p->kind == MEM_PORT_COPY ? receive_copy : receive_bare;
	ops->tx_pkt_burst = p->kind == MEM_PORT_COPY ? send_copy : send_bare;
	if (p->sink != NULL)
		ops->tx_pkt_burst = send_sink;
}

void mem_port_attach(struct mem_port *p, uint16_t id, uint16_t queue, struct rte_mempool *pool)
{
	static struct mem_port *at[RTE_MAX_ETHPORTS][MEM_PORT_QUEUES];
	static void *data[RTE_MAX_ETHPORTS][MEM_PORT_QUEUES];

	memset(p, 0, sizeof(*p));
	p->id = id;
	p->queue = queue;
	p->pool = pool;
	p->burst = BURST;
	at[id][queue] = p;
	data[id][queue] = &at[id][queue];
	rte_eth_fp_ops[id].rxq.data = data[id];
	rte_eth_fp_ops[id].txq.data = data[id];
	attach(p);
}

void mem_port_load(struct mem_port *p, const struct frames *frames, enum mem_port_kind kind)
{
	p->kind = kind;
	p->frames = frames;
	p->next = 0;
	p->left = 0;
	if (frames != NULL && kind == MEM_PORT_BARE) {
		p->bare = rte_malloc("bare", frames->nb * sizeof(*p->bare), 0);
		bench_check(p->bare != NULL);
		bench_check(rte_pktmbuf_alloc_bulk(p->pool, p->bare, frames->nb) == 0);
	}
	attach(p);
}

void mem_port_unload(struct mem_port *p)
{
	if (p->bare != NULL)
		rte_pktmbuf_free_bulk(p->bare, p->frames->nb);
	rte_free(p->bare);
	p->bare = NULL;
	p->frames = NULL;
	p->kind = MEM_PORT_COPY;
	attach(p);
}

void mem_port_sink(struct mem_port *p, void (*sink)(void *arg, struct rte_mbuf *m), void *arg)
{
	p->sink = sink;
	p->sink_arg = arg;
	attach(p);
}

static void restore(struct mem_port *p, uint32_t i)
{
	struct rte_mbuf *m = p->bare[i];

	rte_pktmbuf_reset(m);
	m->port = p->id;
	m->ol_flags = rx_flags(p);
	m->data_len = p->frames->len[i];
	m->pkt_len = m->data_len;
	memcpy(rte_pktmbuf_mtod(m, void *), frames_at(p->frames, i), m->data_len);
}

void mem_port_offer(struct mem_port *p, uint32_t n)
{
	for (uint32_t i = 0; p->bare != NULL && i < n; i++)
		restore(p, (p->next + i) % p->frames->nb);
	atomic_store_explicit(&p->left, n, memory_order_release);
}
