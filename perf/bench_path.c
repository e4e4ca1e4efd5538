// SPDX-License-Identifier: BSD-3-Clause

// Seal and open path over size, burst and IP family, with 256 sessions, against their limit: the
// same ports with plain forwarding and ipsec-mb's direct call with the same keys.
#include <rte_ethdev.h>

#include "path.h"

#define SESSIONS 256
#define FRAMES	 512
#define MEMORY	 512 // MB

static struct plane plane;

struct variant {
	const char *name;
	int side;
	uint32_t first; // session
	enum mem_port_kind kind;
	bool offload; // of checksums
};

#define OFFLOAD 4 // from a variant to the same with checksum offload

static const struct variant variants[] = {
	{"seal_ipv4", PLANE_INSIDE, 0, MEM_PORT_COPY, false},
	{"open_ipv4", PLANE_OUTSIDE, 0, MEM_PORT_COPY, false},
	{"seal_ipv6", PLANE_INSIDE, SESSIONS, MEM_PORT_COPY, false},
	{"open_ipv6", PLANE_OUTSIDE, SESSIONS, MEM_PORT_COPY, false},
	{"seal_ipv4_offload", PLANE_INSIDE, 0, MEM_PORT_COPY, true},
	{"open_ipv4_offload", PLANE_OUTSIDE, 0, MEM_PORT_COPY, true},
	{"seal_ipv6_offload", PLANE_INSIDE, SESSIONS, MEM_PORT_COPY, true},
	{"open_ipv6_offload", PLANE_OUTSIDE, SESSIONS, MEM_PORT_COPY, true},
	{"seal_ipv4_bare", PLANE_INSIDE, 0, MEM_PORT_BARE, false},
	{"open_ipv4_bare", PLANE_OUTSIDE, 0, MEM_PORT_BARE, false},
};

static void print(const struct variant *v, const char *part, uint32_t size, uint32_t burst,
		  double cycles, double limit)
{
	char name[64];
	struct bench_row row = {.bench = plane.avx2 ? "path_avx2" : "path",
				.name = name,
				.size = size,
				.sessions = SESSIONS,
				.burst = burst,
				.cycles = cycles};

	snprintf(name, sizeof(name), "%s%s", v->name, part);
	if (limit > 0) {
		row.ratio_name = "limit/measured";
		row.ratio = limit / cycles;
	}
	bench_print(&row);
}

static void measure(const struct variant *v, uint32_t size, uint16_t burst, uint32_t samples)
{
	struct path_pick pick;
	struct path path;

	plane_offload(&plane, v->offload);
	path_pick_init(&pick, v->first, SESSIONS);
	path_init(&path, &plane, v->side, size, FRAMES, path_pick_round, &pick, v->kind);
	plane.lane[0].port[v->side].burst = burst;

	struct bench_item item[] = {
		{.run = path_io,
		 .arg = &path,
		 .n = FRAMES,
		 .samples = samples,
		 .reset = path_reset},
		{.run = path_aead,
		 .arg = &path,
		 .n = FRAMES,
		 .samples = samples,
		 .reset = path_reset},
		{.run = path_aead_prefetch,
		 .arg = &path,
		 .n = FRAMES,
		 .samples = samples,
		 .reset = path_reset},
		{.run = path_run,
		 .arg = &path,
		 .n = FRAMES,
		 .samples = samples,
		 .reset = path_reset},
	};

	bench_measure(item, RTE_DIM(item));
	double aead = RTE_MIN(item[1].cycles, item[2].cycles);

	print(v, ":io", size, burst, item[0].cycles, 0);
	print(v, ":aead", size, burst, aead, 0);
	print(v, ":limit", size, burst, item[0].cycles + aead, 0);
	print(v, "", size, burst, item[3].cycles, item[0].cycles + aead);
	plane.lane[0].port[v->side].burst = BURST_MAX;
	path_fini(&path);
	path_pick_fini(&pick);
}

int main(int argc, char **argv)
{
	static const uint32_t quick_size[] = {64, 256, 1350};
	static const uint32_t full_size[] = {16, 64, 128, 256, 512, 768, 1024, 1350};
	static const uint16_t burst[] = {1, 2, 4, 8, 16, 24, 64};
	struct bench_options options = bench_options(argc, argv);
	const uint32_t *size = options.quick ? quick_size : full_size;
	size_t sizes = options.quick ? RTE_DIM(quick_size) : RTE_DIM(full_size);
	uint32_t samples = options.quick ? 32 : 64;

	bench_eal(&options, MEMORY);
	plane.avx2 = options.avx2;
	plane_init(&plane, SESSIONS, SESSIONS, 1024);
	for (size_t i = 0; i < RTE_DIM(variants); i++) {
		for (size_t k = 0; k < sizes; k++)
			measure(&variants[i], size[k], BURST_MAX, samples);
	}
	for (size_t i = 0; !options.quick && i < RTE_DIM(burst); i++) {
		for (int k = 0; k < 2; k++) {
			measure(&variants[k], 64, burst[i], samples);
			measure(&variants[k + OFFLOAD], 64, burst[i], samples);
		}
	}
	return 0;
}
