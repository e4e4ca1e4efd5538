// SPDX-License-Identifier: BSD-3-Clause
#include "inside.h"

#include "life.h"
#include "ring.h"
#include "seal.h"
#include "tx.h"

static struct nat_slot *find_slot(const struct nat *nat, const struct flow_key *flow)
{
	for (uint16_t i = 0; i < nat->addr_nb; i++) {
		if (ip_equal(&nat->addr[i].addr, &flow->local))
			return &nat->addr[i].slot[rte_be_to_cpu_16(flow->local_port)];
	}
	return NULL;
}

// The session of a slot if this lcore owns it, NULL if it has none; *owner says who does.  cp may
// give the port to another lcore between the two reads; then the second look at lcore shows it.
static struct session *read_slot(const struct lcore *lc, struct nat_slot *slot, uint16_t *owner)
{
	struct session *s;

	*owner = atomic_load_explicit(&slot->lcore, memory_order_acquire);
	if (*owner != lc->id)
		return NULL;
	s = atomic_load_explicit(&slot->session, memory_order_acquire);
	return atomic_load_explicit(&slot->lcore, memory_order_relaxed) == lc->id ? s : NULL;
}

static bool from_backend(const struct session *s, const struct flow_key *flow)
{
	return s->backend_port == flow->remote_port && ip_equal(&s->backend, &flow->remote);
}

// The two lines of s that sealing reads besides the key.
static void prefetch_tx(const struct session *s)
{
	rte_prefetch0(&s->tx);
	rte_prefetch0((const uint8_t *)&s->tx + RTE_CACHE_LINE_SIZE);
}

// Adds the datagram to the burst that will be sealed, or ends it.
static void add_datagram(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg,
			 struct nat_slot *slot)
{
	struct burst *b = &lc->burst;
	uint16_t owner = NAT_NO_LCORE;
	struct session *s = NULL;

	if (likely(slot != NULL))
		s = read_slot(lc, slot, &owner);
	if (s != NULL)
		prefetch_tx(s);
	if (unlikely(owner == NAT_NO_LCORE)) {
		drop(lc, m, DROP_NO_NAT);
	} else if (owner != lc->id) {
		ring_handoff(lc, owner, m, MSG_HANDOFF);
	} else if (unlikely(s == NULL)) {
		drop(lc, m, DROP_NO_NAT);
	} else if (unlikely(!from_backend(s, &dg->flow))) {
		drop(lc, m, DROP_BACKEND);
	} else if (unlikely(dg->payload_len > s->tx.plain_max)) {
		drop(lc, m, DROP_TOO_BIG);
	} else {
		rte_pktmbuf_adj(m, dg->payload_at);
		b->mbuf[b->n] = m;
		b->session[b->n] = s;
		b->record[b->n++].type = DTLS_APPLICATION_DATA;
	}
}

static void send_record(struct lcore *lc, struct session *s, struct rte_mbuf *m,
			const struct record *rec)
{
	struct stats_listener *stats = &lc->stats.listener[s->listener];

	s->used_tsc = lc->now_tsc;
	lc->stats.sealed++;
	stats->sealed++;
	stats->sealed_bytes += rec->plain_len;
	tx_encap(lc, m, &s->tx.encap);
}

// Slots of the datagrams, and their sessions on the way into the cache.
static void find_slots(const struct lcore *lc, const struct datagrams *d, struct nat_slot **slot)
{
	for (uint16_t i = 0; i < d->n; i++) {
		slot[i] = find_slot(&lc->dp->nat, &d->dg[i].flow);
		rte_prefetch0(slot[i]);
	}
	for (uint16_t i = 0; i < d->n; i++) {
		if (likely(slot[i] != NULL))
			rte_prefetch0(
				atomic_load_explicit(&slot[i]->session, memory_order_relaxed));
	}
}

void inside_burst(struct lcore *lc)
{
	struct datagrams *d = &lc->datagrams;
	struct burst *b = &lc->burst;
	struct nat_slot *slot[BURST_MAX];

	b->n = 0;
	find_slots(lc, d, slot);
	for (uint16_t i = 0; i < d->n; i++)
		add_datagram(lc, d->mbuf[i], &d->dg[i], slot[i]);
	seal_burst(lc->aead, b);
	for (uint16_t i = 0; i < b->n; i++) {
		struct session *s = b->session[i];

		if (likely(b->verdict[i] == BURST_PASS)) {
			send_record(lc, s, b->mbuf[i], &b->record[i]);
			continue;
		}
		drop(lc, b->mbuf[i], b->verdict[i]);
		if (b->verdict[i] == DROP_SEQ_LIMIT && s->state == SESSION_LIVE)
			life_end(lc, s, SESSION_END_SEQ_LIMIT);
	}
	b->n = 0;
}
