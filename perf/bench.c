// SPDX-License-Identifier: BSD-3-Clause
#include "bench.h"

#include <rte_eal.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SAMPLES_MAX 4096

struct bench_options bench_options(int argc, char **argv)
{
	struct bench_options options = {0};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0) {
			options.quick = true;
		} else if (strcmp(argv[i], "--huge") == 0) {
			options.huge = true;
		} else if (strcmp(argv[i], "--avx2") == 0) {
			options.avx2 = true;
		} else {
			fprintf(stderr, "usage: %s [--quick] [--huge] [--avx2]\n", argv[0]);
			exit(2);
		}
	}
	return options;
}

static void start_eal(const struct bench_options *options, unsigned int memory_mb, char *lcores)
{
	char memory[16];
	// With huge pages EAL takes what it needs when it needs it.
	char *argv[] = {"bench",
			"--no-pci",
			"--no-telemetry",
			"--no-shconf",
			"--lcores",
			lcores,
			"--log-level=error",
			options->huge ? "--in-memory" : "--no-huge",
			"-m",
			memory};
	int argc = (int)(sizeof(argv) / sizeof(argv[0])) - (options->huge ? 2 : 0);

	snprintf(memory, sizeof(memory), "%u", memory_mb);
	bench_check(rte_eal_init(argc, argv) >= 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void bench_eal(const struct bench_options *options, unsigned int memory_mb)
{
	char lcores[16];
	cpu_set_t cpus;
	int cpu = 0;

	bench_check(sched_getaffinity(0, sizeof(cpus), &cpus) == 0);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	snprintf(lcores, sizeof(lcores), "0@%d", cpu);
	start_eal(options, memory_mb, lcores);
}

// The first of the hardware threads of its core.
static bool leads_core(int cpu)
{
	char path[128];
	int first = cpu;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
		 cpu);
	file = fopen(path, "r");
	if (file != NULL) {
		bench_check(fscanf(file, "%d", &first) == 1);
		fclose(file);
	}
	return first == cpu;
}

unsigned int bench_eal_cpus(const struct bench_options *options, unsigned int memory_mb,
			    unsigned int max)
{
	char lcores[16 * RTE_MAX_LCORE] = "";
	unsigned int nb = 0;
	size_t len = 0;
	cpu_set_t cpus;

	bench_check(sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && max <= RTE_MAX_LCORE);
	for (int i = 0; i < 2 * CPU_SETSIZE && nb < max; i++) {
		int cpu = i % CPU_SETSIZE;

		if (!CPU_ISSET(cpu, &cpus) || leads_core(cpu) != (i < CPU_SETSIZE))
			continue;
		len += (size_t)snprintf(lcores + len, sizeof(lcores) - len, "%s%u@%d",
					nb > 0 ? "," : "", nb, cpu);
		nb++;
	}
	start_eal(options, memory_mb, lcores);
	return nb;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned int nb)
{
	qsort(v, nb, sizeof(*v), compare);
	return nb % 2 == 1 ? v[nb / 2] : (v[nb / 2 - 1] + v[nb / 2]) / 2;
}

void bench_percentiles(double *v, size_t nb, double *p50, double *p99)
{
	qsort(v, nb, sizeof(*v), compare);
	*p50 = v[nb / 2];
	*p99 = v[nb - 1 - nb / 100];
}

// How often this thread lost its CPU to another.
static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static double run_once(struct bench_item *item)
{
	static double sample[SAMPLES_MAX], all[SAMPLES_MAX];
	unsigned int nb = 0;

	bench_check(item->samples > 0 && item->samples <= SAMPLES_MAX);
	if (item->reset != NULL)
		item->reset(item->arg);
	for (uint32_t i = 0; i < item->samples; i++) {
		long before = switches();

		all[i] = (double)item->run(item->arg, item->n) / item->n;
		if (switches() == before)
			sample[nb++] = all[i];
	}
	return nb > 0 ? median(sample, nb) : median(all, item->samples);
}

void bench_measure(struct bench_item *item, unsigned int nb)
{
	static double result[BENCH_ITEMS][BENCH_RUNS];

	bench_check(nb <= BENCH_ITEMS);

	for (unsigned int i = 0; i < nb; i++)
		run_once(&item[i]);
	for (unsigned int k = 0; k < BENCH_RUNS; k++) {
		for (unsigned int i = 0; i < nb; i++)
			result[i][k] = run_once(&item[i]);
	}
	for (unsigned int i = 0; i < nb; i++) {
		item[i].cycles = median(result[i], BENCH_RUNS);
		item[i].low = result[i][0];
		item[i].high = result[i][BENCH_RUNS - 1];
	}
}

void bench_print(const struct bench_row *row)
{
	double mpps = row->cycles > 0 ? (double)rte_get_tsc_hz() / row->cycles / 1e6 : 0;

	printf("%s,%s,%u,%u,%u,%.1f,%.3f,%.3f,%s,", row->bench, row->name, row->size, row->sessions,
	       row->burst, row->cycles, mpps, mpps * row->size * 8 / 1e3,
	       row->ratio_name != NULL ? row->ratio_name : "");
	if (row->ratio_name != NULL)
		printf("%.3f", row->ratio);
	printf("\n");
}

void bench_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
	exit(1);
}
