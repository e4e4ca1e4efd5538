// SPDX-License-Identifier: BSD-3-Clause
#include "hs_fail.h"

#include <errno.h>
#include <rte_cycles.h>

#include "hs_report.h"
#include "install.h"
#include "resumption.h"

#define BAD_FINISHED_MAX 3

void hs_fail_give_up(struct handshake *hs, uint64_t *counter, const char *reason)
{
	STATS_ADD(*counter, 1);
	hs_report_failed(hs, reason);
	handshake_close(hs);
	install_free(hs->cp, hs->bio.session);
	hs->bio.session = NULL;
	hs->state = HS_WAIT_REMOVE;
}

void hs_fail_with(struct handshake *hs, const char *reason)
{
	hs_fail_give_up(hs, &hs_report_counters(hs)->failed, reason);
}

void hs_fail_revoke(struct handshake *hs)
{
	if (hs->authenticated)
		resumption_revoke(hs->cp->resumption, &hs->client.tag);
}

void hs_fail_ssl(struct handshake *hs, const char *otherwise)
{
	resumption_tag(hs->ssl, &hs->client.tag);
	hs_fail_revoke(hs);
	hs_report_count(hs);
	hs_fail_with(hs, hs_report_reason(hs, otherwise));
}

void hs_fail_silent(struct handshake *hs)
{
	bool written = !hs->bio.write_failed, full = hs->bio.flight_full;
	const char *failed = full ? "a flight needs too many datagrams" : "a flight cannot be made";

	hs_bio_alert(&hs->bio, written ? DTLS_ALERT_DECODE_ERROR : DTLS_ALERT_INTERNAL_ERROR);
	resumption_tag(hs->ssl, &hs->client.tag);
	hs_fail_revoke(hs);
	hs_fail_with(hs, written ? "a message is too long or its fragments disagree" : failed);
}

void hs_fail_alerted(struct handshake *hs)
{
	resumption_tag(hs->ssl, &hs->client.tag);
	hs_fail_revoke(hs);
	hs_fail_with(hs, "fatal alert from the client");
}

void hs_fail_keys(struct handshake *hs, int rc)
{
	hs_bio_alert(&hs->bio, DTLS_ALERT_INTERNAL_ERROR);
	hs_fail_with(hs, rc == -ENOMEM ? "no memory for one more session"
				       : "the key block cannot be derived");
}

void hs_fail_bad_finished(struct handshake *hs)
{
	uint64_t apart = hs->cp->config->retransmit_ms * rte_get_tsc_hz() / 1000 * 3 / 4;
	uint64_t now = rte_rdtsc();

	if (hs->bad_finished_nb > 0 && now - hs->bad_finished_tsc < apart)
		return;
	hs->bad_finished_tsc = now;
	if (++hs->bad_finished_nb < BAD_FINISHED_MAX)
		return;
	HS_COUNT(hs, bad_finished);
	hs_bio_alert(&hs->bio, DTLS_ALERT_DECRYPT_ERROR);
	hs_fail_with(hs, "a Finished did not authenticate, and again");
}

void hs_fail_withdrawn(struct handshake *hs, const char *reason)
{
	HS_COUNT(hs, bad_finished);
	hs_bio_alert(&hs->bio, DTLS_ALERT_DECRYPT_ERROR);
	hs_fail_with(hs, reason);
}

void hs_fail_expired(struct handshake *hs)
{
	if (hs->bad_finished_nb == 0) {
		hs_fail_give_up(hs, &hs_report_counters(hs)->expired, "not finished in time");
		return;
	}
	HS_COUNT(hs, bad_finished);
	hs_bio_alert(&hs->bio, DTLS_ALERT_DECRYPT_ERROR);
	hs_fail_give_up(hs, &hs_report_counters(hs)->expired,
			"not finished in time: a Finished did not authenticate");
}
