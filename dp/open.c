// SPDX-License-Identifier: BSD-3-Clause
#include "open.h"

static bool opens_to_something(uint8_t type)
{
	return type == DTLS_APPLICATION_DATA || type == DTLS_ALERT || type == DTLS_HANDSHAKE;
}

uint8_t open_filter(const struct session *s, const struct record *rec)
{
	if (rec->epoch == 0)
		return DROP_EPOCH_0;
	if (rec->epoch != s->rx.epoch)
		return DROP_EPOCH;
	if (!opens_to_something(rec->type) || rec->version != DTLS_VERSION_1_2)
		return DROP_RECORD_TYPE;
	if (!replay_fresh(&s->rx.replay, rec->seq))
		return DROP_REPLAY;
	if (rec->fragment_len + DTLS_RECORD_HEADER_LEN < record_overhead(s->suite))
		return DROP_RECORD_LEN;
	return BURST_PASS;
}

// Fills *op on BURST_PASS.
static uint8_t prepare(struct session *s, struct rte_mbuf *m, struct record *rec,
		       struct aead_op *op)
{
	uint8_t verdict = open_filter(s, rec);

	if (verdict != BURST_PASS)
		return verdict;
	replay_prefetch(&s->rx.replay, rec->seq);
	op->key = &s->rx.key;
	if (!record_open_prepare(s->suite, s->rx.iv, rte_pktmbuf_mtod(m, uint8_t *), rec, op))
		return DROP_RECORD_LEN;
	return BURST_PASS;
}

// What is decided once the tag is known.
static uint8_t settle(struct session *s, struct rte_mbuf *m, const struct record *rec,
		      const struct aead_op *op)
{
	if (unlikely(!op->ok)) {
		s->forged++;
		return DROP_BAD_TAG;
	}
	if (unlikely(!replay_accept(&s->rx.replay, rec->seq)))
		return DROP_REPLAY;
	s->rx.records++;
	s->rx.bytes += rec->plain_len;
	m->data_off = (uint16_t)(op->data - (uint8_t *)m->buf_addr);
	m->data_len = rec->plain_len;
	m->pkt_len = rec->plain_len;
	return BURST_PASS;
}

void open_burst(struct aead *aead, struct burst *b)
{
	uint16_t at[BURST_MAX]; // record of each operation
	uint16_t n = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		b->verdict[i] = prepare(b->session[i], b->mbuf[i], &b->record[i], &b->op[n]);
		if (b->verdict[i] == BURST_PASS)
			at[n++] = i;
	}
	aead_open_burst(aead, b->op, n);
	for (uint16_t k = 0; k < n; k++) {
		uint16_t i = at[k];

		b->verdict[i] = settle(b->session[i], b->mbuf[i], &b->record[i], &b->op[k]);
	}
}
