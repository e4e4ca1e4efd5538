// SPDX-License-Identifier: BSD-3-Clause
#include "hs_worker.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ring_elem.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "handshake.h"
#include "hs_table.h"
#include "install.h"
#include "loop.h"

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t nb;

	RTE_SET_USED(what);
	RTE_SET_USED(arg);
	if (read(fd, &nb, sizeof(nb)) < 0)
		return; // somebody has read it before
}

// Handshakes that one worker must have room for: all where it is alone, else twice its share,
// because flows do not spread evenly.
static uint32_t share(uint32_t total, uint16_t worker_nb)
{
	return worker_nb == 1 ? total : RTE_MIN(total, 2 * (total / worker_nb + 1));
}

static int create_parts(struct hs_worker *w)
{
	uint32_t max = share(w->cp->config->half_open, w->cp->config->handshake_nb);
	char name[32];

	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "handshakes_%u", w->id);
	w->queue = rte_ring_create_elem(name, sizeof(struct msg), MSG_QUEUE_SIZE, SOCKET_ID_ANY,
					RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->handshakes = hs_table_create(name, max, &w->cp->room);
	w->aead = aead_create();
	w->base = loop_base_create();
	if (w->queue == NULL || w->handshakes == NULL || w->aead == NULL || w->base == NULL)
		return -ENOMEM;
	w->wake = event_new(w->base, w->wake_fd, EV_READ | EV_PERSIST, on_wake, w);
	return w->wake != NULL && event_add(w->wake, NULL) == 0 ? 0 : -ENOMEM;
}

struct hs_worker *hs_worker_create(struct cp *cp, uint16_t id)
{
	struct hs_worker *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return NULL;
	w->cp = cp;
	w->id = id;
	w->timers_period_tsc = rte_get_tsc_hz() * HS_WORKER_TIMER_US / 1000000;
	rc = create_parts(w);
	if (rc == 0)
		return w;
	hs_worker_destroy(w);
	errno = -rc;
	return NULL;
}

// True if the message carries an mbuf, and so may be dropped.
static bool has_mbuf(const struct msg *msg)
{
	return msg->type == MSG_HELLO || msg->type == MSG_RECORD;
}

void hs_worker_destroy(struct hs_worker *w)
{
	struct msg msg;

	if (w == NULL)
		return;
	if (w->handshakes != NULL)
		handshake_discard(w);
	while (w->queue != NULL && rte_ring_dequeue_elem(w->queue, &msg, sizeof(msg)) == 0)
		if (has_mbuf(&msg))
			rte_pktmbuf_free(msg.mbuf);
	if (w->wake != NULL)
		event_free(w->wake);
	if (w->base != NULL)
		event_base_free(w->base);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	aead_destroy(w->aead);
	hs_table_destroy(w->handshakes);
	rte_ring_free(w->queue);
	free(w);
}

static void handle(struct hs_worker *w, const struct msg *msg)
{
	switch ((enum msg_type)msg->type) {
	case MSG_HELLO:
		handshake_hello(w, msg);
		break;
	case MSG_RECORD:
		handshake_record(w, msg);
		break;
	case MSG_INSTALLED:
		install_done(w, msg);
		break;
	case MSG_INSTALL_FAILED:
		install_failed(w, msg);
		break;
	case MSG_HANDSHAKE_ENDED:
		handshake_expired(w, msg);
		break;
	case MSG_FRAME:
	case MSG_PLAIN_RECORD:
	case MSG_SESSION_ENDED:
	case MSG_MEDIA:
	case MSG_RELAY_ENDED:
	case MSG_SESSION_INSTALL:
	case MSG_SESSION_REMOVE:
	case MSG_HANDSHAKE_REMOVE:
	case MSG_RELAY_INSTALL:
	case MSG_TX_FRAME:
	case MSG_TX_RECORD:
	case MSG_INJECT:
	case MSG_HANDOFF:
	case MSG_HANDOFF_TX:
		RTE_ASSERT(false); // never goes to a worker
		break;
	}
}

