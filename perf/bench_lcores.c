// SPDX-License-Identifier: BSD-3-Clause

// Seal and open path on several lcores at once, each on a CPU and with queues of its own, against
// one: 1, 2, 4... as far as there are CPUs.  Beside them ipsec-mb's direct call, and arithmetic
// without memory, which shows what the CPUs lose where they are not cores of their own.
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdatomic.h>

#include "aead_mb.h"
#include "plane.h"

#define SESSIONS  256 // a lane
#define FRAMES	  512 // a lane
#define SIZE	  64
#define ROUNDS	  512
#define LANES_LOG 5

static_assert(PLANE_LANES_MAX <= 1 << (LANES_LOG - 1), "a row for each power of two");

static struct plane plane;
static struct frames frames[PLANE_LANES_MAX];
static uint32_t own[PLANE_LANES_MAX][FRAMES]; // session of each frame
static int side;
static atomic_uint ready, running;     // lanes
static double result[PLANE_LANES_MAX]; // packets a TSC cycle

// One round of the lane's frames.  Returns the TSC cycles that it took.
static uint64_t round_once(struct lane *lane, const uint32_t *pick)
{
	struct mem_port *from = &lane->port[side], *to = &lane->port[!side];
	uint64_t sent = to->sent, start;

	if (side == PLANE_OUTSIDE)
		plane_reset_replay(&plane, pick, FRAMES);
	mem_port_offer(from, FRAMES);
	start = bench_tsc();
	while (from->left > 0)
		lcore_poll(lane->lc);
	start = bench_tsc() - start;
	bench_check(to->sent - sent == FRAMES);
	return start;
}

// The same number of records through ipsec-mb alone, with the same keys.
static uint64_t crypt_once(struct lane *lane, const uint32_t *pick)
{
	static const uint8_t nonce[AEAD_NONCE_LEN], aad[AEAD_AAD_LEN];
	struct aead *aead = lane->lc->aead;
	uint8_t data[SIZE] = {0}, tag[16];
	uint64_t start = bench_tsc();

	for (uint32_t k = 0; k < FRAMES; k++)
		IMB_AES128_GCM_ENC(aead->mgr, &plane.session[pick[k]]->tx.key.gcm, &aead->gcm, data,
				   data, SIZE, nonce, aad, AEAD_AAD_LEN, tag, sizeof(tag));
	return bench_tsc() - start;
}

// Arithmetic in four independent chains, which fill a core as the paths do: in registers, not in
// vectors.
static uint64_t count_once(struct lane *lane, const uint32_t *pick)
{
	uint64_t seed[4] = {1, 2, 3, 4}, sum = 0, start = bench_tsc();

	(void)lane;
	(void)pick;
	for (uint32_t k = 0; k < 8 * FRAMES; k++) {
		for (int i = 0; i < 4; i++) {
			sum ^= bench_random(&seed[i]);
			__asm__("" : "+r"(seed[i]));
		}
	}
	start = bench_tsc() - start;
	bench_check(sum != 0);
	return start;
}

enum work { WORK_PATH, WORK_AEAD, WORK_ALU, WORK_NB };
static uint64_t (*const works[WORK_NB])(struct lane *lane, const uint32_t *pick) = {
	round_once, crypt_once, count_once};
static enum work work;

// All lanes start together and go on until each has been timed.  A lane's rate is that of its
// median round, so that those count little in which it lost its CPU.
static int run_lane(void *arg)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;
	double cycles[ROUNDS], p50, p99;

	works[work](&plane.lane[i], own[i]);
	ready--;
	while (ready > 0)
		rte_pause();
	for (int k = 0; k < ROUNDS; k++)
		cycles[k] = (double)works[work](&plane.lane[i], own[i]);
	running--;
	while (running > 0)
		works[work](&plane.lane[i], own[i]);
	bench_percentiles(cycles, ROUNDS, &p50, &p99);
	result[i] = FRAMES / p50;
	return 0;
}

