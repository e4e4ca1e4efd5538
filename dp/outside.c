// SPDX-License-Identifier: BSD-3-Clause
#include "outside.h"

#include "hello.h"
#include "life.h"
#include "open.h"
#include "ring.h"
#include "tx.h"

// Hands a datagram or record of a flow in handshake to cp; l234_len as in struct msg.
static void punt_record(struct lcore *lc, struct rte_mbuf *m, struct flow *flow, uint16_t l234_len)
{
	struct msg msg = {.type = MSG_RECORD, .l234_len = l234_len, .flow = flow->key};

	if (flow->punts == LIFE_PUNT_MAX) {
		drop(lc, m, DROP_PUNT_RATE);
		return;
	}
	flow->punts++;
	ring_punt(lc, m, &msg);
}

// Ends record i, which the session does not take.  It may belong to the handshake that is under
// way on the same flow: then it is cp's, as it came but for the frame's headers.
static void reject(struct lcore *lc, uint16_t i, uint8_t reason)
{
	struct rte_mbuf *m = lc->burst.mbuf[i], *copy = lc->burst_copy[i];

	if (likely(copy == NULL)) {
		drop(lc, m, reason);
		return;
	}
	rte_pktmbuf_free(m);
	punt_record(lc, copy, lc->burst_flow[i], 0);
}

// An authenticated alert (RFC 5246 section 7.2).  It is acted upon here and goes no further.
static void take_alert(struct lcore *lc, struct session *s, struct rte_mbuf *m)
{
	const uint8_t *alert = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len == DTLS_ALERT_LEN) {
		if (alert[1] == DTLS_ALERT_CLOSE_NOTIFY)
			life_end(lc, s, SESSION_END_CLOSE_NOTIFY);
		else if (alert[0] == DTLS_ALERT_FATAL)
			life_end(lc, s, SESSION_END_FATAL_ALERT);
	}
	drop(lc, m, DROP_ALERT);
}

// An authenticated handshake record: a Finished means that the client lost our last flight, and cp
// sends it again (RFC 6347 section 4.2.4); a ClientHello asks for the renegotiation that we refuse.
static void take_handshake(struct lcore *lc, struct session *s, struct rte_mbuf *m)
{
	struct msg msg = {.type = MSG_PLAIN_RECORD, .id = s->id, .flow = s->flow};
	uint8_t type = DTLS_HELLO_REQUEST;

	if (m->data_len >= DTLS_HANDSHAKE_HEADER_LEN)
		type = *rte_pktmbuf_mtod(m, const uint8_t *);
	if (type == DTLS_FINISHED) {
		msg.content_type = DTLS_HANDSHAKE;
		ring_punt(lc, m, &msg);
		return;
	}
	if (type == DTLS_CLIENT_HELLO && lc->now_tsc - s->alert_tsc > lc->second_tsc) {
		s->alert_tsc = lc->now_tsc;
		life_alert(lc, s, DTLS_ALERT_WARNING, DTLS_ALERT_NO_RENEGOTIATION);
	}
	drop(lc, m, DROP_HANDSHAKE);
}

static void take(struct lcore *lc, struct session *s, struct rte_mbuf *m, uint8_t type)
{
	struct stats_listener *stats = &lc->stats.listener[s->listener];

	s->used_tsc = lc->now_tsc;
	if (likely(type == DTLS_APPLICATION_DATA)) {
		s->rx_data = true;
		lc->stats.opened++;
		stats->opened++;
		stats->opened_bytes += m->data_len;
		tx_encap(lc, m, &s->rx.encap);
	} else if (type == DTLS_ALERT) {
		take_alert(lc, s, m);
	} else {
		take_handshake(lc, s, m);
	}
}

