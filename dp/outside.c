// SPDX-License-Identifier: BSD-3-Clause
#include "outside.h"

#include "hello.h"
#include "life.h"
#include "media.h"
#include "open.h"
#include "ring.h"
#include "tx.h"

// A client may ask for our last flight so often in a second; retransmission timers that are of any
// use are longer.
#define FINISHED_RATE 32

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

// True if cp takes what the flow's session does not.
static bool is_punting(const struct flow *flow)
{
	return flow->handshake_tsc != 0 && flow->punts < LIFE_PUNT_MAX;
}

// Why a record ends that the session does not take, for this reason, and of which cp gets no copy.
static enum drop reason_of(const struct flow *flow, uint8_t verdict)
{
	if (likely(flow->handshake_tsc == 0))
		return verdict;
	return flow->punts == LIFE_PUNT_MAX ? DROP_PUNT_RATE : DROP_NO_MBUF;
}

// Ends record i, which the session does not take.  It may belong to the handshake that is under
// way on the same flow: then it is cp's, as it came but for the frame's headers.
static void reject(struct lcore *lc, uint16_t i, uint8_t reason)
{
	struct rte_mbuf *m = lc->burst.mbuf[i], *copy = lc->burst_copy[i];

	if (likely(copy == NULL)) {
		drop(lc, m, reason_of(lc->burst_flow[i], reason));
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

// The client lost our last flight, and cp sends it again (RFC 6347 section 4.2.4).
static void take_finished(struct lcore *lc, struct session *s, struct rte_mbuf *m)
{
	struct msg msg = {.type = MSG_PLAIN_RECORD,
			  .content_type = DTLS_HANDSHAKE,
			  .listener = s->listener,
			  .id = s->id,
			  .flow = s->flow->key};

	if (lc->now_tsc - s->tx.finished_tsc < lc->second_tsc / FINISHED_RATE) {
		drop(lc, m, DROP_PUNT_RATE);
		return;
	}
	if (ring_punt(lc, m, &msg))
		s->tx.finished_tsc = lc->now_tsc;
}

// An authenticated handshake record; a ClientHello asks for the renegotiation that we refuse.
static void take_handshake(struct lcore *lc, struct session *s, struct rte_mbuf *m)
{
	uint8_t type = DTLS_HELLO_REQUEST;

	if (m->data_len >= DTLS_HANDSHAKE_HEADER_LEN)
		type = *rte_pktmbuf_mtod(m, const uint8_t *);
	if (type == DTLS_FINISHED) {
		take_finished(lc, s, m);
		return;
	}
	if (type == DTLS_CLIENT_HELLO && lc->now_tsc - s->alert_tsc > lc->second_tsc) {
		s->alert_tsc = lc->now_tsc;
		life_alert(lc, s, DTLS_ALERT_WARNING, DTLS_ALERT_NO_RENEGOTIATION);
	}
	drop(lc, m, DROP_HANDSHAKE);
}

// An authenticated record that is no application data.
static __rte_noinline void take_other(struct lcore *lc, struct session *s, struct rte_mbuf *m,
				      uint8_t type)
{
	if (type == DTLS_ALERT)
		take_alert(lc, s, m);
	else
		take_handshake(lc, s, m);
}

// Ends record i, which did not open.
static __rte_noinline void refuse(struct lcore *lc, uint16_t i)
{
	struct burst *b = &lc->burst;
	struct session *s = b->session[i];

	reject(lc, i, b->verdict[i]);
	if (s->rx.key.forged >= s->rx.key.forged_limit && s->state == SESSION_LIVE)
		life_end(lc, s, SESSION_END_FORGERY_LIMIT);
}

// Opens the records gathered in b and sees each to its end.
static __rte_noinline void open_records(struct lcore *lc, struct burst *b)
{
	const uint16_t nb = b->n;
	uint64_t opened = 0;

	if (nb == 0)
		return;
	open_burst(lc->aead, b);
	for (uint16_t i = 0; i < nb; i++) {
		struct session *s = b->session[i];
		struct rte_mbuf *m = b->mbuf[i];
		struct stats_listener *stats = &lc->stats.listener[s->listener];

		if (unlikely(b->verdict[i] != BURST_PASS)) {
			refuse(lc, i);
			continue;
		}
		if (unlikely(lc->burst_copy[i] != NULL))
			rte_pktmbuf_free(lc->burst_copy[i]);
		if (unlikely(s->state != SESSION_LIVE)) {
			drop(lc, m, DROP_SESSION_ENDED);
			continue;
		}
		s->used_tsc = lc->now_tsc;
		if (unlikely(b->type[i] != DTLS_APPLICATION_DATA)) {
			take_other(lc, s, m, b->type[i]);
			continue;
		}
		s->rx_data = true;
		stats->opened++;
		stats->opened_bytes += m->data_len;
		opened++;
		tx_encap(lc, m, &s->rx.encap);
	}
	lc->stats.opened += opened;
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
static void add_record(struct lcore *lc, struct flow *flow, struct rte_mbuf *m)
{
	struct burst *b = &lc->burst;
	uint16_t i = b->n++;

	b->mbuf[i] = m;
	b->session[i] = flow->session;
	lc->burst_flow[i] = flow;
	lc->burst_copy[i] = NULL;
	if (unlikely(is_punting(flow)))
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
			open_records(lc, &lc->burst);
		// The session may have ended with the records so far.
		if (unlikely(flow->session == NULL)) {
			drop(lc, m, DROP_SESSION_ENDED);
			return;
		}
		if (unlikely(len < m->data_len)) {
			verdict = open_filter(flow->session, &rec);
			if (verdict != BURST_PASS && !is_punting(flow)) {
				skip_record(lc, m, len, reason_of(flow, verdict));
				continue;
			}
			front = split_record(lc, m, len);
		}
		if (likely(front != NULL))
			add_record(lc, flow, front);
		if (front == m)
			return;
	}
	drop(lc, m, DROP_RECORD);
}

static __rte_noinline void hash_burst(const struct table_secret *secret, struct datagrams *d)
{
	const struct table_secret local = *secret;
	const uint16_t nb = d->n;

	for (uint16_t i = 0; i < nb; i++)
		d->hash[i] = table_hash(&d->dg[i].flow, &local);
}

// Hands the datagrams of other lcores' flows off and keeps the rest.
static void keep_own(struct lcore *lc, struct datagrams *d)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < d->n; i++) {
		uint16_t owner = table_hash_lcore(d->hash[i], lc->dp->lcore_nb);

		if (owner != lc->id) {
			ring_handoff(lc, owner, d->mbuf[i], MSG_HANDOFF);
			continue;
		}
		if (kept != i) {
			d->mbuf[kept] = d->mbuf[i];
			d->dg[kept] = d->dg[i];
			d->hash[kept] = d->hash[i];
		}
		kept++;
	}
	d->n = kept;
}