// Packets a TSC cycle of so many lanes together.
static double run_together(unsigned int lanes)
{
	double sum = 0;

	ready = running = lanes;
	for (unsigned int i = 1; i < lanes; i++)
		bench_check(rte_eal_remote_launch(run_lane, (void *)(uintptr_t)i, i) == 0);
	run_lane(NULL);
	rte_eal_mp_wait_lcore();
	for (unsigned int i = 0; i < lanes; i++)
		sum += result[i];
	return sum;
}

// Frames of a lane, from sessions that it owns.
static void load(unsigned int lane)
{
	uint32_t nb = 0;

	for (uint32_t i = 0; nb < SESSIONS; i++) {
		bench_check(i < plane.v4_nb);
		if (plane.session[i]->lcore == lane)
			own[lane][nb++] = i;
	}
	for (; nb < FRAMES; nb++)
		own[lane][nb] = own[lane][nb - SESSIONS];
	frames_init(&frames[lane], FRAMES, SIZE + 128);
	if (side == PLANE_INSIDE)
		plane_backend_frames(&plane, &frames[lane], own[lane], SIZE);
	else
		plane_client_frames(&plane, &frames[lane], own[lane], SIZE);
	mem_port_load(&plane.lane[lane].port[side], &frames[lane], MEM_PORT_COPY);
	mem_port_load(&plane.lane[lane].port[!side], NULL, MEM_PORT_COPY);
	plane_check_lanes(&plane, &(struct lane_pair){(uint16_t)lane, (uint16_t)lane}, side,
			  own[lane], SIZE);
}

// Packets a TSC cycle by the logarithm of the number of lanes, for each run.
typedef double lane_rates[LANES_LOG][BENCH_RUNS];

static double median(lane_rates rate, unsigned int log)
{
	double p50, p99;

	bench_percentiles(rate[log], BENCH_RUNS, &p50, &p99);
	return p50;
}

// What so many lanes do against one.
static double gain(lane_rates rate, unsigned int log)
{
	return median(rate, log) / median(rate, 0);
}

static void print(const char *path, const char *part, lane_rates rate, unsigned int log,
		  const char *ratio_name, double ratio)
{
	char name[64];
	struct bench_row row = {.bench = "lcores",
				.name = name,
				.size = SIZE,
				.sessions = SESSIONS << log,
				.burst = BURST_MAX,
				.cycles = 1 / median(rate, log),
				.ratio_name = ratio_name,
				.ratio = ratio};

	snprintf(name, sizeof(name), "%s_%u%s", path, 1u << log, part);
	bench_print(&row);
}

// :of_cpus is the gain of the path over that of arithmetic: what the software loses.
static void measure(unsigned int max)
{
	static lane_rates rate[WORK_NB];
	const char *path = side == PLANE_INSIDE ? "seal" : "open";

	for (unsigned int i = 0; i < max; i++)
		load(i);
	for (int k = 0; k < BENCH_RUNS; k++) { // in turns, so that all see the same machine
		for (unsigned int i = 0; 1u << i <= max; i++) {
			for (work = 0; work < WORK_NB; work++)
				rate[work][i][k] = run_together(1u << i);
		}
	}
	for (unsigned int i = 0; 1u << i <= max; i++) {
		double cpus = gain(rate[WORK_ALU], i), paths = gain(rate[WORK_PATH], i);

		print(path, "", rate[WORK_PATH], i, "against_one", paths);
		print(path, ":of_cpus", rate[WORK_PATH], i, "against_alu", paths / cpus);
		print(path, ":aead", rate[WORK_AEAD], i, "against_one", gain(rate[WORK_AEAD], i));
		print(path, ":alu", rate[WORK_ALU], i, "against_one", cpus);
	}
	bench_check(plane_drops(&plane) == 0);
	for (unsigned int i = 0; i < max; i++)
		bench_check(plane.lane[i].lc->stats.handoff == 0);
	for (unsigned int i = 0; i < max; i++)
		frames_fini(&frames[i]);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	unsigned int cpus = bench_eal_cpus(&options, 1024, PLANE_LANES_MAX), max = 1;

	while (2 * max <= cpus)
		max *= 2;
	plane_init_lanes(&plane, SESSIONS * max * 2, 0, 1024, (uint16_t)max, (uint16_t)max);
	for (side = 1; side >= 0; side--)
		measure(max);
	return 0;
}
