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
	struct dial_bio *b = BIO_get_data(bio);
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

static int bio_read(BIO *bio, char *data, int len)
{
	struct dial_bio *b = BIO_get_data(bio);
	int n;

	BIO_clear_retry_flags(bio);
	if (b->in == NULL || len <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	n = RTE_MIN(len, (int)b->in_len);
	memcpy(data, b->in, (size_t)n);
	b->in = NULL;
	return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	const struct dial_bio *b = BIO_get_data(bio);

	RTE_SET_USED(number);
	RTE_SET_USED(pointer);
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_PENDING:
		return b->in != NULL ? b->in_len : 0;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return b->mtu;
	}
	return 0;
}

// Made once, kept until the program ends.
static const BIO_METHOD *method(void)
{
	static BIO_METHOD *made;

	if (made == NULL) {
		made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "load generator");
		if (made == NULL)
			return NULL;
		BIO_meth_set_write(made, bio_write);
		BIO_meth_set_read(made, bio_read);
		BIO_meth_set_ctrl(made, bio_ctrl);
	}
	return made;
}

BIO *dial_bio_new(struct dial_bio *b)
{
	const BIO_METHOD *m = method();
	BIO *bio = m != NULL ? BIO_new(m) : NULL;

	if (bio != NULL) {
		BIO_set_data(bio, b);
		BIO_set_init(bio, 1);
	}
	return bio;
}
