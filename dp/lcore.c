// SPDX-License-Identifier: BSD-3-Clause
#include "lcore.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "life.h"
#include "media.h"
#include "message.h"
#include "reassemble.h"
#include "receive.h"
#include "tx.h"

#define HOUSEKEEPING_POLLS 256 // a power of two
#define IDLE_POLLS	   256 // empty polls before an adaptive lcore sleeps
#define SLEEP_US	   85  // a packet may come any moment
#define REST_SLEEP_US	   400 // none came for REST_MS
#define REST_MS		   100

static unsigned int poll_queue(struct lcore *lc, uint16_t port_id, uint16_t queue)
{
	struct stats_port *stats = &lc->stats.port[lc->dp->port[port_id].index];
	struct rte_mbuf *m[BURST_MAX];
	uint16_t n = rte_eth_rx_burst(port_id, queue, m, BURST_MAX);

	if (n == 0)
		return 0;
	lc->stats.rx += n;
	stats->rx_packets += n;
	for (uint16_t i = 0; i < n; i++) {
		stats->rx_bytes += m[i]->pkt_len;
		m[i]->port = port_id;
	}
	receive_burst(lc, m, n);
	return n;
}

static void fill_buckets(struct lcore *lc)
{
	uint64_t elapsed = lc->now_tsc - lc->filled_tsc;

	lc->filled_tsc = lc->now_tsc;
	for (uint16_t i = 0; i < lc->dp->config->port_nb; i++) {
		uint64_t *neighbour = &lc->bucket[i].neighbour, *echo = &lc->bucket[i].echo;

		*neighbour = RTE_MIN(*neighbour + elapsed, lc->second_tsc);
		*echo = RTE_MIN(*echo + elapsed, lc->second_tsc);
	}
	lc->media.credit_tsc = RTE_MIN(lc->media.credit_tsc + elapsed, lc->second_tsc);
	lc->media.session_credit_tsc =
		RTE_MIN(lc->media.session_credit_tsc + elapsed, lc->second_tsc);
}

unsigned int lcore_poll(struct lcore *lc)
{
	unsigned int n = 0;

	lc->now_tsc = rte_rdtsc();
	n += message_install_burst(lc);
	n += message_handoff_burst(lc);
	for (uint16_t i = 0; i < lc->rxq_nb; i++)
		n += poll_queue(lc, lc->rxq[i].port_id, lc->rxq[i].queue);
	if ((lc->stats.polls++ & (HOUSEKEEPING_POLLS - 1)) == 0) {
		fill_buckets(lc);
		life_walk(lc);
		media_walk(lc);
		reassemble_expire(lc);
	}
	tx_flush(lc);
	if (unlikely(lc->over != NULL))
		life_report(lc);
	if (n == 0)
		lc->stats.polls_empty++;
	return n;
}

// Between polls of an adaptive lcore, after so many empty ones.
static void pause_polling(const struct lcore *lc, unsigned int empty, uint64_t busy_tsc)
{
	if (empty > IDLE_POLLS)
		usleep(lc->now_tsc - busy_tsc < lc->second_tsc / 1000 * REST_MS ? SLEEP_US
										: REST_SLEEP_US);
}

int lcore_run(void *arg)
{
	struct lcore *lc = arg;
	bool adaptive = lc->dp->config->poll_adaptive;
	uint64_t busy_tsc = rte_rdtsc();
	unsigned int empty = 0;

	// The kernel may else let a sleep last 50 µs longer than asked for.
	if (adaptive)
		prctl(PR_SET_TIMERSLACK, 1);
	while (!atomic_load_explicit(&lc->dp->stop, memory_order_relaxed)) {
		if (lcore_poll(lc) > 0) {
			empty = 0;
			busy_tsc = lc->now_tsc;
		} else if (adaptive) {
			pause_polling(lc, ++empty, busy_tsc);
		}
	}
	return 0;
}
