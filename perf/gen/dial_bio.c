// SPDX-License-Identifier: BSD-3-Clause
#include "dial_bio.h"

void dial_bio_note(struct dial_bio *b, const uint8_t *p, size_t len)
{
	struct record rec;

	while (record_parse(p, len, &rec)) {
		size_t record_len = DTLS_RECORD_HEADER_LEN + (size_t)rec.fragment_len;

		if (rec.epoch == 1 && rec.seq >= b->epoch1_next)
			b->epoch1_next = rec.seq + 1;
		p += record_len;
		len -= record_len;
	}
}

// What cannot be sent is lost, as on any way.
static int bio_write(BIO *bio, const char *data, int len)
{
	struct dial_bio *b =
		container_of((struct dgram_bio *)BIO_get_data(bio), struct dial_bio, dgram);
	struct rte_mbuf *m;
	char *room;

	BIO_clear_retry_flags(bio);
	if (len <= 0 || len > UINT16_MAX)
		return -1;
	dial_bio_note(b, (const uint8_t *)data, (size_t)len);
	m = rte_pktmbuf_alloc(b->g->pool);
	room = m != NULL ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;
	if (room == NULL) {
		rte_pktmbuf_free(m);
		return len;
	}
	memcpy(room, data, (size_t)len);
	encap_push(m, &b->encap, &b->g->outside.port,
		   neighbours_mac(&b->g->neighbours, b->g->server_hop));
	if (ports_send(&b->g->outside, &m, 1) == 0)
		rte_pktmbuf_free(m);
	return len;
}

BIO *dial_bio_new(struct dial_bio *b)
{
	static BIO_METHOD *method; // made once

	if (method == NULL)
		method = dgram_bio_method("load generator", bio_write);
	return dgram_bio_new(method, &b->dgram);
}
