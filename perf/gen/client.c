// SPDX-License-Identifier: BSD-3-Clause
#include "client.h"

#include <rte_cycles.h>

#include "dial.h"
#include "match.h"
#include "open.h"
#include "seal.h"

#define PROBE_LEN STAMP_LEN

// Frees what the device did not take, or holds it back.
static void keep(struct gen *g, struct rte_mbuf **m, uint16_t n, enum stream stream)
{
	struct hold *hold = &g->hold_outside;

	if (g->flood) {
		memcpy(hold->m, m, n * sizeof(*m));
		hold->nb = n;
		return;
	}
	rte_pktmbuf_free_bulk(m, n);
	g->tally[stream].refused += n;
}

void client_flush(struct gen *g)
{
	struct hold *hold = &g->hold_outside;
	uint16_t sent = ports_send(&g->outside, hold->m, hold->nb);

	hold->nb -= sent;
	memmove(hold->m, hold->m + sent, hold->nb * sizeof(hold->m[0]));
}

// Picks the next n live clients and fetches what sealing will touch.
static void pick(struct gen *g, enum stream stream, uint16_t n, uint32_t *index)
{
	uint32_t at = g->cursor[stream];

	for (uint16_t i = 0; i < n; i++) {
		struct session *s;

		if (at >= g->live_nb)
			at = 0;
		index[i] = g->live[at++];
		s = g->client[index[i]].session;
		g->burst.session[i] = s;
		rte_prefetch0(&s->tx);
		rte_prefetch0((const uint8_t *)&s->tx + RTE_CACHE_LINE_SIZE);
	}
	g->cursor[stream] = at;
}

void client_send(struct gen *g, enum stream stream, uint16_t n, uint64_t now_tsc)
{
	struct burst *b = &g->burst;
	uint32_t index[PORTS_BURST];
	struct rte_mbuf *m[PORTS_BURST];
	uint64_t mac = neighbours_mac(&g->neighbours, g->server_hop);
	uint16_t nb = 0, sent;

	if (rte_pktmbuf_alloc_bulk(g->pool, b->mbuf, n) != 0)
		return;
	pick(g, stream, n, index);
	for (uint16_t i = 0; i < n; i++) {
		gen_fill(g, stream, index[i], b->mbuf[i], now_tsc);
		b->type[i] = DTLS_APPLICATION_DATA;
	}
	b->n = n;
	seal_burst(g->aead, b);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(b->verdict[i] != BURST_PASS)) { // used up
			g->client[index[i]].over = true;
			rte_pktmbuf_free(b->mbuf[i]);
			continue;
		}
		encap_push(b->mbuf[i], &b->session[i]->tx.encap, &g->outside.port, mac);
		m[nb++] = b->mbuf[i];
	}
	sent = ports_send(&g->outside, m, nb);
	if (unlikely(sent < nb))
		keep(g, m + sent, nb - sent, stream);
}

// Seals one record of client i and sends it.  False if there was no room.
static bool send_one(struct gen *g, uint32_t i, uint8_t type, const void *data, uint16_t len)
{
	struct burst *b = &g->burst;
	struct session *s = g->client[i].session;
	struct rte_mbuf *m = rte_pktmbuf_alloc(g->pool);

	if (m == NULL)
		return false;
	memcpy(rte_pktmbuf_append(m, len), data, len);
	b->n = 1;
	b->mbuf[0] = m;
	b->session[0] = s;
	b->type[0] = type;
	seal_burst(g->aead, b);
	if (b->verdict[0] == BURST_PASS) {
		encap_push(m, &s->tx.encap, &g->outside.port,
			   neighbours_mac(&g->neighbours, g->server_hop));
		if (ports_send(&g->outside, &m, 1) == 1)
			return true;
	}
	rte_pktmbuf_free(m);
	return false;
}

void client_probe(struct gen *g, uint32_t i)
{
	uint8_t payload[PROBE_LEN];
	struct stamp stamp = {.client = i, .stream = STREAM_ECHO, .tsc = rte_rdtsc()};

	stamp_write(payload, sizeof(payload), &stamp);
	send_one(g, i, DTLS_APPLICATION_DATA, payload, sizeof(payload));
}

bool client_close(struct gen *g, uint32_t i)
{
	static const uint8_t close_notify[] = {DTLS_ALERT_WARNING, DTLS_ALERT_CLOSE_NOTIFY};

	return send_one(g, i, DTLS_ALERT, close_notify, sizeof(close_notify));
}

