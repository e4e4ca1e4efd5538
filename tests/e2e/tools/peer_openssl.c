// SPDX-License-Identifier: BSD-3-Clause
// libssl as its users have it: its own datagram BIO and timers.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "peer.h"

#define MTU 1500 // bytes of IP datagram

// A struct peer_session is a SSL_SESSION.
struct peer {
	const struct peer_options *options;
	enum peer_return come_back;
	SSL_CTX *context;
	SSL *ssl;
};

static enum peer_result fail(enum peer_result rc, const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
	peer_reason("%s: %s", what, text);
	return rc;
}

static const char *suite_name(SSL_CTX *context, uint16_t suite)
{
	STACK_OF(SSL_CIPHER) * ciphers;

	SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL");
	ciphers = SSL_CTX_get_ciphers(context);
	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

		if (SSL_CIPHER_get_protocol_id(cipher) == suite)
			return SSL_CIPHER_get_name(cipher);
	}
	return NULL;
}

static unsigned int timer_next(SSL *ssl, unsigned int last_us)
{
	const struct peer *p = SSL_get_app_data(ssl);
	unsigned int first_us = (unsigned int)p->options->retransmit_ms * 1000;

	if (last_us == 0)
		return first_us;
	return last_us >= PEER_BACKOFF * first_us ? last_us : 2 * last_us;
}

static unsigned int on_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_room,
			   unsigned char *key, unsigned int key_room)
{
	const struct peer *p = SSL_get_app_data(ssl);

	(void)hint;
	return peer_psk(p->options, identity, identity_room, key, key_room);
}

static enum peer_result context_make(struct peer *p, const struct peer_way *way)
{
	const char *name;

	p->context = SSL_CTX_new(DTLS_client_method());
	if (p->context == NULL)
		return fail(PEER_FAILED, "SSL_CTX_new");
	SSL_CTX_set_min_proto_version(p->context, DTLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(p->context, DTLS1_2_VERSION);
	SSL_CTX_set_options(p->context, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_security_level(p->context, 0); // for CCM_8, from OpenSSL 3.2 on
	if (way->come_back != PEER_BY_TICKET)
		SSL_CTX_set_options(p->context, SSL_OP_NO_TICKET);
	SSL_CTX_set_verify(p->context, SSL_VERIFY_PEER, NULL);
	if (way->psk)
		SSL_CTX_set_psk_client_callback(p->context, on_psk);
	if (SSL_CTX_load_verify_file(p->context, p->options->ca) != 1)
		return fail(PEER_FAILED, p->options->ca);
	name = suite_name(p->context, way->suite);
	if (name == NULL || SSL_CTX_set_cipher_list(p->context, name) != 1) {
		peer_reason("%s has no such suite", OpenSSL_version(OPENSSL_VERSION));
		return PEER_CANNOT;
	}
	return PEER_OK;
}

enum peer_result peer_open(struct peer **peer, const struct peer_options *options,
			   const struct peer_way *way, int fd)
{
	struct peer *p = *peer = calloc(1, sizeof(*p));
	struct sockaddr_storage gateway;
	socklen_t len = sizeof(gateway);
	enum peer_result rc;
	BIO *bio;

	p->options = options;
	p->come_back = way->come_back;
	rc = context_make(p, way);
	if (rc != PEER_OK)
		return rc;
	p->ssl = SSL_new(p->context);
	bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	if (p->ssl == NULL || bio == NULL)
		return fail(PEER_FAILED, "SSL_new");
	getpeername(fd, (struct sockaddr *)&gateway, &len);
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &gateway);
	SSL_set_bio(p->ssl, bio, bio);
	SSL_set_app_data(p->ssl, p);
	SSL_set_tlsext_host_name(p->ssl, options->name);
	SSL_set1_host(p->ssl, options->name);
	DTLS_set_timer_cb(p->ssl, timer_next);
	DTLS_set_link_mtu(p->ssl, MTU);
	SSL_set_connect_state(p->ssl);
	if (way->session != NULL && SSL_set_session(p->ssl, (SSL_SESSION *)way->session) != 1)
		return fail(PEER_FAILED, "SSL_set_session");
	return PEER_OK;
}

enum peer_result peer_handshake(struct peer *p)
{
	int rc;

	ERR_clear_error();
	if (DTLSv1_handle_timeout(p->ssl) < 0)
		return fail(PEER_FAILED, "DTLSv1_handle_timeout");
	rc = SSL_do_handshake(p->ssl);
	if (rc == 1)
		return PEER_OK;
	if (SSL_get_error(p->ssl, rc) == SSL_ERROR_WANT_READ)
		return PEER_AGAIN;
	return fail(PEER_FAILED, SSL_state_string_long(p->ssl));
}

int peer_timeout_ms(struct peer *p)
{
	struct timeval left;

	if (DTLSv1_get_timeout(p->ssl, &left) != 1)
		return -1;
	return (int)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

bool peer_send(struct peer *p, const uint8_t *data, size_t len)
{
	return SSL_write(p->ssl, data, (int)len) == (int)len;
}

enum peer_result peer_receive(struct peer *p, uint8_t *data, size_t room, size_t *len)
{
	int n;

	ERR_clear_error();
	n = SSL_read(p->ssl, data, (int)room);
	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	switch (SSL_get_error(p->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return PEER_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return PEER_CLOSED;
	default:
		return fail(PEER_FAILED, "SSL_read");
	}
}

bool peer_resumed(struct peer *p)
{
	return SSL_session_reused(p->ssl) == 1;
}

bool peer_mute(struct peer *p)
{
	(void)p;
	return false;
}

struct peer_session *peer_session_take(struct peer *p)
{
	SSL_SESSION *session = SSL_get1_session(p->ssl);

	if (SSL_SESSION_has_ticket(session) != (p->come_back == PEER_BY_TICKET) ||
	    SSL_SESSION_is_resumable(session) != 1) {
		peer_reason("the session has %s ticket, is %d",
			    SSL_SESSION_has_ticket(session) ? "a" : "no",
			    SSL_SESSION_is_resumable(session));
		SSL_SESSION_free(session);
		return NULL;
	}
	return (struct peer_session *)session;
}

void peer_session_free(struct peer_session *s)
{
	SSL_SESSION_free((SSL_SESSION *)s);
}

void peer_close(struct peer *p)
{
	if (p == NULL)
		return;
	if (p->ssl != NULL && SSL_is_init_finished(p->ssl))
		SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	SSL_CTX_free(p->context);
	free(p);
}
