// SPDX-License-Identifier: BSD-3-Clause

// Seal and open path over the number of sessions touched, at random with equal chances and with
// Zipf's law, in a data plane that has them all installed; and the memory that they take.
#include <inttypes.h>
#include <rte_malloc.h>
#include <stdlib.h>

#include "path.h"

#define SESSIONS    1000000
#define SIZE	    64
#define BASE	    256	 // sessions
#define SAMPLE	    1024 // packets
#define BASE_FRAMES (4 * SAMPLE)
#define MEMORY	    5120 // MB

static struct plane plane;

static struct bench_item item(uint64_t (*run)(void *arg, uint32_t n), struct path *path)
{
	return (struct bench_item){.run = run,
				   .arg = path,
				   .n = SAMPLE,
				   .samples = RTE_MAX(path->nb / SAMPLE, 32u),
				   .reset = path_reset};
}

// Beside BASE sessions with equal chances, in turns, and out of as many prepared frames: reading
// those from memory is the bench's cost.
static void measure(int side, bool zipf, uint32_t sessions, uint32_t frames)
{
	struct path_pick pick, base_pick;
	struct path path, base;
	char name[64];
	struct bench_row row = {.bench = "scale",
				.name = name,
				.size = SIZE,
				.sessions = sessions,
				.burst = BURST_MAX,
				.ratio_name = "measured/256"};

	path_pick_init(&base_pick, 0, BASE);
	path_init(&base, &plane, side, SIZE, frames, path_pick_uniform, &base_pick, MEM_PORT_COPY);
	path_pick_init(&pick, 0, sessions);
	path_init(&path, &plane, side, SIZE, frames, zipf ? path_pick_zipf : path_pick_uniform,
		  &pick, MEM_PORT_COPY);

	struct bench_item items[] = {item(path_io, &path), item(path_aead, &path),
				     item(path_run, &path), item(path_run, &base)};

	bench_measure(items, RTE_DIM(items));
	snprintf(name, sizeof(name), "%s_%s", side == PLANE_INSIDE ? "seal" : "open",
		 zipf ? "zipf" : "uniform");
	row.cycles = items[2].cycles;
	row.ratio = items[2].cycles / items[3].cycles;
	bench_print(&row);
	row.ratio_name = NULL;
	snprintf(name, sizeof(name), "%s_%s:aead", side == PLANE_INSIDE ? "seal" : "open",
		 zipf ? "zipf" : "uniform");
	row.cycles = items[1].cycles;
	bench_print(&row);
	snprintf(name, sizeof(name), "%s_%s:limit", side == PLANE_INSIDE ? "seal" : "open",
		 zipf ? "zipf" : "uniform");
	row.cycles = items[0].cycles + items[1].cycles;
	bench_print(&row);
	path_fini(&path);
	path_fini(&base);
	path_pick_fini(&pick);
	path_pick_fini(&base_pick);
}

static size_t allocated(void)
{
	struct rte_malloc_socket_stats stats;

	bench_check(rte_malloc_get_socket_stats(0, &stats) == 0);
	return stats.heap_allocsz_bytes;
}

// What a session takes: that part of the data plane which grows with their number.
static void print_memory(void)
{
	size_t before = allocated(), small, large;
	uint32_t bytes;
	struct bench_row row = {.bench = "scale", .name = "memory", .sessions = SESSIONS};

	plane_init(&plane, BASE, 0, 1024);
	small = allocated() - before;
	plane_fini(&plane);
	plane_init(&plane, SESSIONS, 0, 1024);
	large = allocated() - before;
	bytes = (uint32_t)((large - small) / (SESSIONS - BASE));
	row.size = bytes;
	bench_print(&row);
	row.name = "memory_mb";
	row.size = (uint32_t)(large >> 20);
	bench_print(&row);
	row.name = "sizeof_session";
	row.size = (uint32_t)session_size(plane.config.replay_window);
	bench_print(&row);
}

int main(int argc, char **argv)
{
	static const uint32_t full[] = {256, 1000, 4000, 16000, 64000, 250000, SESSIONS};
	static const uint32_t quick[] = {256, 16000, SESSIONS};
	struct bench_options options = bench_options(argc, argv);
	const uint32_t *sessions = options.quick ? quick : full;
	size_t nb = options.quick ? RTE_DIM(quick) : RTE_DIM(full);
	uint32_t frames = options.quick ? 128 * SAMPLE : 512 * SAMPLE;

	bench_eal(&options, MEMORY);
	print_memory();
	for (int side = 0; side < 2; side++) {
		for (int zipf = 0; zipf < 2; zipf++) {
			for (size_t i = 0; i < nb; i++)
				measure(side, zipf, sessions[i],
					sessions[i] == BASE ? BASE_FRAMES : frames);
		}
	}
	return 0;
}
