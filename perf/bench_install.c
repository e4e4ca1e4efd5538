// SPDX-License-Identifier: BSD-3-Clause

// Install of a session through the control plane's own code: what it does from the keys at hand to
// the message on the lcore's ring (memory from the pool, both keys expanded, directory, gateway
// port, headers of both sides); what the lcore does with it, and the end of it; and the memory that
// the control plane keeps of a session.
#include <malloc.h>
#include <stdlib.h>

#include "gateway.h"
#include "install.h"
#include "loop.h"
#include "neigh.h"
#include "session_dir.h"

#define SESSIONS     1024
#define INSTALLS     256 // a sample: SESSIONS / 4
#define MEMORY_FEW   256
#define MEMORY_MANY  10256 // sessions
#define SIZE	     64	   // bytes
#define TICKET_LEN   250   // of NewSessionTicket's record, about what OpenSSL sends
#define FINISHED_LEN 24	   // of the message

static struct gateway gateway; // without clients
static struct handshake handshake[INSTALLS];
static struct traffic_keys keys[INSTALLS];
static uint64_t dp_cycles, end_cycles;

static void start(uint32_t sessions)
{
	gateway_init(&gateway, NULL, sessions);
	for (int side = 0; side < 2; side++)
		mem_port_sink(&gateway.plane.lane[0].port[side], NULL, NULL);
}

// hs as it is when the handshake of session i has ended, but for the keys.
static void prepare(struct handshake *hs, uint32_t i)
{
	struct cp *cp = gateway.cp;
	struct route route;

	*hs = (struct handshake){.worker = cp->worker[0],
				 .cp = cp,
				 .flow = plane_flow(&gateway.plane, i, PLANE_CLIENT_PORT),
				 .plain_max = UINT16_MAX,
				 .routed = true};
	struct encap_addr addr = {.src = hs->flow.local,
				  .dst = hs->flow.remote,
				  .src_port = hs->flow.local_port,
				  .dst_port = hs->flow.remote_port};

	cp_lock(cp);
	bench_check(neigh_route(cp, &hs->flow.remote, true, &route) == 0);
	cp_unlock(cp);
	encap_init(&hs->encap, &cp->dp->port[route.port_id], route.port_id, route.next_hop, &addr);
	hs->bio = (struct hs_bio){
		.aead = hs->worker->aead,
		.sessions = cp->dp->sessions,
		.node = cp->dp->lcore_node[hs->lcore],
		.replay_window = cp->config->replay_window,
		.dgram.header_len = encap_len(&hs->encap) - encap_l2_len(&hs->encap),
		.ticket = calloc(1, TICKET_LEN),
		.ticket_len = TICKET_LEN,
		.finished_len = FINISHED_LEN,
	};
	bench_check(hs->bio.ticket != NULL);
}

// What hs_bio_keys() does once it has derived them.
static void take_keys(struct handshake *hs, const struct traffic_keys *k)
{
	hs->bio.session = session_pool_get(hs->bio.sessions, hs->bio.node);
	bench_check(hs->bio.session != NULL);
	session_init(hs->bio.session, hs->bio.aead, k, hs->bio.replay_window);
}

// The lcore takes what cp sent.  Returns the TSC cycles.
static uint64_t run_lcore(void)
{
	uint64_t start = bench_tsc();

	while (lcore_poll(gateway.plane.lane[0].lc) > 0)
		;
	return bench_tsc() - start;
}

static void take_installed(uint32_t n)
{
	struct cp *cp = gateway.cp;
	struct msg msg;

	for (uint32_t i = 0; i < n; i++) {
		struct resumption_tag revoked;
		struct session_entry *entry;

		bench_check(dp_receive(cp->dp, 0, &msg, 1) == 1 && msg.type == MSG_INSTALLED);
		cp_lock(cp);
		entry = session_dir_find(cp->sessions, msg.id);
		bench_check(entry != NULL);
		install_live(cp, entry, &revoked);
		cp_unlock(cp);
	}
}

// Installs sessions first..first+n-1.  Returns cp's TSC cycles.
static uint64_t install(uint32_t first, uint32_t n)
{
	uint64_t start;

	for (uint32_t i = 0; i < n; i++) {
		prepare(&handshake[i], first + i);
		keys[i] = plane_keys(first + i);
	}
	start = bench_tsc();
	for (uint32_t i = 0; i < n; i++) {
		take_keys(&handshake[i], &keys[i]);
		bench_check(install_build(&handshake[i]) == NULL && install_send(&handshake[i]));
	}
	start = bench_tsc() - start;
	dp_cycles = run_lcore();
	take_installed(n);
	return start;
}

// The end of sessions that cp ends.
static void end(uint32_t n)
{
	struct dp *dp = gateway.plane.dp;

	for (uint32_t i = 0; i < n; i++) {
		struct msg msg = {.type = MSG_SESSION_REMOVE,
				  .id = handshake[i].bio.session->id,
				  .flow = handshake[i].flow,
				  .end = SESSION_END_REMOVED};

		bench_check(dp_send(dp, 0, &msg));
	}
	end_cycles = run_lcore();
	while (loop_drain(gateway.cp))
		;
	bench_check(session_dir_count(gateway.cp->sessions) == 0);
}

