// SPDX-License-Identifier: BSD-3-Clause

// Good sessions beside a flood of ClientHellos without cookie, each from another address: one
// thread sends both at fixed rates through rings of the default length, the lcore runs as in the
// program, and what of the sessions does not reach the backend is lost.
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

static struct plane plane;
static struct frames hellos, records;
static uint32_t pick[RECORDS];
static struct rte_mempool *pool; // of the sender

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
	double rate; // frames a TSC cycle
	uint64_t due, sent, full;
};

static void send_due(struct stream *s, uint64_t elapsed)
{
	s->due = (uint64_t)((double)elapsed * s->rate);
	for (; s->sent + s->full < s->due;) {
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

// Sends all records beside so many ClientHellos a second.  Returns the part that is lost.
static double run(uint32_t hello_rate)
{
	double hz = (double)rte_get_tsc_hz();
	struct stream good = {.frames = &records, .rate = RECORD_RATE / hz};
	struct stream flood = {.frames = &hellos, .rate = hello_rate / hz};
	uint64_t start = rte_rdtsc(), delivered = 0, answered = 0;

	while (good.sent + good.full < RECORDS) {
		uint64_t elapsed = rte_rdtsc() - start;

		send_due(&flood, elapsed);
		send_due(&good, elapsed);
		delivered += take_all(to_backend);
		answered += take_all(to_client);
	}
	// What is still on its way.
	for (start = rte_rdtsc(); rte_rdtsc() - start < rte_get_tsc_hz() / 20;) {
		delivered += take_all(to_backend);
		answered += take_all(to_client);
	}
	bench_check(delivered <= good.sent && answered <= flood.sent);
	return 1 - (double)delivered / RECORDS;
}

static void measure(uint32_t hello_rate, unsigned int runs)
{
	double lost[BENCH_RUNS], p50, p99;
	char name[64];
	struct bench_row row = {.bench = "flood",
				.name = name,
				.size = SIZE,
				.sessions = SESSIONS,
				.burst = BURST_MAX,
				.ratio_name = "lost"};

	for (unsigned int i = 0; i < runs; i++) {
		// The sessions' windows are the lcore's: it stands still meanwhile.
		plane_reset_replay(&plane, pick, RECORDS);
		atomic_store(&plane.dp->stop, false);
		bench_check(rte_eal_remote_launch(lcore_run, plane.lane[0].lc, 1) == 0);
		lost[i] = run(hello_rate);
		atomic_store(&plane.dp->stop, true);
		rte_eal_mp_wait_lcore();
	}
	bench_percentiles(lost, runs, &p50, &p99);
	snprintf(name, sizeof(name), "hellos_%u", hello_rate);
	row.ratio = p50;
	bench_print(&row);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	const unsigned int runs = BENCH_RUNS;

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
	make_wires();
	measure(0, runs);
	measure(1000000, runs);
	if (!options.quick)
		measure(2000000, runs);
	return 0;
}
