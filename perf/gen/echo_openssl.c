// SPDX-License-Identifier: BSD-3-Clause
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "echo.h"

struct echo_peer {
	SSL *ssl;
};

static SSL_CTX *ctx;
static BIO_METHOD *method;

static int bio_read(BIO *bio, char *p, int room)
{
	size_t n = echo_read(p, (size_t)room);

	BIO_clear_retry_flags(bio);
	if (n > 0)
		return (int)n;
	BIO_set_retry_read(bio);
	return -1;
}

static int bio_write(BIO *bio, const char *p, int len)
{
	BIO_clear_retry_flags(bio);
	echo_write(p, (size_t)len);
	return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return ECHO_MTU;
	}
	return 0;
}

bool echo_open(const char *certificate, const char *key)
{
	ctx = SSL_CTX_new(DTLS_server_method());
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "echo");
	if (ctx == NULL || method == NULL ||
	    SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		return false;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return true;
}

struct echo_peer *echo_peer_create(void)
{
	struct echo_peer *p = calloc(1, sizeof(*p));
	BIO *bio;

	if (p == NULL)
		return NULL;
	p->ssl = SSL_new(ctx);
	bio = BIO_new(method);
	if (p->ssl == NULL || bio == NULL) {
		SSL_free(p->ssl);
		BIO_free(bio);
		free(p);
		return NULL;
	}
	BIO_set_init(bio, 1);
	SSL_set_bio(p->ssl, bio, bio);
	SSL_set_mtu(p->ssl, ECHO_MTU);
	SSL_set_accept_state(p->ssl);
	return p;
}

void echo_peer_destroy(struct echo_peer *p)
{
	SSL_free(p->ssl);
	free(p);
}

bool echo_datagram(struct echo_peer *p)
{
	static uint8_t plain[ECHO_PLAIN_MAX];
	int n;

	while ((n = SSL_read(p->ssl, plain, sizeof(plain))) > 0)
		SSL_write(p->ssl, plain, n);
	n = SSL_get_error(p->ssl, n);
	ERR_clear_error();
	return n == SSL_ERROR_WANT_READ;
}