bool hs_worker_turn(struct hs_worker *w)
{
	struct msg msg;
	bool work;

	if (!w->shut && atomic_load(&w->cp->stopping)) {
		w->shut = true;
		handshake_shutdown(w);
	}
	work = rte_ring_sc_dequeue_elem(w->queue, &msg, sizeof(msg)) == 0;
	if (work) {
		handle(w, &msg);
		STATS_ADD(w->stats.messages, 1);
	}
	if (!work || rte_rdtsc() >= w->timers_tsc) {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		w->timers_tsc = rte_rdtsc() + w->timers_period_tsc;
	}
	return work;
}

// asleep is set before the last look at the queue, and hs_worker_give() looks at it after it has
// put a message there: one of the two sees the other.
static void sleep_until_woken(struct hs_worker *w)
{
	atomic_store(&w->asleep, true);
	if (rte_ring_empty(w->queue) && !atomic_load(&w->stop) &&
	    (w->shut || !atomic_load(&w->cp->stopping)))
		event_base_loop(w->base, EVLOOP_ONCE);
	atomic_store(&w->asleep, false);
}

static void *run(void *arg)
{
	struct hs_worker *w = arg;
	sigset_t all;

	sigfillset(&all); // they are for the main thread
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!atomic_load(&w->stop))
		if (!hs_worker_turn(w))
			sleep_until_woken(w);
	return NULL;
}

int hs_worker_start(struct hs_worker *w)
{
	uint16_t cpu = w->cp->config->handshake_cpu[w->id];
	pthread_attr_t attr;
	char name[16];
	cpu_set_t cpus;
	int rc;

	atomic_store(&w->stop, false);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	pthread_attr_init(&attr);
	rc = pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	if (rc == 0)
		rc = pthread_create(&w->thread, &attr, run, w);
	pthread_attr_destroy(&attr);
	if (rc != 0) {
		LOG(ERR, "hs_worker: no handshake thread on CPU %u: %s", cpu, strerror(rc));
		return -rc;
	}
	w->started = true;
	snprintf(name, sizeof(name), "handshake-%u", w->id);
	pthread_setname_np(w->thread, name);
	return 0;
}

void hs_worker_stop(struct hs_worker *w)
{
	if (!w->started)
		return;
	atomic_store(&w->stop, true);
	hs_worker_wake(w);
	pthread_join(w->thread, NULL);
	w->started = false;
}

void hs_worker_wake(struct hs_worker *w)
{
	static const uint64_t one = 1;

	if (atomic_load(&w->asleep) && atomic_exchange(&w->asleep, false) &&
	    write(w->wake_fd, &one, sizeof(one)) < 0)
		LOG_LIMITED(ERR, "hs_worker: eventfd: %s", strerror(errno));
}

static unsigned int reserve(const struct msg *msg)
{
	if (msg->type == MSG_HELLO)
		return HS_WORKER_RESERVE_HELLO;
	return msg->type == MSG_RECORD ? HS_WORKER_RESERVE_RECORD : 0;
}

static void drop(struct hs_worker *w, const struct msg *msg)
{
	rte_pktmbuf_free(msg->mbuf);
	if (msg->type == MSG_HELLO)
		STATS_ADD(w->stats.dropped_hellos, 1);
	else
		STATS_ADD(w->stats.dropped_records, 1);
}

void hs_worker_give(struct hs_worker *w, const struct msg *msg)
{
	struct msg copy = *msg; // the ring takes no const
	int rc;

	if (has_mbuf(msg) && rte_ring_free_count(w->queue) <= reserve(msg)) {
		drop(w, msg);
		return;
	}
	rc = rte_ring_sp_enqueue_elem(w->queue, &copy, sizeof(copy));
	RTE_ASSERT(rc == 0);
	RTE_SET_USED(rc);
	atomic_thread_fence(memory_order_seq_cst);
	hs_worker_wake(w);
}

bool hs_worker_has_room(const struct hs_worker *w)
{
	return rte_ring_free_count(w->queue) >= HS_WORKER_ROOM;
}
