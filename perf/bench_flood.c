// SPDX-License-Identifier: BSD-3-Clause

// Good sessions beside a flood of ClientHellos without cookie, each from another address: one
// thread sends both at fixed rates through rings of the default length, the lcore runs as in the
// program, and what of the sessions does not reach the backend is lost.
//
// All records go in samples of some milliseconds.  In some of them a thread loses its CPU to
// others, or the machine its CPUs to other machines, for as long as the ring between the threads
// holds or longer: the clock of the thread's CPU time stands still meanwhile.  Without these, the
// losses are the gateway's.  Where the kernel counts stolen time as the thread's, nothing is left
// out.
#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "hellos.h"

#define SESSIONS    256
#define CLIENTS	    16384
#define RECORDS	    4096 // frames of the sessions, each sent once a run
#define SIZE	    64
#define RING	    1024 // the default of rx_descs
#define RECORD_RATE 100000
#define SAMPLE	    512	   // records
#define QUIET_US    1000   // until what was on its way has come
#define LOST_CPU_NS 100000 // which a thread may lose in a sample: a tenth of what the ring holds

static struct plane plane;
static struct frames hellos, records;
static uint32_t pick[RECORDS];
static struct rte_mempool *pool;       // of the sender
static _Atomic pthread_t lcore_thread; // 0: it has not begun

// A wire for each direction in place of the devices' functions.
static struct rte_ring *to_gateway, *to_backend, *to_client;

static uint16_t receive(void *ring, struct rte_mbuf **m, uint16_t n)
{
	struct rte_ring *r = *(struct rte_ring **)ring;

	n = (uint16_t)rte_ring_dequeue_burst(r, (void **)m, n, NULL);
	for (uint16_t i = 0; i < n; i++)
		m[i]->port = plane.dp->port_id[PLANE_OUTSIDE];
	return n;
}

static uint16_t receive_nothing(void *queue, struct rte_mbuf **m, uint16_t n)
{
	(void)queue;
	(void)m;
	(void)n;
	return 0;
}

static uint16_t transmit(void *ring, struct rte_mbuf **m, uint16_t n)
{
	struct rte_ring *r = *(struct rte_ring **)ring;

	return (uint16_t)rte_ring_enqueue_burst(r, (void **)m, n, NULL);
}

static struct rte_ring *make_wire(const char *name, unsigned int size)
{
	struct rte_ring *ring =
		rte_ring_create(name, size, 0, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);

	bench_check(ring != NULL);
	return ring;
}

static void make_wires(void)
{
	static void *rx[2], *tx[2];
	uint16_t out = plane.dp->port_id[PLANE_OUTSIDE], in = plane.dp->port_id[PLANE_INSIDE];

	to_gateway = make_wire("to_gateway", RING);
	to_backend = make_wire("to_backend", 8 * RING);
	to_client = make_wire("to_client", 8 * RING);
	rx[0] = &to_gateway;
	tx[0] = &to_client;
	tx[1] = &to_backend;
	rte_eth_fp_ops[out].rx_pkt_burst = receive;
	rte_eth_fp_ops[out].rxq.data = &rx[0];
	rte_eth_fp_ops[out].tx_pkt_burst = transmit;
	rte_eth_fp_ops[out].txq.data = &tx[0];
	rte_eth_fp_ops[in].rx_pkt_burst = receive_nothing;
	rte_eth_fp_ops[in].tx_pkt_burst = transmit;
	rte_eth_fp_ops[in].txq.data = &tx[1];
}

// Frames of one kind at a rate.
struct stream {
	const struct frames *frames;
	double rate;	    // frames a TSC cycle
	uint64_t base, end; // frames before this sample, and with it
	uint64_t sent, full;
};

static void send_due(struct stream *s, uint64_t elapsed)
{
	uint64_t due = s->base + (uint64_t)((double)elapsed * s->rate);

	due = RTE_MIN(due, s->end);
	while (s->sent + s->full < due) {
		uint32_t i = (uint32_t)((s->sent + s->full) % s->frames->nb);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (m != NULL) {
			memcpy(rte_pktmbuf_append(m, s->frames->len[i]), frames_at(s->frames, i),
			       s->frames->len[i]);
			if (rte_ring_enqueue(to_gateway, m) == 0) {
				s->sent++;
				continue;
			}
			rte_pktmbuf_free(m);
		}
		s->full++;
	}
}

// Frees what came out.  Returns how many frames.
static uint64_t take_all(struct rte_ring *ring)
{
	struct rte_mbuf *m[BURST_MAX];
	uint64_t sum = 0;
	unsigned int n;

	while ((n = rte_ring_dequeue_burst(ring, (void **)m, BURST_MAX, NULL)) > 0) {
		rte_pktmbuf_free_bulk(m, n);
		sum += n;
	}
	return sum;
}

// Of a number of samples.
struct sum {
	uint64_t samples;
	uint64_t offered, delivered; // records
	uint64_t hellos, answered;
};

static void add(struct sum *sum, const struct sum *more)
{
	sum->samples += more->samples;
	sum->offered += more->offered;
	sum->delivered += more->delivered;
	sum->hellos += more->hellos;
	sum->answered += more->answered;
}

// Nanoseconds for which a thread did not have its CPU, up to an unknown time.
static int64_t without_cpu(pthread_t thread)
{
	struct timespec wall, cpu;
	clockid_t clock;

	bench_check(pthread_getcpuclockid(thread, &clock) == 0);
	clock_gettime(CLOCK_MONOTONIC, &wall);
	clock_gettime(clock, &cpu);
	return (wall.tv_sec - cpu.tv_sec) * INT64_C(1000000000) + wall.tv_nsec - cpu.tv_nsec;
}

