// SPDX-License-Identifier: BSD-3-Clause
#include "hs_records.h"

#include <errno.h>

#include "hs_fail.h"
#include "hs_report.h"

// What the records of a datagram ask for.
struct verdict {
	bool locked; // a record of epoch 1 came before its keys
	bool lcore;  // a record for the session came before it
	uint16_t ignored;
};

static void offer(struct handshake *hs, const uint8_t *record, uint16_t len)
{
	dgram_bio_offer(&hs->bio.dgram, record, len);
	handshake_step(hs);
}

// True if the session with the keys exists, or could be made now.
static bool has_keys(struct handshake *hs)
{
	int rc = hs_bio_keys(&hs->bio);

	if (rc != 0 && rc != -EAGAIN)
		hs_fail_keys(hs, rc);
	return rc == 0;
}

// A record of epoch 1, whose keys there are.  False if it does not authenticate.
static bool take_protected(struct handshake *hs, const uint8_t *p, uint16_t len, uint8_t type)
{
	uint64_t forged = hs->bio.session->rx.key.forged;

	if (hs_bio_accept(&hs->bio, p, len)) {
		hs->authenticated = true;
		if (hs->bio.fatal_alert)
			hs_fail_alerted(hs);
		else
			offer(hs, p, len);
		return true;
	}
	if (type == DTLS_HANDSHAKE && hs->bio.session->rx.key.forged > forged)
		hs_fail_bad_finished(hs);
	return false;
}

// OpenSSL sees handshake, ChangeCipherSpec and alert records, of epoch 1 only those that
// authenticate, and never application data, which it would swallow.  Once it is done, whatever
// comes in epoch 1 is for the session: also the alert of a client that gives up.
static void take_record(struct handshake *hs, const uint8_t *p, uint16_t len,
			const struct record *rec, struct verdict *verdict)
{
	bool data = rec->type == DTLS_APPLICATION_DATA;
	bool done = hs->state == HS_WAIT_ROOM || hs->state == HS_WAIT_INSTALLED;

	if (rec->epoch == 1 && (data || done))
		verdict->lcore = true;
	else if (hs->state != HS_WAIT_CLIENT || data || rec->epoch > 1 ||
		 rec->type < DTLS_CHANGE_CIPHER_SPEC || rec->type > DTLS_HANDSHAKE)
		verdict->ignored++;
	else if (rec->epoch == 0)
		offer(hs, p, len);
	else if (!has_keys(hs))
		verdict->locked = true;
	else if (!take_protected(hs, p, len, rec->type))
		verdict->ignored++;
}

static struct verdict take_all(struct handshake *hs, const uint8_t *p, size_t left)
{
	struct verdict verdict = {.ignored = 0};
	struct record rec;

	while (record_parse(p, left, &rec)) {
		uint16_t len = DTLS_RECORD_HEADER_LEN + rec.fragment_len;

		take_record(hs, p, len, &rec, &verdict);
		p += len;
		left -= len;
	}
	verdict.ignored += left > 0;
	return verdict;
}

// Once there are keys, the records that came before them.
static void offer_early(struct handshake *hs)
{
	if (hs->early.nb == 0 || hs->early_offered || hs->state != HS_WAIT_CLIENT || !has_keys(hs))
		return;
	hs->early_offered = true;
	for (uint16_t i = 0; i < hs->early.nb; i++) {
		struct rte_mbuf *m = hs->early.datagram[i].mbuf;

		if (!take_all(hs, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len).lcore)
			hs->early.datagram[i].l234_len = 0;
	}
}

void hs_records_take(struct handshake *hs, const uint8_t *p, size_t len)
{
	struct verdict verdict = take_all(hs, p, len);

	STATS_ADD(hs_report_counters(hs)->records_ignored, verdict.ignored);
	if (verdict.lcore || verdict.locked)
		HS_COUNT(hs, early_dropped);
}

void hs_records_datagram(struct handshake *hs, struct rte_mbuf *m, uint16_t l234_len)
{
	struct verdict verdict = take_all(hs, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);

	STATS_ADD(hs_report_counters(hs)->records_ignored, verdict.ignored);
	offer_early(hs);
	if (!(verdict.lcore || verdict.locked)) {
		rte_pktmbuf_free(m);
	} else if (hs->state == HS_WAIT_REMOVE) {
		rte_pktmbuf_free(m);
		HS_COUNT(hs, early_dropped);
	} else if (hs_early_hold(&hs->early, hs->worker->handshakes,
				 hs->cp->config->early_data_bytes, m, l234_len, verdict.locked)) {
		HS_COUNT(hs, early_held);
	} else {
		HS_COUNT(hs, early_dropped);
	}
}
