// SPDX-License-Identifier: BSD-3-Clause
#include "seal.h"

#define BLOCK_LEN 16 // bytes

// Blocks that one record costs its key: the plaintext's, the tag's mask, the hash key's share.
static inline uint32_t blocks(uint32_t plain_len)
{
	return (plain_len + BLOCK_LEN - 1) / BLOCK_LEN + 2;
}

// Takes cost from what the session may still seal.  False if the record is over a limit.
static inline bool take_blocks(struct session *s, uint64_t cost)
{
	const uint64_t left = s->tx.blocks_left;

	if (unlikely(s->tx.seq >= s->tx.seq_limit || left < cost))
		return false;
	s->tx.blocks_left = left - cost;
	return true;
}

// The same for what is no application data: some sequence numbers behind the limits are for alerts
// and a last flight sent again.
static bool take_reserve(struct session *s, uint64_t cost)
{
	s->tx.blocks_left -= RTE_MIN(cost, s->tx.blocks_left);
	return s->tx.seq < DTLS_SEQ_MAX;
}

// Takes a sequence number and prepares the record.  Fills *op on BURST_PASS.
static inline uint8_t prepare(struct session *s, struct rte_mbuf *m, uint8_t type,
			      struct aead_op *op)
{
	const enum aead_suite suite = (enum aead_suite)s->suite;
	const uint32_t added = record_overhead(suite), plain_len = m->data_len;
	const uint32_t front = DTLS_RECORD_HEADER_LEN + aead_info[suite].explicit_nonce_len;
	const uint32_t plain_max = type == DTLS_APPLICATION_DATA ? s->tx.plain_max : DTLS_PLAIN_MAX;
	const uint32_t at = m->data_off - front;
	struct record rec = {.type = type,
			     .version = DTLS_VERSION_1_2,
			     .epoch = s->tx.epoch,
			     .plain_len = (uint16_t)plain_len};

	if (unlikely(m->data_off < front || at + plain_len + added > m->buf_len ||
		     plain_len > plain_max))
		return DROP_TOO_BIG;
	if (unlikely(!(type == DTLS_APPLICATION_DATA ? take_blocks(s, blocks(plain_len))
						     : take_reserve(s, blocks(plain_len)))))
		return DROP_SEQ_LIMIT;
	rec.seq = s->tx.seq++;
	s->tx.bytes += plain_len;
	m->data_off = (uint16_t)at;
	m->data_len = (uint16_t)(plain_len + added);
	m->pkt_len = plain_len + added;
	op->key = &s->tx.key;
	record_seal_prepare(suite, s->tx.iv, (uint8_t *)m->buf_addr + at, &rec, op);
	return BURST_PASS;
}

static __rte_noinline uint8_t prepare_other(struct session *s, struct rte_mbuf *m, uint8_t type,
					    struct aead_op *op)
{
	return prepare(s, m, type, op);
}

void seal_burst(struct aead *aead, struct burst *b)
{
	const uint16_t nb = b->n;
	struct aead_op *op = b->op;
	uint8_t verdict;

	for (uint16_t i = 0; i < nb; i++) {
		b->plain_len[i] = b->mbuf[i]->data_len;
		if (likely(b->type[i] == DTLS_APPLICATION_DATA))
			verdict = prepare(b->session[i], b->mbuf[i], DTLS_APPLICATION_DATA, op);
		else
			verdict = prepare_other(b->session[i], b->mbuf[i], b->type[i], op);
		b->verdict[i] = verdict;
		op += verdict == BURST_PASS;
	}
	aead_seal_burst(aead, b->op, (uint16_t)(op - b->op));
}
