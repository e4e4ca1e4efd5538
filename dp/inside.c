// SPDX-License-Identifier: BSD-3-Clause
#include "inside.h"

#include <endian.h>

#include "life.h"
#include "media.h"
#include "ring.h"
#include "seal.h"
#include "tx.h"

// The session of a slot if this lcore owns it, NULL if it has none; *owner says who does.  cp may
// give the port to another lcore between the two reads; then the second look at lcore shows it.
static inline struct session *read_slot(const struct lcore *lc, struct nat_slot *slot,
					uint16_t *owner)
{
	struct session *s;

	*owner = atomic_load_explicit(&slot->lcore, memory_order_acquire);
	if (unlikely(*owner != lc->id))
		return NULL;
	s = atomic_load_explicit(&slot->session, memory_order_acquire);
	return atomic_load_explicit(&slot->lcore, memory_order_relaxed) == lc->id ? s : NULL;
}

static inline bool from_backend(const struct session *s, const struct flow_key *flow)
{
	return s->backend_port == flow->remote_port && ip_equal(&s->backend, &flow->remote);
}

// The slots of the datagrams, whose gateway addresses nat has, and the sessions in them on the way
// into the cache.
static __rte_noinline void find_slots(const struct nat_addr *nat, const struct datagrams *d,
				      struct nat_slot **slot)
{
	const uint16_t nb = d->n;

	for (uint16_t i = 0; i < nb; i++) {
		const struct datagram *dg = &d->dg[i];

		slot[i] = &nat[dg->local].slot[be16toh(dg->flow.local_port)];
		rte_prefetch0(slot[i]);
	}
	for (uint16_t i = 0; i < nb; i++) {
		const struct session *s =
			atomic_load_explicit(&slot[i]->session, memory_order_relaxed);

		if (unlikely(s == NULL))
			continue;
		rte_prefetch0(s);
	}
}

// Ends a datagram that finds no session, or hands it to what has its port: a relay, or another
// lcore.
static __rte_noinline void no_session(struct lcore *lc, struct rte_mbuf *m,
				      const struct datagram *dg, struct nat_slot *slot,
				      uint16_t owner)
{
	if (owner == NAT_NO_LCORE || owner == lc->id)
		drop(lc, m, DROP_NO_NAT);
	else if ((owner & NAT_RELAY) != 0)
		media_reply(lc, m, dg, slot, owner);
	else
		ring_handoff(lc, owner, m, MSG_HANDOFF);
}

// Adds the datagrams to the burst that will be sealed, or ends them.
static __rte_noinline void add_datagrams(struct lcore *lc, struct datagrams *d,
					 struct nat_slot *const *slot, struct burst *b)
{
	const uint16_t nb = d->n;
	uint16_t n = 0;

	for (uint16_t i = 0; i < nb; i++) {
		const struct datagram *dg = &d->dg[i];
		struct rte_mbuf *m = d->mbuf[i];
		uint16_t owner;
		struct session *s = read_slot(lc, slot[i], &owner);

		if (unlikely(s == NULL)) {
			no_session(lc, m, dg, slot[i], owner);
		} else if (unlikely(!from_backend(s, &dg->flow))) {
			drop(lc, m, DROP_BACKEND);
		} else {
			rte_prefetch0(&s->tx);
			rte_prefetch0((const uint8_t *)&s->tx + RTE_CACHE_LINE_SIZE);
			datagram_strip(m, dg);
			b->mbuf[n] = m;
			b->session[n] = s;
			b->type[n++] = DTLS_APPLICATION_DATA;
		}
	}
	b->n = n;
}

// Ends a record that was not sealed; a session at its limit ends with it.
static __rte_noinline void refuse(struct lcore *lc, struct session *s, struct rte_mbuf *m,
				  uint8_t reason)
{
	drop(lc, m, reason);
	if (reason == DROP_SEQ_LIMIT && s->state == SESSION_LIVE)
		life_end(lc, s, SESSION_END_SEQ_LIMIT);
}

// Sends what was sealed.
static __rte_noinline void send_records(struct lcore *lc, struct burst *b)
{
	const uint16_t nb = b->n;
	uint64_t sealed = 0;

	for (uint16_t i = 0; i < nb; i++) {
		struct session *s = b->session[i];
		struct stats_listener *stats = &lc->stats.listener[s->listener];

		if (unlikely(b->verdict[i] != BURST_PASS)) {
			refuse(lc, s, b->mbuf[i], b->verdict[i]);
			continue;
		}
		s->used_tsc = lc->now_tsc;
		stats->sealed++;
		stats->sealed_bytes += b->plain_len[i];
		sealed++;
		tx_encap(lc, b->mbuf[i], &s->tx.encap);
	}
	lc->stats.sealed += sealed;
	b->n = 0;
}

void inside_burst(struct lcore *lc)
{
	struct datagrams *d = &lc->datagrams;
	struct nat_slot *slot[BURST_MAX];
	const struct port *port;

	if (d->n == 0)
		return;
	port = &lc->dp->port[d->mbuf[0]->port];
	find_slots(&lc->dp->nat.addr[port->nat_first], d, slot);
	add_datagrams(lc, d, slot, &lc->burst);
	seal_burst(lc->aead, &lc->burst);
	send_records(lc, &lc->burst);
}
