// SPDX-License-Identifier: BSD-3-Clause

// The flow table: hash and lookup in bursts over the number of flows, hits at random and misses.
#include <rte_common.h>
#include <rte_malloc.h>
#include <stdlib.h>

#include "bench.h"
#include "table.h"

#define BURST  32
#define PICKS  65536
#define SAMPLE 1024

// Digits of pi.
static const struct table_secret secret = {
	{UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0),
	 UINT64_C(0x082efa98ec4e6c89), UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6c),
	 UINT64_C(0xc0ac29b7c97c50dd), UINT64_C(0x3f84d5b5b5470917)},
};
static struct table *table;
static struct flow_key *key; // PICKS, in the order in which they are looked up
static uint32_t next;

static struct flow_key flow_key(uint32_t i)
{
	struct flow_key k = {.remote_port = rte_cpu_to_be_16(40000),
			     .local_port = rte_cpu_to_be_16(4433)};
	rte_be32_t address = rte_cpu_to_be_32((UINT32_C(10) << 24) + i);

	ip_from_v4(&k.remote, &address);
	return k;
}

static void reset(void *arg)
{
	(void)arg;
	next = 0;
}

static uint64_t run_hash(void *arg, uint32_t n)
{
	uint32_t sum = 0;
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t i = 0; i < n; i++)
		sum += table_hash(&key[next + i], &secret);
	start = bench_tsc() - start;
	next += n;
	bench_check(sum != 1);
	return start;
}

static uint64_t run_lookup(void *arg, uint32_t n)
{
	uint32_t hash[BURST];
	struct flow *flow[BURST];
	uint32_t hits = 0;
	uint64_t start = bench_tsc();

	for (uint32_t i = 0; i < n; i += BURST) {
		for (uint32_t k = 0; k < BURST; k++)
			hash[k] = table_hash(&key[next + i + k], &secret);
		table_prefetch_burst(table, hash, BURST);
		table_lookup_burst(table, &key[next + i], sizeof(*key), hash, BURST, flow);
		for (uint32_t k = 0; k < BURST; k++)
			hits += flow[k] != NULL && flow[k]->used;
	}
	start = bench_tsc() - start;
	next += n;
	bench_check(hits == (arg != NULL ? n : 0));
	return start;
}

static double measure(uint64_t (*run)(void *, uint32_t), void *arg, uint32_t picks)
{
	struct bench_item item = {
		.run = run, .arg = arg, .n = SAMPLE, .samples = picks / SAMPLE, .reset = reset};

	bench_measure(&item, 1);
	return item.cycles;
}

static void measure_size(uint32_t flows, uint32_t picks)
{
	struct bench_row row = {.bench = "table", .sessions = flows, .burst = BURST};
	uint64_t seed = 7;

	table = table_create("bench", flows, &secret, SOCKET_ID_ANY);
	bench_check(table != NULL);
	for (uint32_t i = 0; i < flows; i++) {
		struct flow_key k = flow_key(i);
		struct flow *flow = table_enter(table, &k);

		bench_check(flow != NULL);
		flow->handshake_tsc = 1;
		bench_check(table_find(table, &k) == flow);
	}
	for (uint32_t i = 0; i < picks; i++)
		key[i] = flow_key((uint32_t)(bench_random(&seed) % flows));
	row.name = "hash";
	row.cycles = measure(run_hash, NULL, picks);
	bench_print(&row);
	row.name = "hash_lookup_hit";
	row.cycles = measure(run_lookup, table, picks);
	bench_print(&row);
	for (uint32_t i = 0; i < picks; i++)
		key[i] = flow_key(flows + (uint32_t)(bench_random(&seed) % flows));
	row.name = "hash_lookup_miss";
	row.cycles = measure(run_lookup, NULL, picks);
	bench_print(&row);
	table_destroy(table);
}

int main(int argc, char **argv)
{
	static const uint32_t full[] = {256, 4000, 64000, 1000000};
	static const uint32_t quick[] = {256, 1000000};
	struct bench_options options = bench_options(argc, argv);
	size_t nb = options.quick ? RTE_DIM(quick) : RTE_DIM(full);

	bench_eal(&options, 512);
	key = rte_malloc("keys", PICKS * sizeof(*key), 0);
	bench_check(key != NULL);
	for (size_t i = 0; i < nb; i++)
		measure_size(options.quick ? quick[i] : full[i], PICKS);
	return 0;
}