// Opens the records gathered in lc->burst and sees each to its end.
static void open_records(struct lcore *lc)
{
	struct burst *b = &lc->burst;

	open_burst(lc->aead, b);
	for (uint16_t i = 0; i < b->n; i++) {
		struct session *s = b->session[i];

		if (unlikely(b->verdict[i] != BURST_PASS)) {
			reject(lc, i, b->verdict[i]);
			if (s->forged >= s->forged_limit && s->state == SESSION_LIVE)
				life_end(lc, s, SESSION_END_FORGERY_LIMIT);
			continue;
		}
		if (unlikely(lc->burst_copy[i] != NULL))
			rte_pktmbuf_free(lc->burst_copy[i]);
		if (likely(s->state == SESSION_LIVE))
			take(lc, s, b->mbuf[i], b->record[i].type);
		else
			drop(lc, b->mbuf[i], DROP_SESSION_ENDED);
	}
	b->n = 0;
}

// A copy of the first len bytes in one mbuf, NULL if there is none.
static struct rte_mbuf *copy(struct lcore *lc, struct rte_mbuf *m, uint16_t len)
{
	struct rte_mempool *pool = lc->dp->mbuf_pool;

	// A record of a reassembled datagram may be larger than a frame.
	if (unlikely(len > rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM))
		pool = m->pool;
	return rte_pktmbuf_copy(m, pool, 0, len);
}

// Adds one record, alone in m, to the burst.
static void add_record(struct lcore *lc, struct flow *flow, struct rte_mbuf *m,
		       const struct record *rec)
{
	struct burst *b = &lc->burst;
	uint16_t i = b->n++;

	b->mbuf[i] = m;
	b->session[i] = flow->session;
	b->record[i] = *rec;
	lc->burst_flow[i] = flow;
	lc->burst_copy[i] = NULL;
	if (unlikely(flow->handshake_tsc != 0))
		lc->burst_copy[i] = copy(lc, m, m->data_len);
}

// Steps over a record that the session would not take anyway: no copy, no work.
static void skip_record(struct lcore *lc, struct rte_mbuf *m, uint16_t len, uint8_t reason)
{
	lc->stats.split++;
	lc->stats.drop[reason]++;
	rte_pktmbuf_adj(m, len);
}

// Takes the record of len bytes at the front of m out into an mbuf of its own, NULL if there is
// none (DROP_NO_MBUF).
static struct rte_mbuf *split_record(struct lcore *lc, struct rte_mbuf *m, uint16_t len)
{
	struct rte_mbuf *front = copy(lc, m, len);

	lc->stats.split++;
	rte_pktmbuf_adj(m, len);
	if (unlikely(front == NULL))
		lc->stats.drop[DROP_NO_MBUF]++;
	return front;
}

// Cuts a datagram of a live session into its records.  m's data is the UDP payload.
static void add_datagram(struct lcore *lc, struct flow *flow, struct rte_mbuf *m)
{
	struct record rec;

	while (record_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &rec)) {
		uint16_t len = DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		struct rte_mbuf *front = m;
		uint8_t verdict;

		if (unlikely(lc->burst.n == BURST_MAX))
			open_records(lc);
		// The session may have ended with the records so far.
		if (unlikely(flow->session == NULL)) {
			drop(lc, m, DROP_SESSION_ENDED);
			return;
		}
		if (unlikely(len < m->data_len)) {
			verdict = open_filter(flow->session, &rec);
			if (verdict != BURST_PASS && flow->handshake_tsc == 0) {
				skip_record(lc, m, len, verdict);
				continue;
			}
			front = split_record(lc, m, len);
		}
		if (likely(front != NULL))
			add_record(lc, flow, front, &rec);
		if (front == m)
			return;
	}
	drop(lc, m, DROP_RECORD);
}

// Hands the datagrams of other lcores' flows off and keeps the rest, with their hashes.
static void keep_own(struct lcore *lc, struct datagrams *d)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < d->n; i++) {
		uint32_t hash = table_hash(&d->dg[i].flow, &lc->hash_secret);
		struct rte_mbuf *m = d->mbuf[i];
		uint16_t owner = lc->id;

		if (lc->dp->port[m->port].spread)
			owner = table_hash_lcore(hash, lc->dp->lcore_nb);
		if (owner != lc->id) {
			ring_handoff(lc, owner, m, MSG_HANDOFF);
			continue;
		}
		if (unlikely(kept != i)) {
			d->mbuf[kept] = m;
			d->dg[kept] = d->dg[i];
		}
		d->hash[kept++] = hash;
	}
	d->n = kept;
}

