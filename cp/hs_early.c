// SPDX-License-Identifier: BSD-3-Clause
#include "hs_early.h"

bool hs_early_hold(struct hs_early *early, struct hs_table *t, uint32_t max, struct rte_mbuf *m,
		   uint16_t l234_len, bool wanted)
{
	if ((l234_len == 0 && !wanted) || early->nb == HS_EARLY_MAX ||
	    early->bytes + m->data_len > max || !hs_table_early_take(t)) {
		rte_pktmbuf_free(m);
		return false;
	}
	early->bytes += m->data_len;
	early->datagram[early->nb].mbuf = m;
	early->datagram[early->nb++].l234_len = l234_len;
	return true;
}

uint16_t hs_early_inject(struct hs_early *early, struct hs_table *t, struct cp *cp, uint16_t lcore)
{
	uint16_t lost = 0;

	for (uint16_t i = 0; i < early->nb; i++) {
		struct msg msg = {.type = MSG_INJECT, .mbuf = early->datagram[i].mbuf};
		uint16_t l234_len = early->datagram[i].l234_len;

		hs_table_early_give(t);
		if (l234_len > 0 && rte_pktmbuf_prepend(msg.mbuf, l234_len) != NULL &&
		    dp_send(cp->dp, lcore, &msg))
			continue;
		lost += l234_len > 0;
		rte_pktmbuf_free(msg.mbuf);
	}
	early->nb = 0;
	return lost;
}

void hs_early_discard(struct hs_early *early, struct hs_table *t)
{
	for (uint16_t i = 0; i < early->nb; i++) {
		rte_pktmbuf_free(early->datagram[i].mbuf);
		hs_table_early_give(t);
	}
	early->nb = 0;
}
