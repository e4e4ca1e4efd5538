// SPDX-License-Identifier: BSD-3-Clause
#include "client.h"

#include <string.h>

void mail_put(struct mail *mail, const void *bytes, size_t len)
{
	bench_check(mail->nb < CLIENT_MAIL_MAX && len <= CLIENT_DATAGRAM_MAX);
	memcpy(mail->byte[mail->nb], bytes, len);
	mail->len[mail->nb++] = (uint16_t)len;
}

static int mail_read(BIO *bio, char *p, int max)
{
	struct mail *in = ((struct mail **)BIO_get_data(bio))[0];
	int len;

	BIO_clear_retry_flags(bio);
	if (in->read == in->nb) {
		in->read = in->nb = 0;
		BIO_set_retry_read(bio);
		return -1;
	}
	len = in->len[in->read];
	bench_check(max >= len);
	memcpy(p, in->byte[in->read++], (size_t)len);
	return len;
}

static int mail_write(BIO *bio, const char *p, int len)
{
	mail_put(((struct mail **)BIO_get_data(bio))[1], p, (size_t)len);
	return len;
}

static long mail_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

BIO *mail_bio(struct mail *const end[2])
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mail");
		BIO_meth_set_write(method, mail_write);
		BIO_meth_set_read(method, mail_read);
		BIO_meth_set_ctrl(method, mail_ctrl);
	}
	bio = BIO_new(method);
	BIO_set_data(bio, (void *)(uintptr_t)end);
	BIO_set_init(bio, 1);
	return bio;
}

static unsigned int give_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_max,
			     unsigned char *key, unsigned int key_max)
{
	long len;
	unsigned char *bytes = OPENSSL_hexstr2buf(CLIENT_KEY, &len);

	(void)ssl;
	(void)hint;
	bench_check(bytes != NULL && len <= (long)key_max);
	snprintf(identity, identity_max, "%s", CLIENT_IDENTITY);
	memcpy(key, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return (unsigned int)len;
}

SSL_CTX *client_ctx(const struct client_kind *kind)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());

	bench_check(ctx != NULL && SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) == 1);
	bench_check(SSL_CTX_set_cipher_list(ctx, kind->suite) == 1);
	bench_check(kind->groups == NULL || SSL_CTX_set1_groups_list(ctx, kind->groups) == 1);
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_psk_client_callback(ctx, give_psk);
	return ctx;
}

// Nothing is lost here, and a busy machine is no reason to send anything again.
static unsigned int timer(SSL *ssl, unsigned int us)
{
	(void)ssl;
	(void)us;
	return CLIENT_TIMER_MS * 1000;
}

void client_start(struct client *c, SSL_CTX *ctx, SSL_SESSION *session)
{
	BIO *bio;

	c->in.nb = c->in.read = c->out.nb = c->out.read = 0;
	c->end[0] = &c->in;
	c->end[1] = &c->out;
	c->ssl = SSL_new(ctx);
	bio = mail_bio(c->end);
	bench_check(c->ssl != NULL && bio != NULL);
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_mtu(c->ssl, CLIENT_DATAGRAM_MAX - 100);
	DTLS_set_timer_cb(c->ssl, timer);
	SSL_set_connect_state(c->ssl);
	bench_check(session == NULL || SSL_set_session(c->ssl, session) == 1);
}

void client_stop(struct client *c)
{
	SSL_set_shutdown(c->ssl,
			 SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); // the session stays good
	SSL_free(c->ssl);
	c->ssl = NULL;
}

bool client_step(struct client *c)
{
	int rc = SSL_do_handshake(c->ssl);

	bench_check(rc == 1 || SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_READ);
	return rc == 1;
}
