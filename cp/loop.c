// SPDX-License-Identifier: BSD-3-Clause
#include "loop.h"

#include <errno.h>
#include <rte_cycles.h>
#include <signal.h>

#include "hs_worker.h"
#include "install.h"
#include "neigh.h"
#include "relay_dir.h"
#include "session_dir.h"

#define BATCH	32  // messages of one lcore a turn
#define TICK_US 200 // longest wait while the rings are empty: they wake nobody

// What wakes one loop_run(), on cp->base.
struct wait {
	struct event *tick;
	struct event *sigterm;
	struct event *sigint;
	struct event *sighup;
	bool signalled;
	bool reload; // SIGHUP came
};

struct event_base *loop_base_create(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void on_signal(evutil_socket_t signal_nb, short what, void *arg)
{
	struct wait *wait = arg;

	(void)signal_nb;
	(void)what;
	wait->signalled = true;
}

static void on_sighup(evutil_socket_t signal_nb, short what, void *arg)
{
	struct wait *wait = arg;

	(void)signal_nb;
	(void)what;
	wait->reload = true;
}

static void wait_fini(struct wait *wait)
{
	struct event *events[] = {wait->tick, wait->sigterm, wait->sigint, wait->sighup};

	for (unsigned int i = 0; i < RTE_DIM(events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
}

static int wait_init(struct wait *wait, struct event_base *base)
{
	*wait = (struct wait){
		.tick = event_new(base, -1, 0, on_tick, NULL),
		.sigterm = evsignal_new(base, SIGTERM, on_signal, wait),
		.sigint = evsignal_new(base, SIGINT, on_signal, wait),
		.sighup = evsignal_new(base, SIGHUP, on_sighup, wait),
	};
	if (wait->tick == NULL || wait->sigterm == NULL || wait->sigint == NULL ||
	    wait->sighup == NULL || event_add(wait->sigterm, NULL) < 0 ||
	    event_add(wait->sigint, NULL) < 0 || event_add(wait->sighup, NULL) < 0) {
		wait_fini(wait);
		return -ENOMEM;
	}
	return 0;
}

// Runs what is due, and lets up to a tick pass before that if there is no work.
static void wait_turn(struct wait *wait, struct event_base *base, bool work)
{
	static const struct timeval tick = {.tv_usec = TICK_US};

	if (!work)
		event_add(wait->tick, &tick);
	event_base_loop(base, work ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
}

static struct hs_worker *worker_of(struct cp *cp, const struct flow_key *flow)
{
	return cp->worker[dp_flow_spread(cp->dp, flow, cp->worker_nb)];
}

void loop_dispatch(struct cp *cp, const struct msg *msg)
{
	switch ((enum msg_type)msg->type) {
	case MSG_FRAME:
		cp_lock(cp);
		neigh_frame(cp, msg->mbuf);
		cp_unlock(cp);
		break;
	case MSG_HELLO:
	case MSG_RECORD:
	case MSG_INSTALLED:
	case MSG_INSTALL_FAILED:
	case MSG_HANDSHAKE_ENDED:
		hs_worker_give(worker_of(cp, &msg->flow), msg);
		break;
	case MSG_PLAIN_RECORD:
		install_plain_record(cp, msg);
		break;
	case MSG_SESSION_ENDED:
		install_session_ended(cp, msg);
		break;
	case MSG_MEDIA:
		relay_dir_begin(cp, msg);
		break;
	case MSG_RELAY_ENDED:
		relay_dir_end(cp, msg);
		break;
	case MSG_SESSION_INSTALL:
	case MSG_SESSION_REMOVE:
	case MSG_HANDSHAKE_REMOVE:
	case MSG_RELAY_INSTALL:
	case MSG_TX_FRAME:
	case MSG_TX_RECORD:
	case MSG_INJECT:
	case MSG_HANDOFF:
	case MSG_HANDOFF_TX:
		RTE_ASSERT(false); // never goes to cp
		break;
	}
}

// True if all workers have room for a batch in which nothing may be dropped.
static bool have_room(const struct cp *cp)
{
	RTE_BUILD_BUG_ON(BATCH > HS_WORKER_ROOM);
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		if (!hs_worker_has_room(cp->worker[i]))
			return false;
	return true;
}

bool loop_drain(struct cp *cp)
{
	struct msg msg[BATCH];
	bool work = false;

	for (uint16_t lcore = 0; lcore < cp->dp->lcore_nb; lcore++) {
		unsigned int n;

		if (rte_ring_empty(cp->dp->punt[lcore]) || !have_room(cp))
			continue;
		n = dp_receive(cp->dp, lcore, msg, BATCH);
		for (unsigned int i = 0; i < n; i++)
			loop_dispatch(cp, &msg[i]);
		work |= n > 0;
	}
	return work;
}

static uint32_t sessions(struct cp *cp)
{
	uint32_t nb;

	cp_lock(cp);
	nb = session_dir_count(cp->sessions);
	cp_unlock(cp);
	return nb;
}

static void stop(struct cp *cp)
{
	LOG(NOTICE, "loop: stopping, %u sessions and %u handshakes to end", sessions(cp),
	    cp_half_open(cp));
	install_shutdown(cp);
}

void loop_signals(int how)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(how, &ours, NULL);
}

int loop_run(struct cp *cp)
{
	uint64_t stop_tsc = 0;
	struct wait wait;
	int ret;

	ret = wait_init(&wait, cp->base);
	if (ret < 0)
		return ret;
	loop_signals(SIG_UNBLOCK);
	while (stop_tsc == 0 ||
	       (rte_rdtsc() < stop_tsc && (cp_half_open(cp) > 0 || sessions(cp) > 0))) {
		wait_turn(&wait, cp->base, loop_drain(cp));
		if (wait.reload) {
			wait.reload = false;
			cp_reload(cp);
		}
		if (wait.signalled && stop_tsc == 0) {
			stop(cp);
			stop_tsc = rte_rdtsc() + LOOP_STOP_S * rte_get_tsc_hz();
		}
	}
	if (sessions(cp) > 0)
		LOG(WARNING, "loop: %u sessions did not end within %d s", sessions(cp),
		    LOOP_STOP_S);
	loop_signals(SIG_BLOCK);
	wait_fini(&wait);
	return 0;
}
