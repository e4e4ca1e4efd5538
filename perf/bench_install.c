// SPDX-License-Identifier: BSD-3-Clause

// Install of a session: what cp does (memory from the pool, both keys expanded, headers of both
// sides, the ring), what the lcore does with it, and the end of it.
#include <string.h>

#include "plane.h"

#define SESSIONS 1024
#define INSTALLS 256 // a sample: SESSIONS / 4

static struct plane plane;
static struct session *held[INSTALLS];
static uint64_t dp_cycles, end_cycles, init_cycles;

static void build(struct session *s, uint32_t i, const struct session *like)
{
	struct traffic_keys keys = plane_keys(i);
	uint64_t start = bench_tsc();

	session_init(s, plane.aead, &keys, plane.config.replay_window);
	init_cycles += bench_tsc() - start;
	keys_wipe(&keys);
	s->flow = like->flow;
	s->flow.remote_port = rte_cpu_to_be_16(41000);
	s->id = (UINT64_C(2) << 32) | i;
	s->nat_addr = like->nat_addr;
	s->nat_port = rte_cpu_to_be_16((uint16_t)(40000 + i));
	s->backend = like->backend;
	s->backend_port = like->backend_port;
}

static void headers(struct session *s)
{
	uint16_t out = plane.dp->port_id[PLANE_OUTSIDE], in = plane.dp->port_id[PLANE_INSIDE];
	struct encap_addr inside = {.src = plane.dp->nat.addr[s->nat_addr].addr,
				    .dst = s->backend,
				    .src_port = s->nat_port,
				    .dst_port = s->backend_port};
	struct encap_addr outside = {.src = s->flow.local,
				     .dst = s->flow.remote,
				     .src_port = s->flow.local_port,
				     .dst_port = s->flow.remote_port};

	encap_init(&s->rx.encap, &plane.dp->port[in], in, 1, &inside);
	encap_init(&s->tx.encap, &plane.dp->port[out], out, 2, &outside);
	s->tx.plain_max = 1400;
}

static void take_all(enum msg_type type, uint32_t n)
{
	struct msg msg;

	for (uint32_t i = 0; i < n; i++)
		bench_check(dp_receive(plane.dp, 0, &msg, 1) == 1 && msg.type == type);
}

// The lcore's share, untimed for cp: installs, then ends.
static void run_lcore(uint32_t n)
{
	uint64_t start = bench_tsc();

	while (lcore_poll(plane.lc) > 0)
		;
	dp_cycles = bench_tsc() - start;
	take_all(MSG_INSTALLED, n);
	for (uint32_t i = 0; i < n; i++) {
		struct msg msg = {.type = MSG_SESSION_REMOVE,
				  .id = held[i]->id,
				  .flow = held[i]->flow,
				  .end = SESSION_END_REMOVED};

		bench_check(dp_send(plane.dp, 0, &msg));
	}
	start = bench_tsc();
	while (lcore_poll(plane.lc) > 0)
		;
	end_cycles = bench_tsc() - start;
	take_all(MSG_SESSION_ENDED, n);
	for (uint32_t i = 0; i < n; i++) {
		explicit_bzero(held[i], session_size(plane.config.replay_window));
		rte_mempool_put(plane.dp->session_pool, held[i]);
	}
}

static uint64_t install(uint32_t n)
{
	uint64_t start = bench_tsc();

	init_cycles = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct msg msg = {.type = MSG_SESSION_INSTALL};
		void *obj;

		bench_check(rte_mempool_get(plane.dp->session_pool, &obj) == 0);
		held[i] = msg.session = obj;
		build(msg.session, i, plane.session[i]);
		headers(msg.session);
		bench_check(dp_send(plane.dp, 0, &msg));
	}
	start = bench_tsc() - start;
	run_lcore(n);
	return start;
}

static uint64_t run_cp(void *arg, uint32_t n)
{
	(void)arg;
	return install(n);
}

static uint64_t run_dp(void *arg, uint32_t n)
{
	(void)arg;
	install(n);
	return dp_cycles;
}

static uint64_t run_end(void *arg, uint32_t n)
{
	(void)arg;
	install(n);
	return end_cycles;
}

static uint64_t run_init(void *arg, uint32_t n)
{
	(void)arg;
	install(n);
	return init_cycles;
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	struct bench_item item[] = {{.run = run_init, .n = INSTALLS, .samples = 4},
				    {.run = run_cp, .n = INSTALLS, .samples = 4},
				    {.run = run_dp, .n = INSTALLS, .samples = 4},
				    {.run = run_end, .n = INSTALLS, .samples = 4}};
	static const char *const name[] = {"session_init", "cp", "lcore", "lcore_end"};

	bench_eal(&options, 512);
	plane_init(&plane, SESSIONS, 0, 1024);
	bench_measure(item, RTE_DIM(item));
	for (size_t i = 0; i < RTE_DIM(item); i++) {
		struct bench_row row = {.bench = "install",
					.name = name[i],
					.sessions = SESSIONS,
					.cycles = item[i].cycles,
					.ratio_name = "microseconds",
					.ratio = item[i].cycles / (double)rte_get_tsc_hz() * 1e6};

		bench_print(&row);
	}
	return 0;
}
