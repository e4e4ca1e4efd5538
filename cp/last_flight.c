// SPDX-License-Identifier: BSD-3-Clause
#include "last_flight.h"

#include "neigh.h"

void last_flight_take(struct last_flight *flight, struct hs_bio *bio)
{
	flight->epoch0_seq = bio->epoch0_seq;
	flight->ticket = bio->ticket;
	flight->ticket_len = bio->ticket_len;
	bio->ticket = NULL;
	bio->ticket_len = 0;
	flight->finished_len = bio->finished_len;
	memcpy(flight->finished, bio->finished, bio->finished_len);
}

// One mbuf with len bytes, NULL if there is none.
static struct rte_mbuf *make(struct cp *cp, const void *bytes, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(cp->dp->mbuf_pool);

	if (m != NULL)
		memcpy(rte_pktmbuf_append(m, len), bytes, len);
	return m;
}

static void send_change_cipher_spec(struct cp *cp, const struct session *s, uint64_t seq)
{
	uint8_t bytes[DTLS_RECORD_HEADER_LEN + 1];
	struct record rec = {
		.type = DTLS_CHANGE_CIPHER_SPEC,
		.version = DTLS_VERSION_1_2,
		.seq = seq,
		.fragment_len = 1,
	};
	struct rte_mbuf *m;

	record_write(bytes, &rec);
	bytes[DTLS_RECORD_HEADER_LEN] = 1;
	m = make(cp, bytes, sizeof(bytes));
	if (m != NULL)
		neigh_send(cp, s->lcore, m, &s->tx.encap);
}

static void send_ticket(struct cp *cp, const struct session *s, struct last_flight *flight)
{
	uint8_t *p = flight->ticket;
	size_t left = flight->ticket_len;
	struct record rec;

	while (record_parse(p, left, &rec)) {
		uint16_t len = DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		struct rte_mbuf *m;

		rec.seq = flight->epoch0_seq++;
		record_write(p, &rec);
		m = make(cp, p, len);
		if (m != NULL)
			neigh_send(cp, s->lcore, m, &s->tx.encap);
		p += len;
		left -= len;
	}
}

bool last_flight_resend(struct cp *cp, struct session_entry *entry)
{
	const struct session *s = entry->session;
	struct msg msg = {
		.type = MSG_TX_RECORD,
		.content_type = DTLS_HANDSHAKE,
		.id = entry->id,
		.flow = entry->flow,
	};

	if (entry->flight.epoch0_seq > DTLS_SEQ_MAX)
		return false;
	msg.mbuf = make(cp, entry->flight.finished, entry->flight.finished_len);
	if (msg.mbuf == NULL)
		return false;
	send_ticket(cp, s, &entry->flight);
	send_change_cipher_spec(cp, s, entry->flight.epoch0_seq++);
	if (dp_send(cp->dp, s->lcore, &msg))
		return true;
	rte_pktmbuf_free(msg.mbuf);
	return false;
}
