// SPDX-License-Identifier: BSD-3-Clause
#include "ring.h"

#include <rte_ring_elem.h>

bool ring_has_room(const struct lcore *lc, unsigned int n)
{
	return rte_ring_free_count(lc->punt) >= n;
}

void ring_answer(struct lcore *lc, struct msg *msg)
{
	int rc;

	msg->lcore = lc->id;
	rc = rte_ring_sp_enqueue_elem(lc->punt, msg, sizeof(*msg));
	RTE_ASSERT(rc == 0);
	RTE_SET_USED(rc);
}

static unsigned int reserve(enum msg_type type)
{
	if (type == MSG_FRAME)
		return RING_RESERVE_FRAME;
	return type == MSG_HELLO ? RING_RESERVE_HELLO : RING_RESERVE_RECORD;
}

bool ring_punt(struct lcore *lc, struct rte_mbuf *m, struct msg *msg)
{
	if (!ring_has_room(lc, reserve(msg->type))) {
		drop(lc, m, DROP_PUNT_FULL);
		return false;
	}
	msg->mbuf = m;
	ring_answer(lc, msg);
	lc->stats.punt++;
	return true;
}

void ring_handoff(struct lcore *lc, uint16_t to, struct rte_mbuf *m, enum msg_type type)
{
	struct msg msg = {.type = type, .lcore = lc->id, .mbuf = m};

	if (rte_ring_enqueue_elem(lc->handoff[to], &msg, sizeof(msg)) == 0)
		lc->stats.handoff++;
	else
		drop(lc, m, DROP_HANDOFF_FULL);
}
