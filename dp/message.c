// SPDX-License-Identifier: BSD-3-Clause
#include "message.h"

#include <rte_ring_elem.h>

#include "life.h"
#include "media.h"
#include "receive.h"
#include "ring.h"
#include "tx.h"

static void install(struct lcore *lc, const struct msg *msg)
{
	struct msg answer = {.type = MSG_INSTALLED, .id = msg->session->id, .flow = msg->flow};

	if (!life_install(lc, msg->session, &msg->flow)) {
		answer.type = MSG_INSTALL_FAILED;
		answer.session = msg->session;
	}
	ring_answer(lc, &answer);
}

static void install_relay(struct lcore *lc, struct relay *relay)
{
	struct msg answer = {.type = MSG_RELAY_ENDED, .relay = relay};

	if (!media_install(lc, relay))
		ring_answer(lc, &answer);
}

// The live session with the message's flow and id, or NULL.
static struct session *find(struct lcore *lc, const struct msg *msg)
{
	struct flow *flow = table_find(lc->table, &msg->flow);

	if (flow == NULL || flow->session == NULL || flow->session->id != msg->id)
		return NULL;
	return flow->session;
}

static void tx_record(struct lcore *lc, const struct msg *msg)
{
	struct session *s = find(lc, msg);

	if (s != NULL) {
		if (msg->front_len > 0)
			rte_pktmbuf_adj(msg->mbuf, msg->front_len + DTLS_RECORD_HEADER_LEN +
							   aead_info[s->suite].explicit_nonce_len);
		life_send(lc, s, msg->mbuf, msg->content_type, msg->front_len);
	} else {
		lc->stats.made++;
		drop(lc, msg->mbuf, DROP_NO_SESSION);
	}
}

static void remove_session(struct lcore *lc, const struct msg *msg)
{
	struct session *s = find(lc, msg);

	if (s != NULL)
		life_end(lc, s, msg->end);
}

static void remove_handshake(struct lcore *lc, const struct msg *msg)
{
	struct flow *flow = table_find(lc->table, &msg->flow);

	// A ClientHello that cp had not seen when it gave up began another one.
	if (flow != NULL && flow->handshake_id == msg->id)
		life_handshake_end(lc, flow);
}

static void handle(struct lcore *lc, const struct msg *msg)
{
	switch ((enum msg_type)msg->type) {
	case MSG_SESSION_INSTALL:
		install(lc, msg);
		break;
	case MSG_SESSION_REMOVE:
		remove_session(lc, msg);
		break;
	case MSG_HANDSHAKE_REMOVE:
		remove_handshake(lc, msg);
		break;
	case MSG_RELAY_INSTALL:
		install_relay(lc, msg->relay);
		break;
	case MSG_TX_FRAME:
		lc->stats.made++;
		tx_put(lc, msg->mbuf);
		break;
	case MSG_TX_RECORD:
		tx_record(lc, msg);
		break;
	case MSG_INJECT:
		lc->stats.inject++;
		receive_burst(lc, (struct rte_mbuf *[]){msg->mbuf}, 1);
		break;
	case MSG_HANDOFF_TX:
		lc->stats.handoff_in++;
		tx_put(lc, msg->mbuf);
		break;
	case MSG_FRAME:
	case MSG_HELLO:
	case MSG_RECORD:
	case MSG_PLAIN_RECORD:
	case MSG_INSTALLED:
	case MSG_INSTALL_FAILED:
	case MSG_SESSION_ENDED:
	case MSG_HANDSHAKE_ENDED:
	case MSG_MEDIA:
	case MSG_RELAY_ENDED:
	case MSG_HANDOFF:
		RTE_ASSERT(!"message for cp, or gathered before");
		break;
	}
}

unsigned int message_install_burst(struct lcore *lc)
{
	struct msg msg[BURST_MAX];
	unsigned int n;

	// Each message is answered at most once.  The other end's line of the punt ring is not read
	// for nothing.
	if (likely(rte_ring_empty(lc->install)) || unlikely(!ring_has_room(lc, BURST_MAX)))
		return 0;
	n = rte_ring_sc_dequeue_burst_elem(lc->install, msg, sizeof(msg[0]), BURST_MAX, NULL);
	for (unsigned int i = 0; i < n; i++)
		handle(lc, &msg[i]);
	return n;
}

// Receives the frames of one port at the front of msg as one burst.  Returns how many.
static unsigned int receive_run(struct lcore *lc, const struct msg *msg, unsigned int n)
{
	struct rte_mbuf *m[BURST_MAX];
	unsigned int run = 0;

	while (run < n && msg[run].type == MSG_HANDOFF &&
	       msg[run].mbuf->port == msg[0].mbuf->port) {
		m[run] = msg[run].mbuf;
		run++;
	}
	lc->stats.handoff_in += run;
	receive_burst(lc, m, (uint16_t)run);
	return run;
}

unsigned int message_handoff_burst(struct lcore *lc)
{
	struct msg msg[BURST_MAX];
	unsigned int n = rte_ring_sc_dequeue_burst_elem(lc->handoff[lc->id], msg, sizeof(msg[0]),
							BURST_MAX, NULL);
	unsigned int i = 0;

	while (i < n) {
		if (msg[i].type == MSG_HANDOFF) {
			i += receive_run(lc, msg + i, n - i);
		} else {
			handle(lc, &msg[i]);
			i++;
		}
	}
	return n;
}
