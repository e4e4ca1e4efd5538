// SPDX-License-Identifier: BSD-3-Clause
#include "gen.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend.h"
#include "client.h"

#define RESOLVE_S     5
#define RESOLVE_US    1000 // between two looks
#define RECEIVE_TURNS 4	   // full bursts of one port before it is another's turn

atomic_bool gen_stop;

static int open_ports(struct gen *g)
{
	const struct options *o = g->o;
	int rc;

	g->outside.hosts = (struct hosts){.first = o->source, .nb = o->source_nb};
	rc = ports_start(&g->outside, o->outside, o, g->pool);
	if (rc != 0 || o->inside == NULL)
		return rc;
	g->inside.hosts = (struct hosts){.first = o->backend, .nb = 1};
	return ports_start(&g->inside, o->inside, o, g->pool);
}

int gen_init(struct gen *g, const struct options *o)
{
	int rc, hop;

	memset(g, 0, sizeof(*g));
	g->o = o;
	g->sizes = &o->sizes[0];
	g->client_nb = o->sessions;
	stamp_init();
	g->pool = ports_pool(o);
	if (g->pool == NULL)
		return -ENOMEM;
	g->aead = aead_create();
	g->client = calloc(g->client_nb, sizeof(*g->client));
	g->live = calloc(g->client_nb, sizeof(*g->live));
	if (g->aead == NULL || g->client == NULL || g->live == NULL) {
		fprintf(stderr, "dtlsgw-gen: no memory for %u clients\n", g->client_nb);
		return -ENOMEM;
	}
	rc = open_ports(g);
	if (rc != 0)
		return rc;
	neighbours_init(&g->neighbours, g->pool);
	hop = neighbours_add(&g->neighbours, &g->outside,
			     ip_is_set(&o->next_hop) ? &o->next_hop : &o->server);
	g->server_hop = (uint16_t)hop; // the first: there is room
	neighbours_announce(&g->neighbours, &g->outside);
	if (o->inside != NULL)
		neighbours_announce(&g->neighbours, &g->inside);
	return 0;
}

void gen_fini(struct gen *g)
{
	for (uint32_t i = 0; g->client != NULL && i < g->client_nb; i++) {
		if (g->client[i].session == NULL)
			continue;
		explicit_bzero(g->client[i].session, sizeof(*g->client[i].session));
		free(g->client[i].session);
	}
	free(g->client);
	free(g->live);
	ports_stop(&g->inside);
	ports_stop(&g->outside);
	aead_destroy(g->aead);
	rte_mempool_free(g->pool);
}

int gen_resolve(struct gen *g)
{
	const struct ip_addr *hop = &g->neighbours.of[g->server_hop].addr;
	uint64_t end_tsc = rte_rdtsc() + RESOLVE_S * rte_get_tsc_hz();
	char text[IP_TEXT_LEN];

	while (!gen_stop && rte_rdtsc() < end_tsc) {
		if (neighbours_mac(&g->neighbours, g->server_hop) != 0)
			return 0;
		if (gen_receive(g) == 0)
			usleep(RESOLVE_US);
	}
	if (gen_stop)
		return -EINTR;
	fprintf(stderr, "dtlsgw-gen: %s does not answer on %s\n", ip_format(hop, text),
		g->o->outside);
	return -EHOSTUNREACH;
}

// Client i has address i modulo their number.
void gen_client_addr(const struct gen *g, uint32_t i, struct ip_addr *addr, rte_be16_t *port)
{
	const struct options *o = g->o;

	*addr = hosts_addr(&g->outside.hosts, i % o->source_nb);
	*port = rte_cpu_to_be_16((uint16_t)(o->source_port + i / o->source_nb));
}

struct client *gen_client(struct gen *g, const struct ip_addr *addr, rte_be16_t port)
{
	const struct options *o = g->o;
	uint32_t host = hosts_find(&g->outside.hosts, addr), number = rte_be_to_cpu_16(port);
	uint64_t i;

	if (host == HOSTS_NONE || number < o->source_port)
		return NULL;
	i = (uint64_t)(number - o->source_port) * o->source_nb + host;
	return i < g->client_nb ? &g->client[i] : NULL;
}

void gen_live(struct gen *g)
{
	uint32_t before = g->live_nb;

	g->live_nb = 0;
	for (uint32_t i = 0; i < g->client_nb; i++)
		if (g->client[i].ready && !g->client[i].over)
			g->live[g->live_nb++] = i;
	if (g->live_nb < before)
		g->closed += before - g->live_nb;
}

void gen_trial_start(struct gen *g, const struct sizes *sizes, bool flood)
{
	gen_live(g);
	g->trial = g->trial == UINT16_MAX ? 1 : g->trial + 1;
	g->sizes = sizes;
	g->flood = flood;
	memset(g->step, 0, sizeof(g->step));
	memset(g->cursor, 0, sizeof(g->cursor));
	memset(g->tally, 0, sizeof(g->tally));
	memset(&g->strays, 0, sizeof(g->strays));
	for (uint32_t i = 0; i < g->client_nb; i++)
		for (uint8_t stream = 0; stream < STREAM_NB; stream++)
			track_start(&g->client[i].track[stream]);
}

uint32_t gen_receive(struct gen *g)
{
	uint32_t nb = 0;
	uint16_t n;

	neighbours_tick(&g->neighbours, rte_rdtsc());
	for (int i = 0; i < RECEIVE_TURNS; i++) {
		n = client_receive(g);
		nb += n;
		if (n < PORTS_BURST)
			break;
	}
	for (int i = 0; g->o->inside != NULL && i < RECEIVE_TURNS; i++) {
		n = backend_receive(g);
		nb += n;
		if (n < PORTS_BURST)
			break;
	}
	return nb;
}

void gen_send(struct gen *g, enum stream stream, uint16_t n, uint64_t now_tsc)
{
	struct hold *hold = stream == STREAM_DOWN ? &g->hold_inside : &g->hold_outside;

	if (hold->nb > 0) {
		if (stream == STREAM_DOWN)
			backend_flush(g);
		else
			client_flush(g);
	}
	if (n == 0 || hold->nb > 0)
		return;
	if (stream == STREAM_DOWN)
		backend_send(g, n, now_tsc);
	else
		client_send(g, stream, n, now_tsc);
}

void gen_drop_held(struct gen *g)
{
	enum stream outside = g->tally[STREAM_ECHO].sent > 0 ? STREAM_ECHO : STREAM_UP;

	rte_pktmbuf_free_bulk(g->hold_outside.m, g->hold_outside.nb);
	rte_pktmbuf_free_bulk(g->hold_inside.m, g->hold_inside.nb);
	g->tally[outside].refused += g->hold_outside.nb;
	g->tally[STREAM_DOWN].refused += g->hold_inside.nb;
	g->hold_outside.nb = 0;
	g->hold_inside.nb = 0;
}

uint16_t gen_outside_header_len(const struct gen *g)
{
	return RTE_ETHER_HDR_LEN + sizeof(struct rte_udp_hdr) +
	       (ip_is_v4(&g->o->server) ? sizeof(struct rte_ipv4_hdr)
					: sizeof(struct rte_ipv6_hdr));
}