static uint64_t run_cp(void *arg, uint32_t n)
{
	uint64_t cycles = install(0, n);

	(void)arg;
	end(n);
	return cycles;
}

static uint64_t run_dp(void *arg, uint32_t n)
{
	run_cp(arg, n);
	return dp_cycles;
}

static uint64_t run_end(void *arg, uint32_t n)
{
	run_cp(arg, n);
	return end_cycles;
}

// Both keys of each, expanded: what no install can do without.
static uint64_t run_keys(void *arg, uint32_t n)
{
	struct aead *aead = gateway.plane.aead;
	static struct aead_key expanded[2];
	uint64_t start;

	(void)arg;
	for (uint32_t i = 0; i < n; i++)
		keys[i] = plane_keys(i);
	start = bench_tsc();
	for (uint32_t i = 0; i < n; i++) {
		aead_key_expand(aead, keys[i].suite, keys[i].client_key, &expanded[0]);
		aead_key_expand(aead, keys[i].suite, keys[i].server_key, &expanded[1]);
	}
	return bench_tsc() - start;
}

static void print(const char *name, double cycles, const char *ratio_name, double ratio)
{
	struct bench_row row = {.bench = "install",
				.name = name,
				.sessions = SESSIONS,
				.cycles = cycles,
				.ratio_name = ratio_name,
				.ratio = ratio};

	bench_print(&row);
}

static double micros(double cycles)
{
	return cycles / (double)rte_get_tsc_hz() * 1e6;
}

static void measure(void)
{
	struct bench_item item[] = {{.run = run_keys, .n = INSTALLS, .samples = 4},
				    {.run = run_cp, .n = INSTALLS, .samples = 4},
				    {.run = run_dp, .n = INSTALLS, .samples = 4},
				    {.run = run_end, .n = INSTALLS, .samples = 4}};

	bench_measure(item, RTE_DIM(item));
	print("keys", item[0].cycles, "microseconds", micros(item[0].cycles));
	print("cp", item[1].cycles, "microseconds", micros(item[1].cycles));
	print("cp:keys", item[1].cycles, "keys/measured", item[0].cycles / item[1].cycles);
	print("lcore", item[2].cycles, "microseconds", micros(item[2].cycles));
	print("lcore_end", item[3].cycles, "microseconds", micros(item[3].cycles));
}

// Installs sessions 0..nb-1, and every client sends a record, whose bytes are checked.
static void fill(uint32_t nb)
{
	struct plane *p = &gateway.plane;
	uint32_t *pick = calloc(nb, sizeof(*pick));
	struct frames frames;

	p->session = calloc(nb, sizeof(struct session *));
	bench_check(pick != NULL && p->session != NULL);
	for (uint32_t i = 0; i < nb; i += INSTALLS) {
		uint32_t n = RTE_MIN((uint32_t)INSTALLS, nb - i);

		install(i, n);
		for (uint32_t k = 0; k < n; k++) {
			p->session[i + k] = handshake[k].bio.session;
			pick[i + k] = i + k;
		}
	}
	frames_init(&frames, nb, SIZE + 128);
	plane_client_frames(p, &frames, pick, SIZE);
	plane_load(p, PLANE_OUTSIDE, &frames, MEM_PORT_COPY);
	plane_check(p, PLANE_OUTSIDE, pick, SIZE);
	plane_unload(p, PLANE_OUTSIDE);
	frames_fini(&frames);
	free(pick);
	free(p->session);
	p->session = NULL;
}

static size_t allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

// What is allocated for a gateway with nb sessions, all of them installed: with their last flights'
// tickets, and without, as sessions come on and on.
static void fill_gateway(uint32_t nb, size_t *with_tickets, size_t *without)
{
	size_t before = allocated();

	start(nb);
	fill(nb);
	*with_tickets = allocated() - before;
	for (uint32_t i = 0; i < nb; i++)
		session_dir_tidy(gateway.cp->sessions);
	*without = allocated() - before;
	gateway_fini(&gateway);
}

static void print_bytes(const char *name, size_t bytes)
{
	struct bench_row row = {.bench = "install",
				.name = name,
				.size = (uint32_t)bytes,
				.sessions = MEMORY_MANY - MEMORY_FEW};

	bench_print(&row);
}

static void measure_memory(void)
{
	size_t few[2], many[2];

	fill_gateway(MEMORY_FEW, &few[0], &few[1]); // what libraries keep from the first time
	fill_gateway(MEMORY_FEW, &few[0], &few[1]);
	fill_gateway(MEMORY_MANY, &many[0], &many[1]);
	print_bytes("memory_new", (many[0] - few[0]) / (MEMORY_MANY - MEMORY_FEW));
	print_bytes("memory", (many[1] - few[1]) / (MEMORY_MANY - MEMORY_FEW));
	print_bytes("sizeof_entry", sizeof(struct session_entry));
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);

	bench_eal(&options, 512);
	measure_memory();
	start(SESSIONS);
	measure();
	gateway_fini(&gateway);
	return 0;
}
