// SPDX-License-Identifier: BSD-3-Clause
#include "seal.h"

#define BLOCK_LEN 16 // bytes

// Blocks that one record costs its key: the plaintext's, the tag's mask, the hash key's share.
static uint64_t blocks(uint16_t plain_len)
{
	return (plain_len + BLOCK_LEN - 1u) / BLOCK_LEN + 2;
}

// True if the session may seal this record.  Some sequence numbers behind the limits are for alerts
// and a last flight sent again.
static bool within_limits(const struct session *s, uint8_t type, uint64_t cost)
{
	if (type != DTLS_APPLICATION_DATA)
		return s->tx.seq < DTLS_SEQ_MAX;
	return s->tx.seq < s->tx.seq_limit && s->tx.blocks_left >= cost;
}

// Takes a sequence number and prepares the record.  Fills *op on BURST_PASS.
static uint8_t prepare(struct session *s, struct rte_mbuf *m, struct record *rec,
		       struct aead_op *op)
{
	const struct aead_info *info = &aead_info[s->suite];
	uint16_t front = DTLS_RECORD_HEADER_LEN + info->explicit_nonce_len;
	uint64_t cost = blocks(m->data_len);

	if (unlikely(!within_limits(s, rec->type, cost)))
		return DROP_SEQ_LIMIT;
	rec->plain_len = m->data_len;
	if (unlikely(rte_pktmbuf_tailroom(m) < info->tag_len || rte_pktmbuf_headroom(m) < front ||
		     rec->plain_len > DTLS_PLAIN_MAX))
		return DROP_TOO_BIG;
	rec->version = DTLS_VERSION_1_2;
	rec->epoch = s->tx.epoch;
	rec->seq = s->tx.seq++;
	s->tx.blocks_left -= RTE_MIN(cost, s->tx.blocks_left);
	s->tx.bytes += rec->plain_len;

	m->data_off -= front;
	m->data_len += front + info->tag_len;
	m->pkt_len = m->data_len;
	op->key = &s->tx.key;
	record_seal_prepare(s->suite, s->tx.iv, rte_pktmbuf_mtod(m, uint8_t *), rec, op);
	return BURST_PASS;
}

void seal_burst(struct aead *aead, struct burst *b)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		b->verdict[i] = prepare(b->session[i], b->mbuf[i], &b->record[i], &b->op[n]);
		if (b->verdict[i] == BURST_PASS)
			n++;
	}
	aead_seal_burst(aead, b->op, n);
}
