// SPDX-License-Identifier: BSD-3-Clause
#include "seal.h"

#define BLOCK_LEN 16 // bytes

// Blocks that one record costs its key: the plaintext's, the tag's mask, the hash key's share.
static uint64_t blocks(uint16_t plain_len)
{
	return (plain_len + BLOCK_LEN - 1u) / BLOCK_LEN + 2;
}

// Takes cost from what the session may still seal.  False if the record is over a limit.  Some
// sequence numbers behind the limits are for alerts and a last flight sent again.
static inline bool take_blocks(struct session *s, uint8_t type, uint64_t cost)
{
	const uint64_t left = s->tx.blocks_left;

	if (likely(type == DTLS_APPLICATION_DATA)) {
		s->tx.blocks_left = left - cost;
		if (likely(s->tx.seq < s->tx.seq_limit && left >= cost))
			return true;
		s->tx.blocks_left = left;
		return false;
	}
	s->tx.blocks_left = left - RTE_MIN(cost, left);
	return s->tx.seq < DTLS_SEQ_MAX;
}

// Takes a sequence number and prepares the record.  Fills *op on BURST_PASS.
static inline uint8_t prepare(struct session *s, struct rte_mbuf *m, uint8_t type,
			      struct aead_op *op)
{
	const enum aead_suite suite = (enum aead_suite)s->suite;
	const uint16_t tag_len = aead_info[suite].tag_len;
	const uint16_t front = DTLS_RECORD_HEADER_LEN + aead_info[suite].explicit_nonce_len;
	const uint16_t plain_len = m->data_len;
	struct record rec = {.type = type,
			     .version = DTLS_VERSION_1_2,
			     .epoch = s->tx.epoch,
			     .seq = s->tx.seq,
			     .plain_len = plain_len};

	if (unlikely(rte_pktmbuf_tailroom(m) < tag_len || rte_pktmbuf_headroom(m) < front ||
		     plain_len > DTLS_PLAIN_MAX))
		return DROP_TOO_BIG;
	if (unlikely(!take_blocks(s, type, blocks(plain_len))))
		return DROP_SEQ_LIMIT;
	s->tx.seq = rec.seq + 1;
	s->tx.bytes += plain_len;
	m->data_off -= front;
	m->data_len = front + plain_len + tag_len;
	m->pkt_len = m->data_len;
	op->key = &s->tx.key;
	record_seal_prepare(suite, s->tx.iv, rte_pktmbuf_mtod(m, uint8_t *), &rec, op);
	return BURST_PASS;
}

void seal_burst(struct aead *aead, struct burst *b)
{
	const uint16_t nb = b->n;
	struct aead_op *op = b->op;

	for (uint16_t i = 0; i < nb; i++) {
		b->record[i].plain_len = b->mbuf[i]->data_len;
		b->verdict[i] = prepare(b->session[i], b->mbuf[i], b->record[i].type, op);
		op += b->verdict[i] == BURST_PASS;
	}
	aead_seal_burst(aead, b->op, (uint16_t)(op - b->op));
}
