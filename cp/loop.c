// SPDX-License-Identifier: BSD-3-Clause
#include "loop.h"

#include <errno.h>
#include <rte_cycles.h>
#include <signal.h>

#include "handshake.h"
#include "hs_table.h"
#include "install.h"
#include "neigh.h"
#include "session_dir.h"

#define BATCH	32  // messages of one lcore a turn
#define TICK_US 200 // longest wait while the rings are empty: they wake nobody

// The waits of one loop_run().  They have an event base of their own, because cp->base runs with
// the lock held.
struct wait {
	struct event_base *base;
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
	if (wait->base != NULL)
		event_base_free(wait->base);
}

static int wait_init(struct wait *wait)
{
	*wait = (struct wait){.base = loop_base_create()};
	if (wait->base == NULL)
		return -ENOMEM;
	wait->tick = event_new(wait->base, -1, 0, on_tick, NULL);
	wait->sigterm = evsignal_new(wait->base, SIGTERM, on_signal, wait);
	wait->sigint = evsignal_new(wait->base, SIGINT, on_signal, wait);
	wait->sighup = evsignal_new(wait->base, SIGHUP, on_sighup, wait);
	if (wait->tick == NULL || wait->sigterm == NULL || wait->sigint == NULL ||
	    wait->sighup == NULL || event_add(wait->sigterm, NULL) < 0 ||
	    event_add(wait->sigint, NULL) < 0 || event_add(wait->sighup, NULL) < 0) {
		wait_fini(wait);
		return -ENOMEM;
	}
	return 0;
}

// Looks for signals, and lets up to a tick pass if there is no work.
static void wait_turn(struct wait *wait, bool work)
{
	static const struct timeval tick = {.tv_usec = TICK_US};

	if (!work)
		event_add(wait->tick, &tick);
	event_base_loop(wait->base, work ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
}

void loop_dispatch(struct cp *cp, const struct msg *msg)
{
	switch ((enum msg_type)msg->type) {
	case MSG_FRAME:
		neigh_frame(cp, msg->mbuf);
		break;
	case MSG_HELLO:
		handshake_hello(cp, msg);
		break;
	case MSG_RECORD:
		handshake_record(cp, msg);
		break;
	case MSG_PLAIN_RECORD:
		install_plain_record(cp, msg);
		break;
	case MSG_INSTALLED:
		install_done(cp, msg);
		break;
	case MSG_INSTALL_FAILED:
		install_failed(cp, msg);
		break;
	case MSG_SESSION_ENDED:
		install_session_ended(cp, msg);
		break;
	case MSG_HANDSHAKE_ENDED:
		handshake_expired(cp, msg);
		break;
	case MSG_SESSION_INSTALL:
	case MSG_SESSION_REMOVE:
	case MSG_HANDSHAKE_REMOVE:
	case MSG_TX_FRAME:
	case MSG_TX_RECORD:
	case MSG_INJECT:
	case MSG_HANDOFF:
	case MSG_HANDOFF_TX:
		RTE_ASSERT(false); // never goes to cp
		break;
	}
}

// One batch of every lcore.  Returns true if there was anything.
static bool drain(struct cp *cp)
{
	struct msg msg[BATCH];
	bool work = false;

	for (uint16_t lcore = 0; lcore < cp->dp->lcore_nb; lcore++) {
		unsigned int n = dp_receive(cp->dp, lcore, msg, BATCH);

		for (unsigned int i = 0; i < n; i++)
			loop_dispatch(cp, &msg[i]);
		work |= n > 0;
	}
	return work;
}

// One turn under the lock.  Returns true if there may be more to do at once.
static bool turn(struct cp *cp)
{
	bool work = drain(cp);

	event_base_loop(cp->base, EVLOOP_NONBLOCK);
	return work;
}

static void stop(struct cp *cp)
{
	LOG(NOTICE, "loop: stopping, %u sessions and %u handshakes to end",
	    session_dir_count(cp->sessions), hs_table_count(cp->handshakes));
	cp->stopping = true;
	install_shutdown(cp);
}

void loop_signals(int how)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(how, &stop, NULL);
}

int loop_run(struct cp *cp)
{
	uint64_t stop_tsc = UINT64_MAX;
	struct wait wait;
	bool over = false;
	int ret;

	ret = wait_init(&wait);
	if (ret < 0)
		return ret;
	loop_signals(SIG_UNBLOCK);
	while (!over) {
		bool work;

		pthread_mutex_lock(&cp->lock);
		work = turn(cp);
		if (wait.reload) {
			wait.reload = false;
			cp_reload(cp);
		}
		if (wait.signalled && !cp->stopping) {
			stop(cp);
			stop_tsc = rte_rdtsc() + LOOP_STOP_S * rte_get_tsc_hz();
		}
		over = cp->stopping && ((session_dir_count(cp->sessions) == 0 &&
					 hs_table_count(cp->handshakes) == 0) ||
					rte_rdtsc() >= stop_tsc);
		pthread_mutex_unlock(&cp->lock);
		if (!over)
			wait_turn(&wait, work);
	}
	if (session_dir_count(cp->sessions) > 0)
		LOG(WARNING, "loop: %u sessions did not end within %d s",
		    session_dir_count(cp->sessions), LOOP_STOP_S);
	wait_fini(&wait);
	return 0;
}
