// SPDX-License-Identifier: BSD-3-Clause
#include "hs_report.h"

#include <openssl/err.h>
#include <rte_cycles.h>

#include "identity.h"

struct handshake_stats *hs_report_counters(const struct handshake *hs)
{
	return hs_table_counters(hs->cp->handshakes, hs->listener);
}

uint64_t hs_report_elapsed_ms(const struct handshake *hs)
{
	return (rte_rdtsc() - hs->begun_tsc) * 1000 / rte_get_tsc_hz();
}

const char *hs_report_reason(const struct handshake *hs, const char *otherwise)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	RTE_SET_USED(hs);
	return reason != NULL ? reason : otherwise;
}

static const char *peer_text(const struct handshake *hs, char text[static IP_PORT_TEXT_LEN])
{
	return ip_port_format(&hs->flow.remote, hs->flow.remote_port, text);
}

static const char *listener_name(const struct handshake *hs)
{
	return hs->cp->config->listener[hs->listener].name;
}

void hs_report_done(const struct handshake *hs)
{
	const struct identity *identity = hs->client.identity;
	char peer[IP_PORT_TEXT_LEN];

	LOG_LIMITED(INFO, "handshake: %s on %s: done, %s%s%s, %" PRIu64 " ms", peer_text(hs, peer),
		    listener_name(hs), hs->suite, identity != NULL ? ", " : "",
		    identity != NULL ? identity->text : "", hs_report_elapsed_ms(hs));
}

void hs_report_failed(const struct handshake *hs, const char *reason)
{
	char peer[IP_PORT_TEXT_LEN], identity[IDENTITY_TEXT_LEN];
	const char *psk = hs->ssl != NULL ? SSL_get_psk_identity(hs->ssl) : NULL;

	if (psk == NULL || !hs->client.psk_tried)
		LOG_LIMITED(NOTICE, "handshake: %s on %s: failed: %s, %" PRIu64 " ms",
			    peer_text(hs, peer), listener_name(hs), reason,
			    hs_report_elapsed_ms(hs));
	else
		LOG_LIMITED(NOTICE,
			    "handshake: %s on %s: failed: %s, %sidentity \"%s\", %" PRIu64 " ms",
			    peer_text(hs, peer), listener_name(hs), reason,
			    hs->client.psk_unknown ? "unknown " : "",
			    identity_printable(psk, identity), hs_report_elapsed_ms(hs));
}

void hs_report_refused(const struct msg *msg, const char *reason)
{
	char peer[IP_PORT_TEXT_LEN];

	LOG_LIMITED(WARNING, "handshake: %s: refused: %s",
		    ip_port_format(&msg->flow.remote, msg->flow.remote_port, peer), reason);
}
