// SPDX-License-Identifier: BSD-3-Clause
#include "hs_bio.h"

#include <pthread.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <stdlib.h>

#include "keyblock.h"

#define RECORD_MAX   2048      // bytes of a client's record of epoch 1
#define TIMER_MAX_US 60000000u // RFC 6347 section 4.2.4.1

static struct hs_bio *of_bio(BIO *bio)
{
	return container_of((struct dgram_bio *)BIO_get_data(bio), struct hs_bio, dgram);
}

// Room for len bytes behind the flight's other records, NULL if there is none.
static uint8_t *flight_room(struct hs_bio *h, uint16_t len)
{
	struct rte_mbuf *m = h->flight_nb > 0 ? h->flight[h->flight_nb - 1] : NULL;

	uint8_t *room;

	if (m != NULL && m->data_len + len <= h->dgram.mtu && rte_pktmbuf_tailroom(m) >= len)
		return (uint8_t *)rte_pktmbuf_append(m, len);
	h->flight_full |= h->flight_nb == HS_FLIGHT_MAX;
	m = h->flight_full ? NULL : rte_pktmbuf_alloc(h->pool);
	if (m == NULL)
		return NULL;
	room = (uint8_t *)rte_pktmbuf_append(m, len);
	if (room != NULL)
		h->flight[h->flight_nb++] = m;
	else
		rte_pktmbuf_free(m);
	return room;
}

static void note_finished(struct hs_bio *h, const struct record *rec, const uint8_t *plain)
{
	if (rec->type != DTLS_HANDSHAKE || rec->plain_len == 0 || plain[0] != DTLS_FINISHED ||
	    rec->plain_len > sizeof(h->finished))
		return;
	memcpy(h->finished, plain, rec->plain_len);
	h->finished_len = (uint8_t)rec->plain_len;
}

// Keeps the records of a NewSessionTicket, which may come in fragments, and again.
static void note_ticket(struct hs_bio *h, const struct record *rec, const uint8_t *p, uint16_t len)
{
	const uint8_t *message = p + DTLS_RECORD_HEADER_LEN;
	uint8_t *grown;

	if (rec->type != DTLS_HANDSHAKE || rec->fragment_len < DTLS_HANDSHAKE_HEADER_LEN ||
	    message[0] != DTLS_NEW_SESSION_TICKET)
		return;
	if (message[6] == 0 && message[7] == 0 && message[8] == 0) // fragment offset
		h->ticket_len = 0;
	grown = realloc(h->ticket, h->ticket_len + len);
	if (grown == NULL)
		return;
	h->ticket = grown;
	memcpy(h->ticket + h->ticket_len, p, len);
	h->ticket_len += len;
}

int hs_bio_keys(struct hs_bio *h)
{
	struct traffic_keys keys;
	struct session *s = NULL;
	int rc;

	if (h->session != NULL)
		return 0;
	if (h->ssl == NULL)
		return -EAGAIN;
	rc = keyblock_derive(h->ssl, &keys);
	if (rc == 0)
		s = session_pool_get(h->sessions, h->node);
	if (rc == 0 && s == NULL)
		rc = -ENOMEM;
	if (rc == 0) {
		h->session = s;
		session_init(s, h->aead, &keys, h->replay_window);
	}
	keys_wipe(&keys);
	return rc;
}

// Opens OpenSSL's record at p and seals it again, in place, under the session's next number.
static bool reseal(struct hs_bio *h, uint8_t *p, struct record *rec)
{
	struct session *s;
	struct aead_op op;

	h->keys_error = hs_bio_keys(h);
	if (h->keys_error != 0)
		return false;
	s = h->session;
	if (!record_open_prepare(s->suite, s->tx.iv, p, rec, &op))
		return false;
	op.key = &s->tx.key;
	aead_open_burst(h->aead, &op, 1);
	if (!op.ok)
		return false;
	note_finished(h, rec, op.data);
	rec->epoch = s->tx.epoch;
	rec->seq = s->tx.seq++;
	record_seal_prepare(s->suite, s->tx.iv, p, rec, &op);
	op.key = &s->tx.key;
	aead_seal_burst(h->aead, &op, 1);
	return true;
}

// Puts one record of OpenSSL's into the flight.
static bool put(struct hs_bio *h, const uint8_t *p, struct record *rec)
{
	uint16_t len = DTLS_RECORD_HEADER_LEN + rec->fragment_len;
	uint8_t *room;

	if (h->epoch0_seq > DTLS_SEQ_MAX)
		return false;
	room = flight_room(h, len);
	if (room == NULL) // a Finished must be known
		return rec->epoch == 0 && !h->flight_full;
	memcpy(room, p, len);
	if (rec->epoch != 0)
		return reseal(h, room, rec);
	rec->seq = h->epoch0_seq++;
	record_write(room, rec);
	note_ticket(h, rec, room, len);
	return true;
}

static int bio_write(BIO *bio, const char *data, int len)
{
	struct hs_bio *h = of_bio(bio);
	const uint8_t *p = (const uint8_t *)data;
	size_t left = len > 0 ? (size_t)len : 0;
	struct record rec;

	BIO_clear_retry_flags(bio);
	while (left > 0) {
		if (!record_parse(p, left, &rec))
			return -1;
		size_t record_len = DTLS_RECORD_HEADER_LEN + (size_t)rec.fragment_len;

		if (!put(h, p, &rec)) {
			h->write_failed = true;
			return -1;
		}
		p += record_len;
		left -= record_len;
	}
	return len;
}

