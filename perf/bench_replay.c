// SPDX-License-Identifier: BSD-3-Clause

// The anti-replay window: filter and acceptance together, by order of arrival.
#include <rte_common.h>
#include <string.h>

#include "bench.h"
#include "replay.h"

#define SAMPLE 4096

static uint64_t bitmap[REPLAY_WINDOW_MAX / 64];
static struct replay replay;
static uint64_t seq[SAMPLE];
static uint32_t fresh; // how many of seq are

static uint64_t run(void *arg, uint32_t n)
{
	uint32_t accepted = 0;
	uint64_t start;

	replay_init(&replay, bitmap, *(const uint32_t *)arg);
	start = bench_tsc();
	for (uint32_t i = 0; i < n; i++)
		accepted += replay_fresh(&replay, seq[i]) && replay_accept(&replay, seq[i]);
	start = bench_tsc() - start;
	bench_check(accepted == fresh);
	return start;
}

static void measure(const char *order, uint32_t window)
{
	struct bench_item item = {.run = run, .arg = &window, .n = SAMPLE, .samples = 16};
	char name[64];
	struct bench_row row = {.bench = "replay", .name = name};

	snprintf(name, sizeof(name), "%s_%u", order, window);
	bench_measure(&item, 1);
	row.cycles = item.cycles;
	bench_print(&row);
}

int main(int argc, char **argv)
{
	static const uint32_t window[] = {64, 1024, 8192};
	struct bench_options options = bench_options(argc, argv);
	uint64_t seed = 3;

	bench_eal(&options, 64);
	for (size_t i = 0; i < RTE_DIM(window); i++) {
		fresh = SAMPLE;
		for (uint32_t k = 0; k < SAMPLE; k++)
			seq[k] = k;
		measure("in_order", window[i]);
		// Within 32 records, as several queues on the way shuffle them.
		for (uint32_t k = 0; k < SAMPLE; k++) {
			uint32_t other = k / 32 * 32 + (uint32_t)(bench_random(&seed) % 32);
			uint64_t swap = seq[k];

			seq[k] = seq[other];
			seq[other] = swap;
		}
		measure("shuffled_32", window[i]);
		for (uint32_t k = 0; k < SAMPLE; k++)
			seq[k] = (uint64_t)k * 100;
		measure("gaps_100", window[i]);
		fresh = 1;
		memset(seq, 0, sizeof(seq));
		measure("replayed", window[i]);
	}
	return 0;
}
