// SPDX-License-Identifier: BSD-3-Clause

// ClientHellos without a cookie through lcore_poll(): what a HelloVerifyRequest costs, I/O
// included, against its limit, the same ports with plain forwarding and ipsec-mb's HMAC-SHA-256 on
// as many bytes; and cookie_burst() alone.
#include <rte_ethdev.h>

#include "aead_mb.h"
#include "cookie.h"
#include "hellos.h"

#define CLIENTS	    512
#define JOBS	    16 // in one call, as cookie_burst() does
#define MESSAGE_LEN (sizeof(struct flow_key) + 2 + DTLS_RANDOM_LEN) // as in cookie.c

static struct plane plane;
static struct frames frames;
static uint8_t hello[CLIENTS][HELLOS_LEN];
static struct flow_key flow[CLIENTS];
static struct cookie_op op[CLIENTS];
static IMB_JOB job[JOBS];

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

static void make_jobs(void)
{
	static uint8_t message[JOBS][MESSAGE_LEN], out[JOBS][COOKIE_LEN];

	for (uint32_t i = 0; i < JOBS; i++) {
		memcpy(message[i], &flow[i], sizeof(flow[i]));
		memcpy(message[i] + sizeof(flow[i]), op[i].hello.version, 2 + DTLS_RANDOM_LEN);
		job[i] = (IMB_JOB){.src = message[i],
				   .msg_len_to_hash_in_bytes = MESSAGE_LEN,
				   .auth_tag_output = out[i],
				   .auth_tag_output_len_in_bytes = COOKIE_LEN,
				   .hash_alg = IMB_AUTH_HMAC_SHA_256,
				   .cipher_mode = IMB_CIPHER_NULL};
		job[i].u.HMAC._hashed_auth_key_xor_ipad = plane.secrets.secret[0].ipad;
		job[i].u.HMAC._hashed_auth_key_xor_opad = plane.secrets.secret[0].opad;
	}
}

static uint64_t run_hmac(void *arg, uint32_t n)
{
	IMB_MGR *mgr = plane.aead->mgr;
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t i = 0; i < n; i += JOBS)
		IMB_SUBMIT_HASH_BURST(mgr, job, JOBS, IMB_AUTH_HMAC_SHA_256);
	return bench_tsc() - start;
}

static void check_hmac(void)
{
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < JOBS; i++)
			memset(job[i].auth_tag_output, 0, COOKIE_LEN);
		run_hmac(NULL, JOBS);
		for (uint32_t i = 0; i < JOBS; i++)
			bench_check(memcmp(job[i].auth_tag_output, op[i].cookie, COOKIE_LEN) == 0);
	}
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

static void print(const char *name, double cycles, double limit)
{
	struct bench_row row = {.bench = "cookie",
				.name = name,
				.size = HELLOS_LEN,
				.burst = BURST_MAX,
				.cycles = cycles};

	if (limit > 0) {
		row.ratio_name = "limit/measured";
		row.ratio = limit / cycles;
	}
	bench_print(&row);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	struct bench_item item[] = {{.run = run_io, .n = CLIENTS, .samples = 16},
				    {.run = run_hmac, .n = CLIENTS, .samples = 16},
				    {.run = run_cookie, .n = CLIENTS, .samples = 16},
				    {.run = run_poll, .n = CLIENTS, .samples = 16}};

	bench_eal(&options, 512);
	plane_init(&plane, 256, 0, 1024);
	make_hellos();
	make_jobs();
	check_hmac();
	plane_load(&plane, PLANE_OUTSIDE, &frames, MEM_PORT_COPY);
	hellos_check(&plane, CLIENTS);
	bench_measure(item, RTE_DIM(item));
	print("io", item[0].cycles, 0);
	print("hmac", item[1].cycles, 0);
	print("cookie_burst", item[2].cycles, 0);
	print("hello_verify", item[3].cycles, item[0].cycles + item[1].cycles);
	return 0;
}
