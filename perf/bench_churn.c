// SPDX-License-Identifier: BSD-3-Clause

// Sessions that come and go beside full traffic: the two paths with as many installs and ends a
// second as cp might give them, against none.
#include "path.h"

#define SESSIONS    256
#define FRAMES	    512
#define SIZE	    64
#define CHURN_NB    1024 // sessions that come and go, in turn
#define CLIENT_PORT 41000
#define NAT_PORT    20000
#define RATE	    10000 // installs, and ends, a second

static struct plane plane;

// A path, and the sessions that come and go beside it.
struct churn {
	struct path path;
	struct session *session[CHURN_NB];
	uint32_t next;	  // to be installed
	uint64_t due_tsc; // of the next install
};

static struct churn churn;

static struct flow_key flow(uint32_t i)
{
	return plane_flow(&plane, SESSIONS + i, CLIENT_PORT);
}

// Tells the lcore to install the next session and to end the one before.  cp's work is not timed.
static void come_and_go(void)
{
	uint32_t come = churn.next % CHURN_NB, go = (churn.next - 1) % CHURN_NB;
	struct msg msg = {
		.type = MSG_SESSION_INSTALL, .session = churn.session[come], .flow = flow(come)};

	bench_check(dp_send(plane.dp, 0, &msg));
	if (churn.next > 0) {
		msg = (struct msg){.type = MSG_SESSION_REMOVE,
				   .id = churn.session[go]->id,
				   .flow = flow(go),
				   .end = SESSION_END_REMOVED};
		bench_check(dp_send(plane.dp, 0, &msg));
	}
	churn.next++;
}

// Takes what the lcore says.  Those that ended can come again.
static void answers(void)
{
	struct msg msg;

	while (dp_receive(plane.dp, 0, &msg, 1) == 1) {
		bench_check(msg.type == MSG_INSTALLED || msg.type == MSG_SESSION_ENDED);
		if (msg.type == MSG_SESSION_ENDED)
			msg.session->state = SESSION_BUILT;
	}
}

static uint64_t run_churn(void *arg, uint32_t n)
{
	uint64_t cycles = 0, period = rte_get_tsc_hz() / RATE;

	// The cycles of the path alone are the clock.
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		if (churn.due_tsc == 0) {
			come_and_go();
			churn.due_tsc = period;
		}
		uint64_t spent = path_run(arg, BURST_MAX);

		cycles += spent;
		churn.due_tsc -= RTE_MIN(spent, churn.due_tsc);
		answers();
	}
	return cycles;
}

// The same in the same steps without.
static uint64_t run_still(void *arg, uint32_t n)
{
	uint64_t cycles = 0;

	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		cycles += path_run(arg, BURST_MAX);
		answers();
	}
	return cycles;
}

static void measure(const char *name, int side)
{
	struct path_pick pick;
	char text[64];
	struct bench_row row = {.bench = "churn",
				.name = text,
				.size = SIZE,
				.sessions = SESSIONS,
				.burst = BURST_MAX};

	path_pick_init(&pick, 0, SESSIONS);
	path_init(&churn.path, &plane, side, SIZE, FRAMES, path_pick_round, &pick, MEM_PORT_COPY);

	struct bench_item item[] = {{.run = run_still,
				     .arg = &churn.path,
				     .n = FRAMES,
				     .samples = 64,
				     .reset = path_reset},
				    {.run = run_churn,
				     .arg = &churn.path,
				     .n = FRAMES,
				     .samples = 64,
				     .reset = path_reset}};

	bench_measure(item, RTE_DIM(item));
	snprintf(text, sizeof(text), "%s", name);
	row.cycles = item[0].cycles;
	bench_print(&row);
	snprintf(text, sizeof(text), "%s_10k_installs", name);
	row.cycles = item[1].cycles;
	row.ratio_name = "measured/still";
	row.ratio = item[1].cycles / item[0].cycles;
	bench_print(&row);
	path_fini(&churn.path);
	path_pick_fini(&pick);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);

	bench_eal(&options, 512);
	plane_init(&plane, SESSIONS + CHURN_NB, 0, 1024);
	for (uint32_t i = 0; i < CHURN_NB; i++) {
		struct flow_key key = flow(i);

		churn.session[i] =
			plane_session_new(&plane, SESSIONS + i, &key, (uint16_t)(NAT_PORT + i));
	}
	measure("seal", PLANE_INSIDE);
	measure("open", PLANE_OUTSIDE);
	return 0;
}
