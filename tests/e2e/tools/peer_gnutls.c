// SPDX-License-Identifier: BSD-3-Clause
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define MTU	   1452	  // bytes of UDP payload
#define TIMEOUT_MS 300000 // of the handshake; peer_cell.c has its own

struct peer {
	enum peer_return come_back;
	gnutls_session_t session;
	gnutls_certificate_credentials_t certificates;
	gnutls_psk_client_credentials_t psk;
	bool up;
};

struct peer_session {
	gnutls_datum_t data;
};

static enum peer_result fail(const struct peer *p, const char *what, int rc)
{
	int alert = rc == GNUTLS_E_FATAL_ALERT_RECEIVED ? (int)gnutls_alert_get(p->session) : -1;

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

static int credentials_set(struct peer *p, const struct peer_options *options)
{
	const gnutls_datum_t key = {(unsigned char *)options->key, (unsigned int)options->key_len};
	int rc = gnutls_certificate_allocate_credentials(&p->certificates);

	if (rc >= 0)
		rc = gnutls_certificate_set_x509_trust_file(p->certificates, options->ca,
							    GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE, p->certificates);
	if (rc >= 0)
		rc = gnutls_psk_allocate_client_credentials(&p->psk);
	if (rc >= 0)
		rc = gnutls_psk_set_client_credentials(p->psk, options->identity, &key,
						       GNUTLS_PSK_KEY_RAW);
	if (rc >= 0)
		rc = gnutls_credentials_set(p->session, GNUTLS_CRD_PSK, p->psk);
	return rc;
}

enum peer_result peer_open(struct peer **peer, const struct peer_options *options,
			   const struct peer_way *way, int fd)
{
	unsigned int flags = GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK;
	struct peer *p = *peer = calloc(1, sizeof(*p));
	char priority[256];
	int rc;

	p->come_back = way->come_back;
	if (!priority_make(way->suite, priority, sizeof(priority))) {
		peer_reason("GnuTLS %s has no such suite", gnutls_check_version(NULL));
		return PEER_CANNOT;
	}
	if (way->come_back != PEER_BY_TICKET)
		flags |= GNUTLS_NO_TICKETS;
	rc = gnutls_init(&p->session, flags);
	if (rc >= 0)
		rc = gnutls_priority_set_direct(p->session, priority, NULL);
	if (rc >= 0)
		rc = credentials_set(p, options);
	if (rc >= 0 && way->session != NULL)
		rc = gnutls_session_set_data(p->session, way->session->data.data,
					     way->session->data.size);
	if (rc < 0)
		return fail(p, priority, rc);
	if (!way->psk)
		gnutls_session_set_verify_cert(p->session, options->name, 0);
	gnutls_server_name_set(p->session, GNUTLS_NAME_DNS, options->name, strlen(options->name));
	gnutls_transport_set_int(p->session, fd);
	gnutls_dtls_set_timeouts(p->session, (unsigned int)options->retransmit_ms, TIMEOUT_MS);
	gnutls_dtls_set_mtu(p->session, MTU);
	return PEER_OK;
}

enum peer_result peer_handshake(struct peer *p)
{
	int rc = gnutls_handshake(p->session);

	if (rc < 0)
		return gnutls_error_is_fatal(rc) ? fail(p, "gnutls_handshake", rc) : PEER_AGAIN;
	p->up = true;
	return PEER_OK;
}

int peer_timeout_ms(struct peer *p)
{
	return (int)gnutls_dtls_get_timeout(p->session);
}

bool peer_send(struct peer *p, const uint8_t *data, size_t len)
{
	return gnutls_record_send(p->session, data, len) == (ssize_t)len;
}

enum peer_result peer_receive(struct peer *p, uint8_t *data, size_t room, size_t *len)
{
	ssize_t n = gnutls_record_recv(p->session, data, room);

	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	if (n == 0)
		return PEER_CLOSED;
	return gnutls_error_is_fatal((int)n) ? fail(p, "gnutls_record_recv", (int)n) : PEER_AGAIN;
}

bool peer_resumed(struct peer *p)
{
	return gnutls_session_is_resumed(p->session) != 0;
}

bool peer_mute(struct peer *p)
{
	(void)p;
	return false;
}

struct peer_session *peer_session_take(struct peer *p)
{
	bool ticket = (gnutls_session_get_flags(p->session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
	struct peer_session *s = calloc(1, sizeof(*s));
	int rc;

	if (ticket != (p->come_back == PEER_BY_TICKET)) {
		peer_reason("the gateway gave %s ticket", ticket ? "a" : "no");
		free(s);
		return NULL;
	}
	rc = gnutls_session_get_data2(p->session, &s->data);
	if (rc < 0) {
		fail(p, "gnutls_session_get_data2", rc);
		free(s);
		return NULL;
	}
	return s;
}

void peer_session_free(struct peer_session *s)
{
	if (s == NULL)
		return;
	gnutls_free(s->data.data);
	free(s);
}

void peer_close(struct peer *p)
{
	if (p == NULL)
		return;
	if (p->up)
		gnutls_bye(p->session, GNUTLS_SHUT_WR);
	if (p->session != NULL)
		gnutls_deinit(p->session);
	if (p->certificates != NULL)
		gnutls_certificate_free_credentials(p->certificates);
	if (p->psk != NULL)
		gnutls_psk_free_client_credentials(p->psk);
	free(p);
}
