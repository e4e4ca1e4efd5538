// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_BENCH_H
#define DTLSGW_BENCH_H

#include <rte_cycles.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

// What the benches share: options, timing, the CSV.
//
// A bench prints one line a case, after the bytes of the case were checked:
//   bench,case,size_bytes,sessions,burst,cycles_per_pkt,mpps,gbps,ratio_name,ratio
// cycles_per_pkt: TSC cycles.  gbps: UDP payload.  A field that means nothing in a case is 0 or
// empty.

#define BENCH_RUNS  9
#define BENCH_ITEMS 16 // measured together

struct bench_options {
	bool quick; // fewer cases and packets
	bool huge;  // huge pages, else --no-huge
	bool avx2;  // ipsec-mb's code for CPUs without AVX-512
};

// Reads --quick, --huge and --avx2, prints nothing.  Ends the program on anything else.
struct bench_options bench_options(int argc, char **argv);

// Starts EAL on the first CPU that this process may use, without devices; memory_mb is for
// --no-huge.
void bench_eal(const struct bench_options *options, unsigned int memory_mb);

// The same on up to max of the CPUs that this process may use, one of every core first, an EAL
// lcore each; the caller is the first.  Returns how many.
unsigned int bench_eal_cpus(const struct bench_options *options, unsigned int memory_mb,
			    unsigned int max);

// Something to measure.  run() handles packets from..from+n of what the case prepared and returns
// the TSC cycles that took, without what it prepares itself.
struct bench_item {
	uint64_t (*run)(void *arg, uint32_t n);
	void *arg;
	uint32_t n;		  // packets in one sample: some 100 µs, below a time slice
	uint32_t samples;	  // samples in one run
	void (*reset)(void *arg); // before each run, untimed; NULL: nothing
	double cycles;		  // out: a packet, the median of BENCH_RUNS runs
	double low, high;	  // out: the extremes of those runs
};

// One warm-up, then BENCH_RUNS runs of every item in turn, so that all see the same machine.  A
// run's figure is the median of its samples, less those in which the thread lost its CPU.
void bench_measure(struct bench_item *item, unsigned int nb);

// Sorts v[0..nb); *p50 and *p99 are its percentiles.
void bench_percentiles(double *v, size_t nb, double *p50, double *p99);

struct bench_row {
	const char *bench, *name;
	uint32_t size, sessions, burst;
	double cycles;
	const char *ratio_name;
	double ratio;
};

void bench_print(const struct bench_row *row);

// Ends the program with a message if a case's bytes are not right.
#define bench_check(condition)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			bench_fail(__FILE__, __LINE__, #condition);                                \
	} while (0)
_Noreturn void bench_fail(const char *file, int line, const char *what);

// splitmix64: the next 64 random bits.
static inline uint64_t bench_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline void bench_random_bytes(uint64_t *seed, void *p, size_t len)
{
	uint8_t *byte = p;

	for (size_t i = 0; i < len; i++)
		byte[i] = (uint8_t)bench_random(seed);
}

// Time stamp after all that went before.
static inline uint64_t bench_tsc(void)
{
	return rte_rdtsc_precise();
}

static inline uint64_t bench_clock_tsc(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)(((double)t.tv_sec * 1e9 + (double)t.tv_nsec) * 1e-9 *
			  (double)rte_get_tsc_hz());
}

// What this thread has run so far in TSC cycles, for samples longer than a time slice: it does not
// go on while another thread has the CPU.  Costs a system call.
static inline uint64_t bench_thread_tsc(void)
{
	return bench_clock_tsc(CLOCK_THREAD_CPUTIME_ID);
}

#endif
