// SPDX-License-Identifier: BSD-3-Clause
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

#define MTU	   1452	  // bytes of UDP payload
#define TIMEOUT_MS 300000 // of the handshake; peer.c has its own

static gnutls_session_t session;
static gnutls_certificate_credentials_t credentials;
static bool up;

static enum peer_result fail(const char *what, int rc)
{
	int alert = rc == GNUTLS_E_FATAL_ALERT_RECEIVED ? (int)gnutls_alert_get(session) : -1;

	peer_reason("%s: %s, alert %d", what, gnutls_strerror(rc), alert);
	return PEER_FAILED;
}

// Writes the priority string that selects one suite.  False if there is no such suite.
static bool priority_make(uint16_t suite, char *text, size_t room)
{
	gnutls_cipher_algorithm_t cipher;
	gnutls_kx_algorithm_t kx;
	gnutls_mac_algorithm_t mac;
	gnutls_protocol_t version;
	unsigned char id[2];

	for (size_t i = 0; gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, &version); i++) {
		if ((id[0] << 8 | id[1]) != suite)
			continue;
		snprintf(
			text, room,
			"NONE:+VERS-DTLS1.2:+%s:+%s:+%s:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL:+COMP-NULL",
			gnutls_kx_get_name(kx), gnutls_cipher_get_name(cipher),
			gnutls_mac_get_name(mac));
		return true;
	}
	return false;
}

enum peer_result peer_open(const struct peer_options *options, int fd)
{
	char priority[256];
	int rc;

	if (!priority_make((uint16_t)options->suite, priority, sizeof(priority))) {
		peer_reason("GnuTLS %s has no suite 0x%04x", gnutls_check_version(NULL),
			    (unsigned int)options->suite);
		return PEER_CANNOT;
	}
	rc = gnutls_certificate_allocate_credentials(&credentials);
	if (rc < 0)
		return fail("gnutls_certificate_allocate_credentials", rc);
	rc = gnutls_certificate_set_x509_trust_file(credentials, options->ca, GNUTLS_X509_FMT_PEM);
	if (rc < 0)
		return fail(options->ca, rc);
	rc = gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK);
	if (rc < 0)
		return fail("gnutls_init", rc);
	rc = gnutls_priority_set_direct(session, priority, NULL);
	if (rc < 0)
		return fail(priority, rc);
	rc = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	if (rc < 0)
		return fail("gnutls_credentials_set", rc);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, options->name, strlen(options->name));
	gnutls_session_set_verify_cert(session, options->name, 0);
	gnutls_transport_set_int(session, fd);
	gnutls_dtls_set_timeouts(session, (unsigned int)options->retransmit_ms, TIMEOUT_MS);
	gnutls_dtls_set_mtu(session, MTU);
	return PEER_OK;
}

enum peer_result peer_handshake(void)
{
	int rc = gnutls_handshake(session);

	if (rc < 0)
		return gnutls_error_is_fatal(rc) ? fail("gnutls_handshake", rc) : PEER_AGAIN;
	up = true;
	return PEER_OK;
}

int peer_timeout_ms(void)
{
	return (int)gnutls_dtls_get_timeout(session);
}

bool peer_send(const uint8_t *data, size_t len)
{
	return gnutls_record_send(session, data, len) == (ssize_t)len;
}

enum peer_result peer_receive(uint8_t *data, size_t room, size_t *len)
{
	ssize_t n = gnutls_record_recv(session, data, room);

	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	if (n == 0)
		return PEER_CLOSED;
	return gnutls_error_is_fatal((int)n) ? fail("gnutls_record_recv", (int)n) : PEER_AGAIN;
}

void peer_close(void)
{
	if (up)
		gnutls_bye(session, GNUTLS_SHUT_WR);
	if (session != NULL)
		gnutls_deinit(session);
	if (credentials != NULL)
		gnutls_certificate_free_credentials(credentials);
}