// The lines of a session that opening touches, besides the key and the window's bitmap.
static void prefetch_rx(const struct session *s)
{
	rte_prefetch0(s);
	rte_prefetch0((const uint8_t *)s + offsetof(struct session, rx));
	rte_prefetch0((const uint8_t *)s + offsetof(struct session, rx) + RTE_CACHE_LINE_SIZE);
}

// Finds the flows, and sends for their sessions.
static void look_up(struct lcore *lc, struct datagrams *d)
{
	const struct flow_key *key[BURST_MAX];

	for (uint16_t i = 0; i < d->n; i++)
		key[i] = &d->dg[i].flow;
	table_lookup_burst(lc->table, key, d->hash, d->n, d->flow);
	for (uint16_t i = 0; i < d->n; i++) {
		if (likely(d->flow[i] != NULL))
			prefetch_rx(d->flow[i]->session);
	}
}

// Sends a datagram of a flow on its way.
static void deliver(struct lcore *lc, struct flow *flow, struct rte_mbuf *m,
		    const struct datagram *dg)
{
	rte_pktmbuf_adj(m, dg->payload_at);
	if (likely(flow->session != NULL))
		add_datagram(lc, flow, m);
	else if (flow->handshake_tsc != 0)
		punt_record(lc, m, flow, dg->payload_at);
	else
		drop(lc, m, DROP_SESSION_ENDED);
}

// Datagram i came from a flow that was unknown.  By now it may be in handshake, if the start of the
// same ClientHello lay in the burst.
static void deliver_late(struct lcore *lc, struct datagrams *d, uint16_t i)
{
	const struct datagram *dg = &d->dg[i];
	struct flow *flow = table_find(lc->table, &dg->flow);

	if (flow != NULL)
		deliver(lc, flow, d->mbuf[i], dg);
	else
		drop(lc, d->mbuf[i],
		     hello_listener(lc->dp->config, &dg->flow) < 0 ? DROP_UDP_PORT
								   : DROP_NO_SESSION);
}

// What the caller has to do with a datagram.
enum todo { TODO_NOTHING, TODO_HELLO, TODO_LATE };

// Sends datagram i on its way if it is no ClientHello and its flow is known.
static enum todo dispatch(struct lcore *lc, struct datagrams *d, uint16_t i)
{
	struct rte_mbuf *m = d->mbuf[i];
	const struct datagram *dg = &d->dg[i];
	const uint8_t *payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, dg->payload_at);

	if (unlikely(dg->payload_len == 0)) {
		drop(lc, m, DROP_UDP_EMPTY);
	} else if (unlikely(payload[0] < DTLS_FIRST_BYTE_MIN || payload[0] > DTLS_FIRST_BYTE_MAX)) {
		drop(lc, m, DROP_NOT_DTLS);
	} else if (unlikely(payload[0] == DTLS_HANDSHAKE &&
			    client_hello_peek(payload, dg->payload_len))) {
		return TODO_HELLO;
	} else if (unlikely(d->flow[i] == NULL)) {
		return TODO_LATE;
	} else {
		deliver(lc, d->flow[i], m, dg);
	}
	return TODO_NOTHING;
}

void outside_burst(struct lcore *lc)
{
	struct datagrams *d = &lc->datagrams;
	uint16_t hello[BURST_MAX], late[BURST_MAX];
	uint16_t hellos = 0, lates = 0;

	keep_own(lc, d);
	look_up(lc, d);
	for (uint16_t i = 0; i < d->n; i++) {
		enum todo todo = dispatch(lc, d, i);

		if (unlikely(todo == TODO_HELLO))
			hello[hellos++] = i;
		else if (unlikely(todo == TODO_LATE))
			late[lates++] = i;
	}
	open_records(lc);
	// Last: it enters flows, while d->flow points into the table.
	if (unlikely(hellos > 0))
		hello_burst(lc, d, hello, hellos);
	for (uint16_t k = 0; k < lates; k++)
		deliver_late(lc, d, late[k]);
}
