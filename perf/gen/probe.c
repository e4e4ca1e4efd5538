// SPDX-License-Identifier: BSD-3-Clause
#include "probe.h"

#include <rte_cycles.h>
#include <unistd.h>

#include "client.h"

#define IDLE_US	 50
#define AT_ONCE	 16   // probes between two looks at what came
#define TRIES_US 1000 // of a device without room

static bool is_waiting(const struct client *c)
{
	return c->session != NULL && !c->ready && !c->over;
}

static uint32_t waiting(const struct gen *g)
{
	uint32_t nb = 0;

	for (uint32_t i = 0; i < g->client_nb; i++)
		nb += is_waiting(&g->client[i]);
	return nb;
}

static void send_round(struct gen *g)
{
	uint32_t nb = 0;

	for (uint32_t i = 0; i < g->client_nb; i++) {
		if (!is_waiting(&g->client[i]))
			continue;
		client_probe(g, i);
		if (++nb % AT_ONCE == 0 && gen_receive(g) == 0)
			usleep(IDLE_US);
	}
}

// Receives for so long, or until nobody waits any more.
static void await(struct gen *g, uint64_t wait_tsc)
{
	uint64_t start_tsc = rte_rdtsc();

	while (!gen_stop && rte_rdtsc() - start_tsc < wait_tsc) {
		if (gen_receive(g) > 0)
			continue;
		if (waiting(g) == 0)
			break;
		usleep(IDLE_US);
	}
}

uint32_t probe_all(struct gen *g)
{
	uint64_t wait_tsc = rte_get_tsc_hz() * PROBE_WAIT_MS / 1000;

	for (int i = 0; i < PROBE_TRIES && !gen_stop && waiting(g) > 0; i++) {
		send_round(g);
		await(g, wait_tsc);
	}
	gen_live(g);
	return g->live_nb;
}

void probe_close(struct gen *g)
{
	for (uint32_t i = 0; i < g->client_nb; i++) {
		if (g->client[i].session == NULL || g->client[i].over)
			continue;
		for (int k = 0; k < TRIES_US / IDLE_US && !client_close(g, i); k++)
			usleep(IDLE_US);
		if (i % AT_ONCE == 0)
			gen_receive(g);
	}
}
