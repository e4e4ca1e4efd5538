// SPDX-License-Identifier: BSD-3-Clause
#include "path.h"

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "aead_mb.h"

#define FRAME_MAX 1536

void path_init(struct path *path, struct plane *p, int side, uint32_t size, uint32_t nb,
	       uint32_t (*pick)(void *arg), void *arg, enum mem_port_kind kind)
{
	*path = (struct path){.p = p, .side = side, .size = size, .nb = nb, .kind = kind};
	path->pick = rte_malloc("pick", nb * sizeof(*path->pick), 0);
	bench_check(path->pick != NULL);
	for (uint32_t k = 0; k < nb; k++)
		path->pick[k] = pick(arg);
	frames_init(&path->frames, nb, RTE_MIN(size + 128, (uint32_t)FRAME_MAX));
	if (side == PLANE_INSIDE)
		plane_backend_frames(p, &path->frames, path->pick, size);
	else
		plane_client_frames(p, &path->frames, path->pick, size);
	bench_check(rte_pktmbuf_alloc_bulk(p->dp->mbuf_pool, path->crypt, BURST_MAX) == 0);
	plane_load(p, side, &path->frames, kind);
	plane_check(p, side, path->pick, size);
}

void path_fini(struct path *path)
{
	plane_unload(path->p, path->side);
	rte_pktmbuf_free_bulk(path->crypt, BURST_MAX);
	frames_fini(&path->frames);
	rte_free(path->pick);
}

void path_reset(void *arg)
{
	struct path *path = arg;
	struct mem_port *port = &path->p->lane[0].port[path->side];

	if (port->frames != &path->frames)
		plane_load(path->p, path->side, &path->frames, path->kind);
	path->next = 0;
	port->next = 0;
}

uint64_t path_run(void *arg, uint32_t n)
{
	struct path *path = arg;
	struct plane *p = path->p;
	struct mem_port *from = &p->lane[0].port[path->side], *to = &p->lane[0].port[!path->side];
	uint64_t made = p->lane[0].lc->stats.made, sent = to->sent, start;

	if (path->side == PLANE_OUTSIDE && from->next == 0)
		plane_reset_replay(p, path->pick, path->nb);
	mem_port_offer(from, n);
	start = bench_tsc();
	while (from->left > 0)
		lcore_poll(p->lane[0].lc);
	start = bench_tsc() - start;
	made = p->lane[0].lc->stats.made - made; // close_notify, to clients
	bench_check(to->sent - sent == n + (path->side == PLANE_INSIDE ? made : 0));
	return start;
}

uint64_t path_io(void *arg, uint32_t n)
{
	struct path *path = arg;
	struct mem_port *from = &path->p->lane[0].port[path->side],
			*to = &path->p->lane[0].port[!path->side];
	struct rte_mbuf *m[BURST_MAX];
	uint64_t start;

	mem_port_offer(from, n);
	start = bench_tsc();
	while (from->left > 0) {
		uint16_t got = rte_eth_rx_burst(from->id, 0, m, BURST_MAX);

		rte_eth_tx_burst(to->id, 0, m, got);
	}
	return bench_tsc() - start;
}

static inline const struct aead_key *key_of(const struct path *path, uint32_t k)
{
	const struct session *s = path->p->session[path->pick[k]];

	return path->side == PLANE_INSIDE ? &s->tx.key : &s->rx.key;
}

static inline void crypt_one(struct path *path, struct rte_mbuf *m, const struct aead_key *key)
{
	static const uint8_t nonce[AEAD_NONCE_LEN], aad[AEAD_AAD_LEN];
	struct aead *aead = path->p->aead;
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *tag = data + path->size;

	if (path->side == PLANE_INSIDE)
		IMB_AES128_GCM_ENC(aead->mgr, &key->gcm, &aead->gcm, data, data, path->size, nonce,
				   aad, AEAD_AAD_LEN, tag, 16);
	else
		IMB_AES128_GCM_DEC(aead->mgr, &key->gcm, &aead->gcm, data, data, path->size, nonce,
				   aad, AEAD_AAD_LEN, tag, 16);
}

// The keys' addresses are at hand, as they are for a caller that has its sessions.
static inline uint64_t crypt(struct path *path, uint32_t n, bool prefetch)
{
	static const struct aead_key *key[4096];
	uint64_t start;

	bench_check(n <= RTE_DIM(key) && path->next + n <= path->nb);
	for (uint32_t k = 0; k < n; k++)
		key[k] = key_of(path, path->next + k);
	start = bench_tsc();
	for (uint32_t k = 0; k < n; k++) {
		if (prefetch && k + 2 < n) {
			const uint8_t *line = (const uint8_t *)key[k + 2];

			for (size_t i = 0; i < sizeof(*key[0]); i += RTE_CACHE_LINE_SIZE)
				rte_prefetch0(line + i);
		}
		crypt_one(path, path->crypt[k % BURST_MAX], key[k]);
	}
	start = bench_tsc() - start;
	path->next = (path->next + n) % path->nb;
	return start;
}

uint64_t path_aead(void *arg, uint32_t n)
{
	return crypt(arg, n, false);
}

uint64_t path_aead_prefetch(void *arg, uint32_t n)
{
	return crypt(arg, n, true);
}

void path_pick_init(struct path_pick *pick, uint32_t first, uint32_t nb)
{
	double sum = 0;

	*pick = (struct path_pick){.first = first, .nb = nb, .seed = 1};
	pick->order = rte_malloc("order", nb * sizeof(*pick->order), 0);
	pick->sum = rte_malloc("sum", nb * sizeof(*pick->sum), 0);
	bench_check(pick->order != NULL && pick->sum != NULL);
	for (uint32_t i = 0; i < nb; i++) {
		uint32_t k = (uint32_t)(bench_random(&pick->seed) % (i + 1));

		pick->order[i] = pick->order[k];
		pick->order[k] = first + i;
		sum += 1.0 / (i + 1);
		pick->sum[i] = sum;
	}
}

void path_pick_fini(struct path_pick *pick)
{
	rte_free(pick->order);
	rte_free(pick->sum);
}

uint32_t path_pick_round(void *arg)
{
	struct path_pick *pick = arg;

	return pick->order[pick->i++ % pick->nb];
}

uint32_t path_pick_uniform(void *arg)
{
	struct path_pick *pick = arg;

	return pick->first + (uint32_t)(bench_random(&pick->seed) % pick->nb);
}

uint32_t path_pick_zipf(void *arg)
{
	struct path_pick *pick = arg;
	double at = (double)(bench_random(&pick->seed) >> 11) / (double)(UINT64_C(1) << 53) *
		    pick->sum[pick->nb - 1];
	uint32_t low = 0, high = pick->nb - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (pick->sum[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return pick->order[low];
}
