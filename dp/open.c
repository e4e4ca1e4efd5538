// SPDX-License-Identifier: BSD-3-Clause
#include "open.h"

static inline bool opens_to_something(uint8_t type)
{
	return type == DTLS_APPLICATION_DATA || type == DTLS_ALERT || type == DTLS_HANDSHAKE;
}

static inline uint8_t filter(const struct session *s, const struct record *rec)
{
	if (unlikely(rec->epoch != s->rx.epoch))
		return rec->epoch == 0 ? DROP_EPOCH_0 : DROP_EPOCH;
	if (unlikely(!opens_to_something(rec->type) || rec->version != DTLS_VERSION_1_2))
		return DROP_RECORD_TYPE;
	if (unlikely(!replay_fresh(&s->rx.replay, rec->seq)))
		return DROP_REPLAY;
	if (unlikely(rec->fragment_len + DTLS_RECORD_HEADER_LEN < record_overhead(s->suite)))
		return DROP_RECORD_LEN;
	return BURST_PASS;
}

uint8_t open_filter(const struct session *s, const struct record *rec)
{
	return filter(s, rec);
}

// Fills *op and what the header says of *rec on BURST_PASS.
static inline uint8_t prepare(struct session *s, const struct rte_mbuf *m, struct record *rec,
			      struct aead_op *op)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), verdict;
	struct record r;

	if (unlikely(!record_parse(p, m->data_len, &r)))
		return DROP_RECORD;
	verdict = filter(s, &r);
	if (unlikely(verdict != BURST_PASS))
		return verdict;
	replay_prefetch(&s->rx.replay, r.seq);
	op->key = &s->rx.key;
	if (unlikely(!record_open_prepare(s->suite, s->rx.iv, p, &r, op)))
		return DROP_RECORD_LEN;
	rec->seq = r.seq;
	rec->type = r.type;
	rec->plain_len = r.plain_len;
	return BURST_PASS;
}

// What is decided once the tag is known.
static inline uint8_t settle(struct session *s, struct rte_mbuf *m, const struct record *rec,
			     const struct aead_op *op)
{
	const uint16_t plain_len = rec->plain_len;

	if (unlikely(!op->ok)) {
		s->rx.key.forged++;
		return DROP_BAD_TAG;
	}
	if (unlikely(!replay_accept(&s->rx.replay, rec->seq)))
		return DROP_REPLAY;
	s->rx.records++;
	s->rx.bytes += plain_len;
	m->data_off = (uint16_t)(op->data - (uint8_t *)m->buf_addr);
	m->data_len = plain_len;
	m->pkt_len = plain_len;
	return BURST_PASS;
}

void open_burst(struct aead *aead, struct burst *b)
{
	const uint16_t nb = b->n;
	struct aead_op *op = b->op;
	uint16_t at[BURST_MAX], n;

	for (uint16_t i = 0; i < nb; i++) {
		at[op - b->op] = i;
		b->verdict[i] = prepare(b->session[i], b->mbuf[i], &b->record[i], op);
		op += b->verdict[i] == BURST_PASS;
	}
	n = (uint16_t)(op - b->op);
	aead_open_burst(aead, b->op, n);
	for (uint16_t k = 0; k < n; k++) {
		const uint16_t i = at[k];

		b->verdict[i] = settle(b->session[i], b->mbuf[i], &b->record[i], &b->op[k]);
	}
}
