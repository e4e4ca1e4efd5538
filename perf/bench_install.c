// SPDX-License-Identifier: BSD-3-Clause

// Install of a session: what cp does (memory from the pool, both keys expanded, headers of both
// sides, the ring), what the lcore does with it, and the end of it.
#include "plane.h"

#define SESSIONS    1024
#define INSTALLS    256 // a sample: SESSIONS / 4
#define CLIENT_PORT 41000
#define NAT_PORT    40000

static struct plane plane;
static struct session *held[INSTALLS];
static uint64_t dp_cycles, end_cycles;

static struct flow_key flow(uint32_t i)
{
	return plane_flow(&plane, i, CLIENT_PORT);
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

	while (lcore_poll(plane.lane[0].lc) > 0)
		;
	dp_cycles = bench_tsc() - start;
	take_all(MSG_INSTALLED, n);
	for (uint32_t i = 0; i < n; i++) {
		struct msg msg = {.type = MSG_SESSION_REMOVE,
				  .id = held[i]->id,
				  .flow = flow(i),
				  .end = SESSION_END_REMOVED};

		bench_check(dp_send(plane.dp, 0, &msg));
	}
	start = bench_tsc();
	while (lcore_poll(plane.lane[0].lc) > 0)
		;
	end_cycles = bench_tsc() - start;
	take_all(MSG_SESSION_ENDED, n);
	for (uint32_t i = 0; i < n; i++)
		plane_session_free(&plane, held[i]);
}

static uint64_t install(uint32_t n)
{
	uint64_t start = bench_tsc();

	for (uint32_t i = 0; i < n; i++) {
		struct msg msg = {.type = MSG_SESSION_INSTALL, .flow = flow(i)};

		held[i] = plane_session_new(&plane, i, &msg.flow, (uint16_t)(NAT_PORT + i));
		msg.session = held[i];
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

// Both keys expanded, all else zeroed: a part of cp's.
static uint64_t run_init(void *arg, uint32_t n)
{
	struct traffic_keys keys = plane_keys(0);
	struct flow_key key = flow(0);
	struct session *s = plane_session_new(&plane, 0, &key, NAT_PORT);
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t i = 0; i < n; i++)
		session_init(s, plane.aead, &keys, plane.config.replay_window);
	start = bench_tsc() - start;
	plane_session_free(&plane, s);
	return start;
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
