// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "open.h"

// A datagram for a live session, record by record through record_parse() and open_burst() over the
// null AEAD (aead_null.c).  Whatever passes must lie inside its record and pass once; the window
// and the counters must tell the same story.

#define WINDOW	   REPLAY_WINDOW_MIN
#define PASSED_MAX 8192 // more records than a datagram can hold

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[sizeof(struct session) + WINDOW / 8] __rte_cache_aligned;

static struct {
	uint64_t seq[PASSED_MAX];
	size_t nb;
	uint64_t bytes, forged;
} passed;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct session *fresh_session(enum aead_suite suite)
{
	struct session *s = (struct session *)memory;

	memset(memory, 0, sizeof(memory));
	memset(&passed, 0, sizeof(passed));
	s->suite = (uint8_t)suite;
	s->rx.epoch = 1;
	replay_init(&s->rx.replay, s->replay_bitmap, WINDOW);
	return s;
}

static void check_pass(const struct rte_mbuf *m, const struct record *rec, const uint8_t *p)
{
	const uint8_t *plain = rte_pktmbuf_mtod(m, const uint8_t *);

	require(m->data_len == rec->plain_len && m->pkt_len == m->data_len);
	require(rec->plain_len <= DTLS_PLAIN_MAX && rec->epoch == 1);
	require(plain >= p + DTLS_RECORD_HEADER_LEN &&
		plain + m->data_len <= p + DTLS_RECORD_HEADER_LEN + rec->fragment_len);
	for (size_t i = 0; i < passed.nb; i++)
		require(passed.seq[i] != rec->seq);
	passed.seq[passed.nb++] = rec->seq;
	passed.bytes += rec->plain_len;
}

static void open_and_check(struct burst *b, struct record *rec, uint8_t *const *p)
{
	open_burst(NULL, b);
	for (uint16_t i = 0; i < b->n; i++) {
		if (b->verdict[i] == BURST_PASS) {
			require(b->seq[i] == rec[i].seq && b->type[i] == rec[i].type);
			check_pass(b->mbuf[i], &rec[i], p[i]);
		} else if (b->verdict[i] == DROP_BAD_TAG)
			passed.forged++;
	}
	b->n = 0;
}

static void run(enum aead_suite suite, uint8_t *data, size_t size)
{
	struct session *s = fresh_session(suite);
	struct rte_mbuf mbuf[BURST_MAX];
	uint8_t *at[BURST_MAX];
	struct record record[BURST_MAX];
	static struct burst b;
	struct record rec;

	while (record_parse(data, size, &rec)) {
		size_t len = DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		uint8_t header[DTLS_RECORD_HEADER_LEN];
		struct rte_mbuf *m = &mbuf[b.n];

		require(len <= size && rec.fragment_len <= DTLS_FRAGMENT_MAX);
		record_write(header, &rec);
		require(memcmp(header, data, sizeof(header)) == 0);

		memset(m, 0, sizeof(*m));
		m->buf_addr = data;
		m->data_len = (uint16_t)len;
		m->pkt_len = m->data_len;
		at[b.n] = data;
		b.mbuf[b.n] = m;
		b.session[b.n] = s;
		rec.plain_len = (uint16_t)(len - record_overhead(suite));
		record[b.n++] = rec;
		if (b.n == BURST_MAX)
			open_and_check(&b, record, at);
		data += len;
		size -= len;
	}
	open_and_check(&b, record, at);
	require(s->rx.records == passed.nb && s->rx.bytes == passed.bytes);
	require(s->rx.key.forged == passed.forged);
	require((s->rx.replay.next == 0) == (passed.nb == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > UINT16_MAX)
		return 0;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		uint8_t *copy = malloc(size > 0 ? size : 1);

		if (copy == NULL)
			return 0;
		memcpy(copy, data, size);
		run(suite, copy, size);
		free(copy);
	}
	return 0;
}
