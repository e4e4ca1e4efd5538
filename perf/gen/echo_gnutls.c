// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>

#include "echo.h"

struct echo_peer {
	gnutls_session_t session;
	bool up;
};

static gnutls_certificate_credentials_t credentials;

static ssize_t pull(gnutls_transport_ptr_t arg, void *data, size_t room)
{
	struct echo_peer *p = arg;
	size_t n = echo_read(data, room);

	if (n > 0)
		return (ssize_t)n;
	gnutls_transport_set_errno(p->session, EAGAIN);
	return -1;
}

static int pull_timeout(gnutls_transport_ptr_t arg, unsigned int ms)
{
	(void)arg;
	(void)ms;
	return echo_readable();
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	(void)arg;
	echo_write(data, len);
	return (ssize_t)len;
}

bool echo_open(const char *certificate, const char *key)
{
	int rc = gnutls_certificate_allocate_credentials(&credentials);

	if (rc == 0)
		rc = gnutls_certificate_set_x509_key_file(credentials, certificate, key,
							  GNUTLS_X509_FMT_PEM);
	if (rc != 0)
		fprintf(stderr, "GnuTLS: %s\n", gnutls_strerror(rc));
	return rc == 0;
}

struct echo_peer *echo_peer_create(void)
{
	struct echo_peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (gnutls_init(&p->session, GNUTLS_SERVER | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK) != 0) {
		free(p);
		return NULL;
	}
	gnutls_set_default_priority(p->session);
	gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_ptr(p->session, p);
	gnutls_transport_set_pull_function(p->session, pull);
	gnutls_transport_set_pull_timeout_function(p->session, pull_timeout);
	gnutls_transport_set_push_function(p->session, push);
	gnutls_dtls_set_mtu(p->session, ECHO_MTU);
	return p;
}

void echo_peer_destroy(struct echo_peer *p)
{
	gnutls_deinit(p->session);
	free(p);
}

bool echo_datagram(struct echo_peer *p)
{
	static uint8_t plain[ECHO_PLAIN_MAX];
	ssize_t n;

	if (!p->up) {
		int rc = gnutls_handshake(p->session);

		p->up = rc == 0;
		if (rc != 0)
			return !gnutls_error_is_fatal(rc);
	}
	while ((n = gnutls_record_recv(p->session, plain, sizeof(plain))) > 0)
		gnutls_record_send(p->session, plain, (size_t)n);
	return n != 0 && !gnutls_error_is_fatal((int)n);
}
