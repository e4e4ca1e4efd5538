// SPDX-License-Identifier: BSD-3-Clause

// What it costs that a packet arrives on another lcore than its session's, or has to be sent by
// another: two lcores, polled in turn by one thread, between ports of one queue each.  Every reply
// from a backend travels once: to lcore 0, which has the session or the queue outside.
#include "path.h"

#define SESSIONS 512
#define FRAMES	 512
#define SIZE	 64

static struct plane plane;
static uint32_t own[2][SESSIONS], own_nb[2]; // sessions by lcore

static uint32_t pick(void *arg)
{
	uint16_t lcore = *(uint16_t *)arg;
	static uint32_t i;

	return own[lcore][i++ % own_nb[lcore]];
}

// Lcore 0 has the queues outside, lcore 1 those inside.
static uint64_t run(void *arg, uint32_t n)
{
	struct mem_port *from = &plane.lane[1].port[PLANE_INSIDE];
	struct mem_port *to = &plane.lane[0].port[PLANE_OUTSIDE];
	uint64_t sent = to->sent, start;

	(void)arg;
	mem_port_offer(from, n);
	start = bench_tsc();
	while (to->sent - sent < n) {
		lcore_poll(plane.lane[1].lc);
		lcore_poll(plane.lane[0].lc);
	}
	return bench_tsc() - start;
}

static void measure(const char *name, uint16_t lcore)
{
	struct bench_item item = {.run = run, .n = FRAMES, .samples = 64};
	uint64_t before = STATS_READ(plane.lane[1].lc->stats.handoff), sealed;
	uint32_t picks[FRAMES];
	struct frames frames;
	struct bench_row row = {.bench = "handoff",
				.name = name,
				.size = SIZE,
				.sessions = own_nb[lcore],
				.burst = BURST_MAX};

	for (uint32_t k = 0; k < FRAMES; k++)
		picks[k] = pick(&lcore);
	frames_init(&frames, FRAMES, SIZE + 128);
	plane_backend_frames(&plane, &frames, picks, SIZE);
	mem_port_load(&plane.lane[1].port[PLANE_INSIDE], &frames, MEM_PORT_COPY);
	mem_port_load(&plane.lane[0].port[PLANE_OUTSIDE], NULL, MEM_PORT_COPY);
	sealed = plane.lane[lcore].lc->stats.sealed;
	plane_check_lanes(&plane, &(struct lane_pair){.in = 1, .out = 0}, PLANE_INSIDE, picks,
			  SIZE);
	bench_check(plane.lane[lcore].lc->stats.sealed - sealed == FRAMES);
	bench_check(plane.lane[1].lc->stats.handoff - before == FRAMES && plane_drops(&plane) == 0);
	bench_measure(&item, 1);
	row.cycles = item.cycles;
	bench_print(&row);
	frames_fini(&frames);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);

	bench_eal(&options, 512);
	plane_init_lanes(&plane, SESSIONS, 0, 1024, 2, 1);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		uint16_t lcore = plane.session[i]->lcore;

		own[lcore][own_nb[lcore]++] = i;
	}
	measure("seal_handed_before", 0);
	measure("seal_handed_after", 1);
	return 0;
}
