// SPDX-License-Identifier: BSD-3-Clause
#include "last_flight.h"

#include "neigh.h"

void last_flight_take(struct last_flight *flight, struct hs_bio *bio)
{
	flight->epoch0_seq = bio->epoch0_seq;
	flight->mtu = bio->dgram.mtu;
	flight->ticket = bio->ticket;
	flight->ticket_len = bio->ticket_len;
	bio->ticket = NULL;
	bio->ticket_len = 0;
	flight->finished_len = bio->finished_len;
	memcpy(flight->finished, bio->finished, bio->finished_len);
}

// The flight as it is written: whole datagrams are sent, the one in m is not full yet.
struct writer {
	struct cp *cp;
	const struct session *session;
	struct last_flight *flight;
	struct rte_mbuf *m;
};

// Room for len bytes, NULL if there is none.  A datagram that has no room for reserve bytes is
// sent.
static uint8_t *room(struct writer *w, uint16_t len, uint16_t reserve)
{
	uint16_t used = w->m != NULL ? w->m->data_len : 0;

	if (w->m != NULL &&
	    (used + reserve > w->flight->mtu || rte_pktmbuf_tailroom(w->m) < reserve)) {
		neigh_send(w->cp, w->session->lcore, w->m, &w->session->tx.encap);
		w->m = NULL;
	}
	if (w->m == NULL)
		w->m = rte_pktmbuf_alloc(w->cp->dp->mbuf_pool);
	return w->m != NULL ? (uint8_t *)rte_pktmbuf_append(w->m, len) : NULL;
}

// Writes a whole record of epoch 0 under the next number.  False: no memory.
static bool put(struct writer *w, const uint8_t *bytes, struct record *rec, uint16_t reserve)
{
	uint16_t len = DTLS_RECORD_HEADER_LEN + rec->fragment_len;
	uint8_t *p = room(w, len, RTE_MAX(len, reserve));

	if (p == NULL)
		return false;
	memcpy(p, bytes, len);
	rec->seq = w->flight->epoch0_seq++;
	record_write(p, rec);
	return true;
}

static bool put_ticket(struct writer *w)
{
	const uint8_t *p = w->flight->ticket;
	size_t left = w->flight->ticket_len;
	struct record rec;

	while (record_parse(p, left, &rec)) {
		uint16_t len = DTLS_RECORD_HEADER_LEN + rec.fragment_len;

		if (!put(w, p, &rec, 0))
			return false;
		p += len;
		left -= len;
	}
	return true;
}

// ChangeCipherSpec and Finished, which its lcore seals, in one datagram.  Sets *front_len.
static bool put_finished(struct writer *w, uint16_t *front_len)
{
	static const uint8_t change_cipher_spec[DTLS_RECORD_HEADER_LEN + 1] = {
		[DTLS_RECORD_HEADER_LEN] = 1,
	};
	const struct aead_info *info = &aead_info[w->session->suite];
	uint16_t header = DTLS_RECORD_HEADER_LEN + info->explicit_nonce_len;
	struct record rec = {
		.type = DTLS_CHANGE_CIPHER_SPEC,
		.version = DTLS_VERSION_1_2,
		.fragment_len = 1,
	};
	uint16_t finished_len = w->flight->finished_len;
	uint8_t *p;

	if (!put(w, change_cipher_spec, &rec,
		 sizeof(change_cipher_spec) + header + finished_len + info->tag_len))
		return false;
	*front_len = w->m->data_len;
	p = (uint8_t *)rte_pktmbuf_append(w->m, header + finished_len);
	if (p == NULL)
		return false;
	memcpy(p + header, w->flight->finished, finished_len);
	return true;
}

bool last_flight_resend(struct cp *cp, struct session_entry *entry)
{
	const struct session *s = entry->session;
	struct writer w = {.cp = cp, .session = s, .flight = &entry->flight};
	struct msg msg = {
		.type = MSG_TX_RECORD,
		.content_type = DTLS_HANDSHAKE,
		.id = entry->id,
		.flow = entry->flow,
	};

	if (entry->flight.epoch0_seq > DTLS_SEQ_MAX)
		return false;
	if (put_ticket(&w) && put_finished(&w, &msg.front_len)) {
		msg.mbuf = w.m;
		if (dp_send(cp->dp, s->lcore, &msg))
			return true;
	}
	rte_pktmbuf_free(w.m);
	return false;
}
