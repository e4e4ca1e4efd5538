// SPDX-License-Identifier: BSD-3-Clause

// The search for a pre-shared key among many: of an identity that is there, and of one that is not,
// which has to take as long (RFC 4279 section 2); and reading the file, for each identity.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "psk_file.h"

#define IDENTITIES 50000
#define LOOKUPS	   64
#define SAMPLES	   400

struct lookups {
	const struct psk_file *psk;
	char identity[LOOKUPS][32];
};

static struct config config;
static char file[] = "/tmp/bench-psk-XXXXXX";

static void write_file(void)
{
	FILE *f = fdopen(mkstemp(file), "w");

	bench_check(f != NULL);
	for (unsigned int i = 0; i < IDENTITIES; i++)
		fprintf(f, "client-%u %032x\n", i, i);
	bench_check(fclose(f) == 0);
}

static struct psk_file *load(void)
{
	char error[256];
	struct psk_file *psk = psk_file_load(file, &config, error, sizeof(error));

	bench_check(psk != NULL && psk_file_count(psk) == IDENTITIES);
	return psk;
}

static void prepare(struct lookups *l, const struct psk_file *psk, const char *start, bool known)
{
	uint8_t key[PSK_KEY_MAX], key_len;

	l->psk = psk;
	for (unsigned int i = 0; i < LOOKUPS; i++) {
		snprintf(l->identity[i], sizeof(l->identity[i]), "%s-%u", start,
			 IDENTITIES / LOOKUPS * i);
		bench_check(psk_file_key(psk, l->identity[i], key, &key_len) == known);
		bench_check(key_len == 16);
	}
}

static uint64_t run_lookups(void *arg, uint32_t n)
{
	const struct lookups *l = arg;
	uint8_t key[PSK_KEY_MAX], key_len;
	uint64_t start = bench_tsc();

	for (uint32_t i = 0; i < n; i++)
		psk_file_key(l->psk, l->identity[i], key, &key_len);
	return bench_tsc() - start;
}

static uint64_t run_load(void *arg, uint32_t n)
{
	uint64_t start = bench_tsc();
	struct psk_file *psk = load();

	(void)arg;
	(void)n;
	start = bench_tsc() - start;
	psk_file_release(psk);
	return start;
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	static struct lookups lookups[2];
	struct bench_item item[] = {
		{.run = run_lookups, .arg = &lookups[0], .n = LOOKUPS, .samples = SAMPLES},
		{.run = run_lookups, .arg = &lookups[1], .n = LOOKUPS, .samples = SAMPLES},
	};
	struct bench_item loading = {.run = run_load, .n = IDENTITIES, .samples = 3};
	struct bench_row row = {.bench = "psk", .sessions = IDENTITIES};
	struct psk_file *psk;

	bench_eal(&options, 64);
	write_file();
	psk = load();
	prepare(&lookups[0], psk, "client", true);
	prepare(&lookups[1], psk, "nobody", false);
	bench_measure(item, RTE_DIM(item));
	bench_measure(&loading, 1);
	psk_file_release(psk);
	unlink(file);
	row.name = "known";
	row.cycles = item[0].cycles;
	bench_print(&row);
	row.name = "unknown";
	row.cycles = item[1].cycles;
	row.ratio_name = "known";
	row.ratio = item[1].cycles / item[0].cycles;
	bench_print(&row);
	row.name = "load";
	row.cycles = loading.cycles;
	row.ratio_name = NULL;
	row.ratio = 0;
	bench_print(&row);
	return 0;
}