// Sends a datagram of a flow on its way.
static void deliver(struct lcore *lc, struct flow *flow, struct rte_mbuf *m,
		    const struct datagram *dg)
{
	datagram_strip(m, dg);
	if (likely(flow->session != NULL))
		add_datagram(lc, flow, m);
	else if (flow->handshake_tsc != 0)
		punt_record(lc, m, flow, dg->payload_at);
	else
		drop(lc, m, DROP_SESSION_ENDED);
}

// Datagram i came from a flow that was unknown.  By now it may be in handshake, if the start of the
// same ClientHello lay among the burst's hellos.
static void deliver_late(struct lcore *lc, struct datagrams *d, uint16_t i, bool hellos)
{
	const struct datagram *dg = &d->dg[i];
	struct flow *flow = hellos ? table_find(lc->table, &dg->flow) : NULL;

	if (flow != NULL)
		deliver(lc, flow, d->mbuf[i], dg);
	else
		drop(lc, d->mbuf[i],
		     hello_listener(lc->dp->config, &dg->flow) < 0 ? DROP_UDP_PORT
								   : DROP_NO_SESSION);
}

// Datagrams that have to wait for the others, by index.
struct late {
	uint16_t hello[BURST_MAX]; // ClientHellos
	uint16_t other[BURST_MAX]; // of flows that are unknown
	uint16_t media[BURST_MAX]; // no DTLS
	uint16_t hellos, others, medias;
};

