// SPDX-License-Identifier: BSD-3-Clause

// Delay that an idle gateway adds to one packet: from the packet's being there to its being sent,
// with empty polls in between.
#include <stdlib.h>

#include "path.h"

#define SESSIONS    256
#define FRAMES	    512
#define EMPTY_POLLS 64

static struct plane plane;

static void print(const char *name, const char *part, uint32_t size, double cycles)
{
	char text[64];
	struct bench_row row = {.bench = "delay",
				.name = text,
				.size = size,
				.sessions = SESSIONS,
				.burst = 1,
				.cycles = cycles};

	snprintf(text, sizeof(text), "%s:%s", name, part);
	bench_print(&row);
}

static void measure(const char *name, int side, uint32_t size, uint32_t samples)
{
	double *cycles = calloc(samples, sizeof(*cycles)), p50, p99;
	struct path_pick pick;
	struct path path;

	bench_check(cycles != NULL);
	path_pick_init(&pick, 0, SESSIONS);
	path_init(&path, &plane, side, size, FRAMES, path_pick_round, &pick, MEM_PORT_COPY);
	path_reset(&path);
	for (uint32_t i = 0; i < samples; i++) {
		for (int k = 0; k < EMPTY_POLLS; k++)
			lcore_poll(plane.lane[0].lc);
		cycles[i] = (double)path_run(&path, 1);
	}
	bench_percentiles(cycles, samples, &p50, &p99);
	print(name, "p50", size, p50);
	print(name, "p99", size, p99);
	path_fini(&path);
	path_pick_fini(&pick);
	free(cycles);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	uint32_t samples = options.quick ? 20000 : 200000;

	bench_eal(&options, 512);
	plane_init(&plane, SESSIONS, 0, 1024);
	measure("seal", PLANE_INSIDE, 64, samples);
	measure("open", PLANE_OUTSIDE, 64, samples);
	measure("seal", PLANE_INSIDE, 1350, samples);
	measure("open", PLANE_OUTSIDE, 1350, samples);
	return 0;
}