static BIO_METHOD *method; // made once

static void make_method(void)
{
	method = dgram_bio_method("handshake", bio_write);
}

BIO *hs_bio_new(struct hs_bio *h)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_method);
	return dgram_bio_new(method, &h->dgram);
}

// What a datagram may carry after so many retransmissions.
static uint16_t fallback(const struct hs_bio *h)
{
	bool v4 = h->dgram.header_len < sizeof(struct rte_ipv6_hdr);

	if (h->unanswered <= HS_FULL_RETRANSMISSIONS)
		return h->dgram.mtu;
	if (h->unanswered == HS_FULL_RETRANSMISSIONS + 1 || !v4)
		return RTE_MIN(h->dgram.mtu, HS_PAYLOAD_FALLBACK);
	return RTE_MIN(h->dgram.mtu, HS_PAYLOAD_IPV4);
}

unsigned int hs_bio_timer(SSL *ssl, unsigned int us)
{
	struct hs_bio *h = of_bio(SSL_get_rbio(ssl));
	uint16_t mtu;

	if (us == 0) { // a new flight
		h->unanswered = 0;
		return h->retransmit_us;
	}
	h->unanswered++;
	mtu = fallback(h);
	if (mtu < h->dgram.mtu) {
		h->dgram.mtu = mtu;
		SSL_set_mtu(ssl, mtu);
	}
	return RTE_MIN(2 * us, TIMER_MAX_US);
}

bool hs_bio_accept(struct hs_bio *h, const uint8_t *record, uint16_t len)
{
	struct session *s = h->session;
	uint8_t copy[RECORD_MAX];
	struct record rec;
	struct aead_op op;

	if (len > sizeof(copy) || !record_parse(record, len, &rec) || rec.epoch != s->rx.epoch ||
	    !replay_fresh(&s->rx.replay, rec.seq) || s->rx.key.forged >= s->rx.key.forged_limit)
		return false;
	memcpy(copy, record, len);
	if (!record_open_prepare(s->suite, s->rx.iv, copy, &rec, &op))
		return false;
	op.key = &s->rx.key;
	aead_open_burst(h->aead, &op, 1);
	h->fatal_alert = op.ok && rec.type == DTLS_ALERT && rec.plain_len == DTLS_ALERT_LEN &&
			 op.data[0] == DTLS_ALERT_FATAL;
	explicit_bzero(copy, sizeof(copy));
	s->rx.key.forged += !op.ok;
	return op.ok && replay_accept(&s->rx.replay, rec.seq);
}

// Writes an alert with the session's next number to p.
static void seal_alert(struct hs_bio *h, uint8_t *p, const uint8_t alert[DTLS_ALERT_LEN])
{
	struct session *s = h->session;
	struct record rec = {
		.type = DTLS_ALERT,
		.version = DTLS_VERSION_1_2,
		.epoch = s->tx.epoch,
		.seq = s->tx.seq++,
		.plain_len = DTLS_ALERT_LEN,
	};
	struct aead_op op;

	memcpy(p + DTLS_RECORD_HEADER_LEN + aead_info[s->suite].explicit_nonce_len, alert,
	       DTLS_ALERT_LEN);
	record_seal_prepare(s->suite, s->tx.iv, p, &rec, &op);
	op.key = &s->tx.key;
	aead_seal_burst(h->aead, &op, 1);
}

static void write_alert(struct hs_bio *h, uint8_t *p, const uint8_t alert[DTLS_ALERT_LEN])
{
	struct record rec = {
		.type = DTLS_ALERT,
		.version = DTLS_VERSION_1_2,
		.fragment_len = DTLS_ALERT_LEN,
		.seq = h->epoch0_seq++,
	};

	record_write(p, &rec);
	memcpy(p + DTLS_RECORD_HEADER_LEN, alert, DTLS_ALERT_LEN);
}

void hs_bio_alert(struct hs_bio *h, enum dtls_alert_description description)
{
	const uint8_t alert[DTLS_ALERT_LEN] = {DTLS_ALERT_FATAL, (uint8_t)description};
	// Our Finished has gone out: only in a resumption does it go before the client's.
	bool sealed = h->session != NULL && h->session->tx.seq > 0 && h->flight_nb == 0;
	uint16_t overhead = DTLS_RECORD_HEADER_LEN;
	uint8_t *p;

	hs_bio_discard(h);
	h->flight_full = false;
	if (sealed)
		overhead = record_overhead(h->session->suite);
	else if (h->epoch0_seq > DTLS_SEQ_MAX)
		return;
	p = flight_room(h, overhead + DTLS_ALERT_LEN);
	if (p == NULL)
		return;
	if (sealed)
		seal_alert(h, p, alert);
	else
		write_alert(h, p, alert);
}

void hs_bio_discard(struct hs_bio *h)
{
	for (uint16_t i = 0; i < h->flight_nb; i++)
		rte_pktmbuf_free(h->flight[i]);
	h->flight_nb = 0;
}
