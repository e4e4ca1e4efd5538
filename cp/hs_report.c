// SPDX-License-Identifier: BSD-3-Clause
#include "hs_report.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <rte_cycles.h>

#include "identity.h"

#define CLAIM_LEN (IDENTITY_TEXT_LEN + 32)

struct handshake_stats *hs_report_counters(const struct handshake *hs)
{
	return hs_table_counters(hs->worker->handshakes, hs->listener);
}

uint64_t hs_report_elapsed_ms(const struct handshake *hs)
{
	return (rte_rdtsc() - hs->begun_tsc) * 1000 / rte_get_tsc_hz();
}

const char *hs_report_reason(const struct handshake *hs, const char *otherwise)
{
	long verified = SSL_get_verify_result(hs->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (hs->client.refusal != NULL)
		return hs->client.refusal;
	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return reason != NULL ? reason : otherwise;
}

void hs_report_count(const struct handshake *hs)
{
	unsigned long error = ERR_peek_error();

	if (SSL_get_verify_result(hs->ssl) != X509_V_OK)
		HS_COUNT(hs, bad_certificate);
	else if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		 ERR_GET_REASON(error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		HS_COUNT(hs, no_certificate);
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
	const char *not_resumed = hs->client.not_resumed;
	char peer[IP_PORT_TEXT_LEN];

	LOG_LIMITED(INFO, "handshake: %s on %s: %s, %s%s%s%s%s, %" PRIu64 " ms",
		    peer_text(hs, peer), listener_name(hs), hs->client.resumed ? "resumed" : "done",
		    hs->suite, identity != NULL ? ", " : "", identity != NULL ? identity->text : "",
		    not_resumed != NULL ? ", not resumed: " : "",
		    not_resumed != NULL ? not_resumed : "", hs_report_elapsed_ms(hs));
}

// Who the client said it was, "" if it did not get so far.
static void claim_text(const struct handshake *hs, char text[static CLAIM_LEN])
{
	const char *psk = hs->ssl != NULL ? SSL_get_psk_identity(hs->ssl) : NULL;
	char identity[IDENTITY_TEXT_LEN];

	text[0] = '\0';
	if (hs->client.refused != NULL)
		snprintf(text, CLAIM_LEN, ", certificate of %s", hs->client.refused->text);
	else if (hs->client.psk_tried && psk != NULL)
		snprintf(text, CLAIM_LEN, ", %sidentity \"%s\"",
			 hs->client.psk_unknown ? "unknown " : "",
			 identity_printable(psk, identity));
}

void hs_report_failed(const struct handshake *hs, const char *reason)
{
	char peer[IP_PORT_TEXT_LEN], claim[CLAIM_LEN];
	const char *not_resumed = hs->client.not_resumed;

	claim_text(hs, claim);
	LOG_LIMITED(NOTICE, "handshake: %s on %s: failed: %s%s%s%s, %" PRIu64 " ms",
		    peer_text(hs, peer), listener_name(hs), reason, claim,
		    not_resumed != NULL ? ", not resumed: " : "",
		    not_resumed != NULL ? not_resumed : "", hs_report_elapsed_ms(hs));
}

void hs_report_refused(const struct msg *msg, const char *reason)
{
	char peer[IP_PORT_TEXT_LEN];

	LOG_LIMITED(WARNING, "handshake: %s: refused: %s",
		    ip_port_format(&msg->flow.remote, msg->flow.remote_port, peer), reason);
}
