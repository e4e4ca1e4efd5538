// SPDX-License-Identifier: BSD-3-Clause

// ClientHellos without a cookie through lcore_poll(): what a HelloVerifyRequest costs, I/O
// included; and cookie_burst() alone.
#include <rte_ethdev.h>

#include "cookie.h"
#include "hellos.h"

#define CLIENTS 512

static struct plane plane;
static struct frames frames;
static uint8_t hello[CLIENTS][HELLOS_LEN];
static struct flow_key flow[CLIENTS];
static struct cookie_op op[CLIENTS];
static uint32_t seen;

static void make_hellos(void)
{
	hellos_frames(&plane, &frames, CLIENTS);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		flow[i] = hellos_flow(&plane, i);
		hellos_write(hello[i], i);
		op[i].flow = &flow[i];
		bench_check(client_hello_parse(hello[i], HELLOS_LEN, &op[i].hello));
	}
	for (uint32_t i = 0; i < CLIENTS; i += BURST_MAX)
		cookie_burst(plane.aead, &plane.secrets, op + i, BURST_MAX);
}

static void check_answer(void *arg, struct rte_mbuf *m)
{
	uint8_t want[HELLO_VERIFY_LEN];

	(void)arg;
	hello_verify_write(want, seen, op[seen].cookie);
	bench_check(m->data_len == 42 + HELLO_VERIFY_LEN);
	bench_check(memcmp(rte_pktmbuf_mtod_offset(m, uint8_t *, 42), want, sizeof(want)) == 0);
	seen++;
}

static uint64_t run_poll(void *arg, uint32_t n)
{
	struct mem_port *port = &plane.lane[0].port[PLANE_OUTSIDE];
	uint64_t sent = port->sent, start;

	(void)arg;
	mem_port_offer(port, n);
	start = bench_tsc();
	while (port->left > 0)
		lcore_poll(plane.lane[0].lc);
	start = bench_tsc() - start;
	bench_check(port->sent - sent == n);
	return start;
}

static uint64_t run_io(void *arg, uint32_t n)
{
	struct mem_port *port = &plane.lane[0].port[PLANE_OUTSIDE];
	struct rte_mbuf *m[BURST_MAX];
	uint64_t start;

	(void)arg;
	mem_port_offer(port, n);
	start = bench_tsc();
	while (port->left > 0)
		rte_eth_tx_burst(port->id, 0, m, rte_eth_rx_burst(port->id, 0, m, BURST_MAX));
	return bench_tsc() - start;
}

static uint64_t run_cookie(void *arg, uint32_t n)
{
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t i = 0; i < n; i += BURST_MAX)
		cookie_burst(plane.aead, &plane.secrets, op + i, BURST_MAX);
	return bench_tsc() - start;
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	struct bench_item item[] = {{.run = run_io, .n = CLIENTS, .samples = 16},
				    {.run = run_cookie, .n = CLIENTS, .samples = 16},
				    {.run = run_poll, .n = CLIENTS, .samples = 16}};
	static const char *const name[] = {"io", "cookie_burst", "hello_verify"};

	bench_eal(&options, 512);
	plane_init(&plane, 256, 0, 1024);
	make_hellos();
	plane_load(&plane, PLANE_OUTSIDE, &frames, MEM_PORT_COPY);
	mem_port_sink(&plane.lane[0].port[PLANE_OUTSIDE], check_answer, NULL);
	run_poll(NULL, CLIENTS);
	bench_check(seen == CLIENTS && plane_drops(&plane) == 0);
	mem_port_sink(&plane.lane[0].port[PLANE_OUTSIDE], NULL, NULL);
	bench_measure(item, RTE_DIM(item));
	for (size_t i = 0; i < RTE_DIM(item); i++) {
		struct bench_row row = {.bench = "cookie",
					.name = name[i],
					.size = HELLOS_LEN,
					.burst = BURST_MAX,
					.cycles = item[i].cycles};

		bench_print(&row);
	}
	return 0;
}
