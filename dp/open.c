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

// Fills op[i] for the record at p and what its header says on BURST_PASS.
static inline uint8_t fill(struct burst *b, uint16_t i, uint8_t *p, struct record *rec,
			   struct aead_op *op)
{
	struct session *s = b->session[i];

	replay_prefetch(&s->rx.replay, rec->seq);
	op->key = &s->rx.key;
	op->index = i;
	b->seq[i] = rec->seq;
	b->type[i] = rec->type;
	return record_open_prepare(s->suite, s->rx.iv, p, rec, op) ? BURST_PASS : DROP_RECORD_LEN;
}

static __rte_noinline uint8_t prepare_other(struct burst *b, uint16_t i, struct aead_op *op)
{
	uint8_t *p = rte_pktmbuf_mtod(b->mbuf[i], uint8_t *), verdict;
	struct record rec;

	if (!record_parse(p, b->mbuf[i]->data_len, &rec))
		return DROP_RECORD;
	verdict = filter(b->session[i], &rec);
	return verdict == BURST_PASS ? fill(b, i, p, &rec, op) : verdict;
}

// Takes what nearly all records are in few steps: application data that is new.
static inline uint8_t prepare(struct burst *b, uint16_t i, struct aead_op *op)
{
	const struct session *s = b->session[i];
	const struct rte_mbuf *m = b->mbuf[i];
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct record rec;

	if (likely(record_is_data(p, m->data_len, s->rx.epoch, &rec) &&
		   replay_fresh(&s->rx.replay, rec.seq)))
		return fill(b, i, p, &rec, op);
	return prepare_other(b, i, op);
}

// What is decided once the tag is known.
static inline uint8_t settle(struct session *s, struct rte_mbuf *m, uint64_t seq,
			     const struct aead_op *op)
{
	const uint16_t plain_len = (uint16_t)op->data_len;

	if (unlikely(!op->ok)) {
		s->rx.key.forged++;
		return DROP_BAD_TAG;
	}
	if (unlikely(!replay_accept(&s->rx.replay, seq)))
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

	for (uint16_t i = 0; i < nb; i++) {
		b->verdict[i] = prepare(b, i, op);
		op += b->verdict[i] == BURST_PASS;
	}
	aead_open_burst(aead, b->op, (uint16_t)(op - b->op));
	for (const struct aead_op *o = b->op; o < op; o++) {
		const uint16_t i = o->index;

		b->verdict[i] = settle(b->session[i], b->mbuf[i], b->seq[i], o);
	}
}