// Sends datagram i on its way if it is DTLS, no ClientHello, and its flow is known.
static __rte_noinline void dispatch(struct lcore *lc, struct datagrams *d, uint16_t i,
				    struct late *late)
{
	struct rte_mbuf *m = d->mbuf[i];
	const struct datagram *dg = &d->dg[i];
	const uint8_t *payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, dg->payload_at);

	if (dg->payload_len == 0)
		drop(lc, m, DROP_UDP_EMPTY);
	else if (payload[0] < DTLS_FIRST_BYTE_MIN || payload[0] > DTLS_FIRST_BYTE_MAX)
		late->media[late->medias++] = i;
	else if (payload[0] == DTLS_HANDSHAKE && client_hello_peek(payload, dg->payload_len))
		late->hello[late->hellos++] = i;
	else if (d->flow[i] == NULL)
		late->other[late->others++] = i;
	else
		deliver(lc, d->flow[i], m, dg);
}

// True if the datagram is what nearly all are: one record of application data for a live session.
static inline bool is_usual(const struct flow *flow, const uint8_t *payload, uint16_t len)
{
	return flow != NULL && flow->session != NULL && flow->handshake_tsc == 0 &&
	       len >= DTLS_RECORD_HEADER_LEN && payload[RECORD_TYPE_AT] == DTLS_APPLICATION_DATA &&
	       record_load_16(payload + RECORD_LENGTH_AT) == len - DTLS_RECORD_HEADER_LEN;
}

// Sends for the lines of a session that opening will touch.
static inline void prefetch_half(const struct session *s)
{
	rte_prefetch0(s);
	rte_prefetch0(&s->rx);
	rte_prefetch0((const uint8_t *)&s->rx + RTE_CACHE_LINE_SIZE);
}

// Sees the datagrams to their ends, or into the burst that will be opened.  What has to wait is
// noted in *late.
static __rte_noinline void sort_out(struct lcore *lc, struct datagrams *d, struct burst *b,
				    struct late *late)
{
	const uint16_t nb = d->n;

	for (uint16_t i = 0; i < nb; i++) {
		const struct datagram *dg = &d->dg[i];
		struct flow *flow = d->flow[i];
		struct rte_mbuf *m = d->mbuf[i];
		const uint8_t *payload = rte_pktmbuf_mtod_offset(m, uint8_t *, dg->payload_at);
		const uint16_t n = b->n;

		if (unlikely(n == BURST_MAX || !is_usual(flow, payload, dg->payload_len))) {
			dispatch(lc, d, i, late);
			continue;
		}
		prefetch_half(flow->session);
		datagram_strip(m, dg);
		b->mbuf[n] = m;
		b->session[n] = flow->session;
		lc->burst_flow[n] = flow;
		lc->burst_copy[n] = NULL;
		b->n = n + 1;
	}
}

void outside_burst(struct lcore *lc)
{
	struct datagrams *d = &lc->datagrams;
	struct late late;

	if (d->n == 0)
		return;
	late.hellos = late.others = late.medias = 0;
	hash_burst(&lc->hash_secret, d);
	if (lc->dp->port[d->mbuf[0]->port].spread)
		keep_own(lc, d);
	table_prefetch_burst(lc->table, d->hash, d->n);
	table_lookup_burst(lc->table, &d->dg[0].flow, sizeof(d->dg[0]), d->hash, d->n, d->flow);
	sort_out(lc, d, &lc->burst, &late);
	open_records(lc, &lc->burst);
	if (unlikely(late.medias > 0))
		media_burst(lc, d, late.media, late.medias);
	// Last: it enters flows, while d->flow points into the table.
	if (unlikely(late.hellos > 0))
		hello_burst(lc, d, late.hello, late.hellos);
	for (uint16_t k = 0; k < late.others; k++)
		deliver_late(lc, d, late.other[k], late.hellos > 0);
}
