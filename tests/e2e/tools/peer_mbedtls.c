// SPDX-License-Identifier: BSD-3-Clause
#define MBEDTLS_ALLOW_PRIVATE_ACCESS // for what 3.x has no call for either
#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "endpoint.h"
#include "peer.h"

#define RETRANSMIT_MAX_MS 60000 // the handshake fails when it has waited as long

struct peer {
	const struct peer_options *options;
	enum peer_return come_back;
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt ca;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
	int suites[2]; // ends with 0
	int fd;
	bool up;
	uint64_t soon_ms, due_ms; // of endpoint_now_ms(); due_ms 0: no timer runs
	unsigned char master[48]; // of the session that is to be resumed
	bool resumed;
};

struct peer_session {
	mbedtls_ssl_session session;
};

static enum peer_result fail(const char *what, int rc)
{
	char text[160];

	mbedtls_strerror(rc, text, sizeof(text));
	peer_reason("%s: -0x%04x %s", what, (unsigned int)-rc, text);
	return PEER_FAILED;
}

static int on_send(void *arg, const unsigned char *bytes, size_t len)
{
	const struct peer *p = arg;
	ssize_t n = send(p->fd, bytes, len, 0);

	return n >= 0 ? (int)n : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int on_receive(void *arg, unsigned char *bytes, size_t room)
{
	const struct peer *p = arg;
	ssize_t n = recv(p->fd, bytes, room, 0);

	if (n >= 0)
		return (int)n;
	return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static void timer_set(void *arg, uint32_t soon, uint32_t due)
{
	uint64_t now = endpoint_now_ms();
	struct peer *p = arg;

	p->soon_ms = now + soon;
	p->due_ms = due == 0 ? 0 : now + due;
}

static int timer_get(void *arg)
{
	uint64_t now = endpoint_now_ms();
	const struct peer *p = arg;

	if (p->due_ms == 0)
		return -1;
	return now >= p->due_ms ? 2 : now >= p->soon_ms;
}

static struct peer *create(const struct peer_options *options, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));

	p->options = options;
	p->fd = fd;
	mbedtls_ssl_init(&p->ssl);
	mbedtls_ssl_config_init(&p->config);
	mbedtls_x509_crt_init(&p->ca);
	mbedtls_entropy_init(&p->entropy);
	mbedtls_ctr_drbg_init(&p->drbg);
	return p;
}

static int configure(struct peer *p, const struct peer_way *way)
{
	const struct peer_options *options = p->options;
	mbedtls_ssl_config *config = &p->config;
	int rc;

	rc = mbedtls_ctr_drbg_seed(&p->drbg, mbedtls_entropy_func, &p->entropy, NULL, 0);
	if (rc == 0)
		rc = mbedtls_x509_crt_parse_file(&p->ca, options->ca);
	if (rc == 0)
		rc = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
						 MBEDTLS_SSL_TRANSPORT_DATAGRAM,
						 MBEDTLS_SSL_PRESET_DEFAULT);
	if (rc == 0 && way->psk)
		rc = mbedtls_ssl_conf_psk(config, options->key, options->key_len,
					  (const unsigned char *)options->identity,
					  strlen(options->identity));
	if (rc != 0)
		return rc;
	mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &p->drbg);
	mbedtls_ssl_conf_ca_chain(config, &p->ca, NULL);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ciphersuites(config, p->suites);
	mbedtls_ssl_conf_session_tickets(config, way->come_back == PEER_BY_TICKET
							 ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
							 : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	mbedtls_ssl_conf_handshake_timeout(config, (uint32_t)options->retransmit_ms,
					   RETRANSMIT_MAX_MS);
	return 0;
}

enum peer_result peer_open(struct peer **peer, const struct peer_options *options,
			   const struct peer_way *way, int fd)
{
	struct peer *p = *peer = create(options, fd);
	int rc;

	p->come_back = way->come_back;
	p->suites[0] = way->suite;
	if (mbedtls_ssl_ciphersuite_from_id(p->suites[0]) == NULL) {
		peer_reason("%s has no such suite", MBEDTLS_VERSION_STRING_FULL);
		return PEER_CANNOT;
	}
	rc = configure(p, way);
	if (rc == 0)
		rc = mbedtls_ssl_setup(&p->ssl, &p->config);
	if (rc == 0)
		rc = mbedtls_ssl_set_hostname(&p->ssl, options->name);
	if (rc == 0 && way->session != NULL) {
		memcpy(p->master, way->session->session.master, sizeof(p->master));
		rc = mbedtls_ssl_set_session(&p->ssl, &way->session->session);
	}
	if (rc != 0)
		return fail("mbedtls_ssl_setup", rc);
	mbedtls_ssl_set_bio(&p->ssl, p, on_send, on_receive, NULL);
	mbedtls_ssl_set_timer_cb(&p->ssl, p, timer_set, timer_get);
	return PEER_OK;
}

enum peer_result peer_handshake(struct peer *p)
{
	int rc = mbedtls_ssl_handshake(&p->ssl);

	if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE)
		return PEER_AGAIN;
	if (rc != 0)
		return fail("mbedtls_ssl_handshake", rc);
	p->up = true;
	return PEER_OK;
}

int peer_timeout_ms(struct peer *p)
{
	return peer_left_ms(p->due_ms);
}

bool peer_send(struct peer *p, const uint8_t *data, size_t len)
{
	return mbedtls_ssl_write(&p->ssl, data, len) == (int)len;
}

enum peer_result peer_receive(struct peer *p, uint8_t *data, size_t room, size_t *len)
{
	int n = mbedtls_ssl_read(&p->ssl, data, room);

	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	switch (n) {
	case MBEDTLS_ERR_SSL_WANT_READ:
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return PEER_AGAIN;
	case 0:
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return PEER_CLOSED;
	default:
		return fail("mbedtls_ssl_read", n);
	}
}

// There is no call for it.  Only a resumed handshake ends with the master secret of another.
bool peer_resumed(struct peer *p)
{
	static const unsigned char none[sizeof(p->master)];

	return memcmp(p->master, none, sizeof(none)) != 0 &&
	       memcmp(p->master, p->ssl.session->master, sizeof(p->master)) == 0;
}

bool peer_mute(struct peer *p)
{
	(void)p;
	return false;
}

struct peer_session *peer_session_take(struct peer *p)
{
	struct peer_session *s = calloc(1, sizeof(*s));
	bool ticket;
	int rc;

	mbedtls_ssl_session_init(&s->session);
	rc = mbedtls_ssl_get_session(&p->ssl, &s->session);
	ticket = s->session.ticket_len > 0;
	if (rc == 0 && ticket == (p->come_back == PEER_BY_TICKET))
		return s;
	if (rc != 0)
		fail("mbedtls_ssl_get_session", rc);
	peer_reason("the gateway gave %s ticket", ticket ? "a" : "no");
	peer_session_free(s);
	return NULL;
}

void peer_session_free(struct peer_session *s)
{
	if (s == NULL)
		return;
	mbedtls_ssl_session_free(&s->session);
	free(s);
}

void peer_close(struct peer *p)
{
	if (p == NULL)
		return;
	if (p->up)
		mbedtls_ssl_close_notify(&p->ssl);
	mbedtls_ssl_free(&p->ssl);
	mbedtls_ssl_config_free(&p->config);
	mbedtls_x509_crt_free(&p->ca);
	mbedtls_ctr_drbg_free(&p->drbg);
	mbedtls_entropy_free(&p->entropy);
	free(p);
}
