// SPDX-License-Identifier: BSD-3-Clause
// libssl as its users have it: its own datagram BIO and timers.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "peer.h"

#define MTU	  1500	    // bytes of IP datagram
#define TIMER_MAX 60000000u // us

static SSL_CTX *context;
static SSL *ssl;
static unsigned int timer_us;

static enum peer_result fail(enum peer_result rc, const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
	peer_reason("%s: %s", what, text);
	return rc;
}

static const char *suite_name(uint16_t suite)
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

static unsigned int timer_next(SSL *s, unsigned int last_us)
{
	(void)s;
	if (last_us == 0)
		return timer_us;
	return last_us > TIMER_MAX / 2 ? TIMER_MAX : 2 * last_us;
}

enum peer_result peer_open(const struct peer_options *options, int fd)
{
	struct sockaddr_storage gateway;
	socklen_t len = sizeof(gateway);
	const char *name;
	BIO *bio;

	timer_us = (unsigned int)options->retransmit_ms * 1000;
	context = SSL_CTX_new(DTLS_client_method());
	if (context == NULL)
		return fail(PEER_FAILED, "SSL_CTX_new");
	SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_file(context, options->ca) != 1)
		return fail(PEER_FAILED, options->ca);
	name = suite_name((uint16_t)options->suite);
	if (name == NULL || SSL_CTX_set_cipher_list(context, name) != 1) {
		peer_reason("%s has no suite 0x%04x", OpenSSL_version(OPENSSL_VERSION),
			    (unsigned int)options->suite);
		return PEER_CANNOT;
	}
	ssl = SSL_new(context);
	bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	if (ssl == NULL || bio == NULL)
		return fail(PEER_FAILED, "SSL_new");
	getpeername(fd, (struct sockaddr *)&gateway, &len);
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &gateway);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_tlsext_host_name(ssl, options->name);
	SSL_set1_host(ssl, options->name);
	DTLS_set_timer_cb(ssl, timer_next);
	DTLS_set_link_mtu(ssl, MTU);
	SSL_set_connect_state(ssl);
	return PEER_OK;
}

enum peer_result peer_handshake(void)
{
	int rc;

	ERR_clear_error();
	if (DTLSv1_handle_timeout(ssl) < 0)
		return fail(PEER_FAILED, "DTLSv1_handle_timeout");
	rc = SSL_do_handshake(ssl);
	if (rc == 1)
		return PEER_OK;
	if (SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ)
		return PEER_AGAIN;
	return fail(PEER_FAILED, SSL_state_string_long(ssl));
}

int peer_timeout_ms(void)
{
	struct timeval left;

	if (DTLSv1_get_timeout(ssl, &left) != 1)
		return -1;
	return (int)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

bool peer_send(const uint8_t *data, size_t len)
{
	return SSL_write(ssl, data, (int)len) == (int)len;
}

enum peer_result peer_receive(uint8_t *data, size_t room, size_t *len)
{
	int n;

	ERR_clear_error();
	n = SSL_read(ssl, data, (int)room);
	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return PEER_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return PEER_CLOSED;
	default:
		return fail(PEER_FAILED, "SSL_read");
	}
}

void peer_close(void)
{
	if (ssl != NULL && SSL_is_init_finished(ssl))
		SSL_shutdown(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
}