// An authenticated record that is no application data.
static void take_other(struct gen *g, struct client *c, const struct rte_mbuf *m, uint8_t type)
{
	const uint8_t *alert = rte_pktmbuf_mtod(m, const uint8_t *);

	g->strays.other++;
	if (type == DTLS_ALERT && m->data_len == DTLS_ALERT_LEN &&
	    (alert[0] == DTLS_ALERT_FATAL || alert[1] == DTLS_ALERT_CLOSE_NOTIFY))
		c->over = true;
}

static void take_data(struct gen *g, uint32_t i, const struct rte_mbuf *m, uint64_t now_tsc)
{
	struct stamp stamp;

	if (!stamp_read(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &stamp)) {
		g->strays.bad++;
		return;
	}
	if (unlikely(stamp.trial == 0)) {
		g->client[i].ready |= stamp.client == i;
		return;
	}
	gen_take_payload(g, i, 1u << STREAM_DOWN | 1u << STREAM_ECHO, &stamp, m->data_len, now_tsc);
}

// Opens the burst and sees each record to its end.
static void take_burst(struct gen *g, uint64_t now_tsc, const uint32_t *index)
{
	struct burst *b = &g->burst;

	open_burst(g->aead, b);
	for (uint16_t i = 0; i < b->n; i++) {
		if (likely(b->verdict[i] == BURST_PASS)) {
			if (likely(b->type[i] == DTLS_APPLICATION_DATA))
				take_data(g, index[i], b->mbuf[i], now_tsc);
			else
				take_other(g, &g->client[index[i]], b->mbuf[i], b->type[i]);
		} else if (b->verdict[i] == DROP_BAD_TAG) {
			g->strays.forged++;
		} else if (b->verdict[i] == DROP_REPLAY) {
			g->strays.replayed++;
		} else {
			g->strays.other++;
		}
	}
	rte_pktmbuf_free_bulk(b->mbuf, b->n);
	b->n = 0;
}

// True if the datagram is one whole record for a session.
static bool is_record(const struct client *c, const uint8_t *p, uint16_t len)
{
	struct record rec;

	return c->session != NULL && record_parse(p, len, &rec) &&
	       DTLS_RECORD_HEADER_LEN + rec.fragment_len == len;
}

// The client that a frame's datagram is for, or NULL after the frame was looked at.
static struct client *find(struct gen *g, const struct rte_mbuf *m, struct match *match)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->nb_segs == 1 && match_frame(&g->outside.port.mac, frame, m->data_len, match)) {
		if (match->src_port != rte_cpu_to_be_16(g->o->server_port) ||
		    !ip_equal(&match->src, &g->o->server))
			return NULL;
		return gen_client(g, &match->dst, match->dst_port);
	}
	if (m->nb_segs == 1)
		neighbours_take(&g->neighbours, &g->outside, frame, m->data_len);
	return NULL;
}

uint16_t client_receive(struct gen *g)
{
	struct rte_mbuf *m[PORTS_BURST];
	struct burst *b = &g->burst;
	uint32_t index[PORTS_BURST];
	uint16_t n = ports_receive(&g->outside, m);
	uint64_t now_tsc;

	if (n == 0)
		return 0;
	now_tsc = rte_rdtsc();
	b->n = 0;
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
	for (uint16_t i = 0; i < n; i++) {
		struct match match;
		struct client *c = find(g, m[i], &match);
		uint8_t *payload;

		if (c == NULL) {
			rte_pktmbuf_free(m[i]);
			continue;
		}
		payload = rte_pktmbuf_mtod_offset(m[i], uint8_t *, match.payload_at);
		if (likely(is_record(c, payload, match.payload_len))) {
			rte_pktmbuf_adj(m[i], match.payload_at);
			rte_pktmbuf_trim(m[i], m[i]->data_len - match.payload_len);
			index[b->n] = (uint32_t)(c - g->client);
			b->session[b->n] = c->session;
			b->mbuf[b->n++] = m[i];
			continue;
		}
		if (c->dial != NULL)
			dial_datagram(c->dial, payload, match.payload_len);
		else
			g->strays.other++;
		rte_pktmbuf_free(m[i]);
	}
	take_burst(g, now_tsc, index);
	return n;
}