static void take_both(struct sum *sum)
{
	sum->delivered += take_all(to_backend);
	sum->answered += take_all(to_client);
}

// Sends the next SAMPLE records beside ClientHellos, and takes what comes out.  True if both
// threads had their CPUs.
static bool sample(struct stream *good, struct stream *flood, struct sum *sum)
{
	const uint64_t quiet = QUIET_US * rte_get_tsc_hz() / 1000000;
	int64_t lost_here = without_cpu(pthread_self()), lost_there = without_cpu(lcore_thread);
	int64_t idle;
	uint64_t from = good->sent + good->full, flooded = flood->sent, start, seen;

	*sum = (struct sum){.samples = 1, .offered = SAMPLE};
	start = rte_rdtsc();
	good->base = from;
	good->end = from + SAMPLE;
	flood->base = flood->sent + flood->full;
	flood->end = UINT64_MAX;
	while (good->sent + good->full < good->end) {
		uint64_t elapsed = rte_rdtsc() - start;

		send_due(flood, elapsed);
		send_due(good, elapsed);
		take_both(sum);
	}
	do {
		seen = sum->delivered + sum->answered;
		idle = without_cpu(lcore_thread);
		for (start = rte_rdtsc(); rte_rdtsc() - start < quiet;)
			take_both(sum);
	} while (seen != sum->delivered + sum->answered || !rte_ring_empty(to_gateway) ||
		 without_cpu(lcore_thread) - idle > LOST_CPU_NS);
	sum->hellos = flood->sent - flooded;
	return without_cpu(pthread_self()) - lost_here < LOST_CPU_NS &&
	       without_cpu(lcore_thread) - lost_there < LOST_CPU_NS;
}

static int run_lcore(void *lc)
{
	lcore_thread = pthread_self();
	return lcore_run(lc);
}

// All records once.
static void run(uint32_t hello_rate, struct sum *all, struct sum *kept)
{
	double hz = (double)rte_get_tsc_hz();
	struct stream good = {.frames = &records, .rate = RECORD_RATE / hz};
	struct stream flood = {.frames = &hellos, .rate = hello_rate / hz};
	struct sum sum;

	// The sessions' windows are the lcore's: it stands still meanwhile.
	plane_reset_replay(&plane, pick, RECORDS);
	atomic_store(&plane.dp->stop, false);
	lcore_thread = 0;
	bench_check(rte_eal_remote_launch(run_lcore, plane.lane[0].lc, 1) == 0);
	while (lcore_thread == 0)
		rte_pause();
	for (int i = 0; i < RECORDS / SAMPLE; i++) {
		bool whole = sample(&good, &flood, &sum);

		add(all, &sum);
		if (whole)
			add(kept, &sum);
	}
	atomic_store(&plane.dp->stop, true);
	rte_eal_mp_wait_lcore();
}

static void print(uint32_t hello_rate, const char *part, double rate, const char *ratio_name,
		  double ratio)
{
	char name[64];
	struct bench_row row = {.bench = "flood",
				.name = name,
				.size = SIZE,
				.sessions = SESSIONS,
				.burst = BURST_MAX,
				.cycles = rate > 0 ? (double)rte_get_tsc_hz() / rate : 0,
				.ratio_name = ratio_name,
				.ratio = ratio};

	snprintf(name, sizeof(name), "hellos_%u%s", hello_rate, part);
	bench_print(&row);
}

static double lost_of_1000(const struct sum *sum)
{
	return 1000 - 1000 * (double)sum->delivered / (double)sum->offered;
}

static void measure(uint32_t hello_rate)
{
	struct sum all = {0}, kept = {0};

	for (unsigned int i = 0; i < BENCH_RUNS; i++)
		run(hello_rate, &all, &kept);
	bench_check(all.delivered <= all.offered && all.answered <= all.hellos);
	print(hello_rate, ":all", 0, "lost_of_1000", lost_of_1000(&all));
	print(hello_rate, ":kept", 0, "samples", (double)kept.samples / (double)all.samples);
	if (kept.samples == 0)
		return;
	print(hello_rate, "", 0, "lost_of_1000", lost_of_1000(&kept));
	if (hello_rate == 0)
		return;
	bench_check(kept.answered > 0);
	print(hello_rate, ":flood", (double)kept.hellos / ((double)kept.offered / RECORD_RATE),
	      "answered", (double)kept.answered / (double)kept.hellos);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);

	if (bench_eal_cpus(&options, 1024, 2) < 2)
		return 0; // nothing to say with one CPU
	plane_init(&plane, SESSIONS, 0, 1024);
	pool = rte_pktmbuf_pool_create("sender", 32767, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	bench_check(pool != NULL);
	for (uint32_t k = 0; k < RECORDS; k++)
		pick[k] = k % SESSIONS;
	frames_init(&records, RECORDS, SIZE + 128);
	plane_client_frames(&plane, &records, pick, SIZE);
	hellos_frames(&plane, &hellos, CLIENTS);
	plane_load(&plane, PLANE_OUTSIDE, &hellos, MEM_PORT_COPY);
	hellos_check(&plane, CLIENTS);
	plane_load(&plane, PLANE_OUTSIDE, &records, MEM_PORT_COPY);
	plane_check(&plane, PLANE_OUTSIDE, pick, SIZE);
	make_wires();
	measure(0);
	measure(1000000);
	if (!options.quick)
		measure(2000000);
	return 0;
}
