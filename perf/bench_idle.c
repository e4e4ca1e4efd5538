// SPDX-License-Identifier: BSD-3-Clause

// `poll: adaptive`: what an idle lcore takes of its CPU, and how long a packet waits for it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "plane.h"

#define SESSIONS 256
#define FRAMES	 64
#define SIZE	 64
#define PAUSE_US 3000	// longer than it takes the lcore to fall asleep
#define REST_US	 150000 // and to rest

static struct plane plane;
static _Atomic uint64_t sent_tsc;

static void *run(void *arg)
{
	lcore_run(arg);
	return NULL;
}

static void note_sent(void *arg, struct rte_mbuf *m)
{
	(void)arg;
	(void)m;
	atomic_store(&sent_tsc, rte_rdtsc());
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	bench_check(clock_gettime(clock, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Part of a CPU that the thread takes.
static double share(pthread_t thread, unsigned int ms)
{
	clockid_t clock;
	double cpu, wall;

	bench_check(pthread_getcpuclockid(thread, &clock) == 0);
	cpu = seconds(clock);
	wall = seconds(CLOCK_MONOTONIC);
	usleep(ms * 1000);
	cpu = seconds(clock) - cpu;
	return cpu / (seconds(CLOCK_MONOTONIC) - wall);
}

// TSC cycles until one packet, offered to the sleeping lcore, is sent.
static double wake(unsigned int pause_us)
{
	struct mem_port *from = &plane.lane[0].port[PLANE_INSIDE];
	uint64_t start;

	usleep(pause_us);
	atomic_store(&sent_tsc, 0);
	start = rte_rdtsc();
	mem_port_offer(from, 1);
	while (atomic_load(&sent_tsc) == 0)
		usleep(20);
	return (double)(atomic_load(&sent_tsc) - start);
}

static void print(const char *name, double cycles, const char *ratio_name, double ratio)
{
	struct bench_row row = {.bench = "idle",
				.name = name,
				.size = SIZE,
				.sessions = SESSIONS,
				.burst = 1,
				.cycles = cycles,
				.ratio_name = ratio_name,
				.ratio = ratio};

	bench_print(&row);
}

static void print_wakes(const char *case_name, size_t nb, unsigned int pause_us)
{
	double *cycles = calloc(nb, sizeof(*cycles)), p50, p99;
	double us = (double)rte_get_tsc_hz() / 1e6;
	char name[32];

	bench_check(cycles != NULL);
	for (size_t i = 0; i < nb; i++)
		cycles[i] = wake(pause_us);
	bench_percentiles(cycles, nb, &p50, &p99);
	snprintf(name, sizeof(name), "%s:p50", case_name);
	print(name, p50, "microseconds", p50 / us);
	snprintf(name, sizeof(name), "%s:p99", case_name);
	print(name, p99, "microseconds", p99 / us);
	free(cycles);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	double idle;
	uint32_t picks[FRAMES];
	struct frames frames;
	pthread_t thread;

	bench_eal(&options, 512);
	plane_init(&plane, SESSIONS, 0, 1024);
	plane.config.poll_adaptive = true;
	for (uint32_t k = 0; k < FRAMES; k++)
		picks[k] = k;
	frames_init(&frames, FRAMES, SIZE + 128);
	plane_backend_frames(&plane, &frames, picks, SIZE);
	plane_load(&plane, PLANE_INSIDE, &frames, MEM_PORT_COPY);
	plane_check(&plane, PLANE_INSIDE, picks, SIZE);
	mem_port_sink(&plane.lane[0].port[PLANE_OUTSIDE], note_sent, NULL);
	bench_check(pthread_create(&thread, NULL, run, plane.lane[0].lc) == 0);
	usleep(REST_US);
	idle = share(thread, options.quick ? 1000 : 5000);
	print("cpu_share", 0, "share", idle);
	print_wakes("wake", options.quick ? 200 : 2000, PAUSE_US);
	print_wakes("wake_rest", options.quick ? 20 : 100, REST_US);
	atomic_store(&plane.dp->stop, true);
	pthread_join(thread, NULL);
	frames_fini(&frames);
	return 0;
}
