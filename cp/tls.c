// SPDX-License-Identifier: BSD-3-Clause
#include "tls.h"

#include <openssl/err.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "cp.h"
#include "keylog.h"
#include "record_limit.h"
#include "suites.h"

// Bounds, with OpenSSL's 16 KB of a message, what a peer can make it hold in fragments.
#define MESSAGE_MAX 16384

struct tls {
	SSL_CTX *ctx;
	struct keylog *keylog;
};

static void log_error(const struct config_listener *listener, const char *what, const char *value)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	LOG(ERR, "tls: listener %s: %s %s: %s", listener->name, what, value,
	    reason != NULL ? reason : "not usable");
	ERR_clear_error();
}

// The lcore has checked the cookie; OpenSSL asks all the same.
static int verify_cookie(SSL *ssl, const unsigned char *cookie, unsigned int len)
{
	RTE_SET_USED(ssl);
	RTE_SET_USED(cookie);
	RTE_SET_USED(len);
	return 1;
}

// Refuses: HelloVerifyRequests are the lcore's.
static int generate_cookie(SSL *ssl, unsigned char *cookie, unsigned int *len)
{
	RTE_SET_USED(ssl);
	RTE_SET_USED(cookie);
	RTE_SET_USED(len);
	return 0;
}

static void write_keylog(const SSL *ssl, const char *line)
{
	struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	keylog_write(tls->keylog, line);
}

// Asks for no passphrase: OpenSSL would read the terminal.
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	RTE_SET_USED(buf);
	RTE_SET_USED(size);
	RTE_SET_USED(rwflag);
	RTE_SET_USED(arg);
	return -1;
}

static int use_certificate(SSL_CTX *ctx, const struct config_listener *listener,
			   const struct config_certificate *c)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, c->certificate) != 1) {
		log_error(listener, "certificate", c->certificate);
		return -EINVAL;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, c->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1) {
		log_error(listener, "key", c->key);
		return -EINVAL;
	}
	return 0;
}

static int use_suites(SSL_CTX *ctx, const struct config_listener *listener)
{
	const char *suite;
	int rc = suites_set(ctx, listener->suites, &suite);

	if (rc != 0) {
		log_error(listener, rc == -ENOTSUP ? "suite" : "suites",
			  rc == -ENOTSUP ? suite : listener->suites);
		return rc;
	}
	if (SSL_CTX_set1_groups_list(ctx, listener->groups) != 1) {
		log_error(listener, "groups", listener->groups);
		return -EINVAL;
	}
	// For DHE; as strong as the certificate's key.
	return SSL_CTX_set_dh_auto(ctx, 1) == 1 ? 0 : -ENOTSUP;
}

static void set_options(struct tls *tls)
{
	SSL_CTX *ctx = tls->ctx;

	// A system-wide openssl.cnf may have changed what is cleared here.
	SSL_CTX_clear_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET |
					   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
					 SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_max_cert_list(ctx, MESSAGE_MAX);
	SSL_CTX_set_cookie_generate_cb(ctx, generate_cookie);
	SSL_CTX_set_cookie_verify_cb(ctx, verify_cookie);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_app_data(ctx, tls);
	if (tls->keylog != NULL)
		SSL_CTX_set_keylog_callback(ctx, write_keylog);
}

static int configure(struct tls *tls, const struct config_listener *listener)
{
	int rc;

	if (SSL_CTX_set_min_proto_version(tls->ctx, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(tls->ctx, DTLS1_2_VERSION) != 1)
		return -ENOTSUP;
	set_options(tls);
	rc = record_limit_register(tls->ctx);
	if (rc == 0)
		rc = use_suites(tls->ctx, listener);
	for (uint16_t i = 0; rc == 0 && i < listener->certificate_nb; i++)
		rc = use_certificate(tls->ctx, listener, &listener->certificate[i]);
	return rc;
}

struct tls *tls_create(const struct config_listener *listener, struct keylog *keylog)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int rc = -ENOMEM;

	if (tls == NULL)
		goto out;
	tls->keylog = keylog;
	tls->ctx = SSL_CTX_new(DTLS_server_method());
	if (tls->ctx != NULL)
		rc = configure(tls, listener);
	if (rc == 0)
		return tls;
	tls_destroy(tls);
out:
	rte_errno = -rc;
	return NULL;
}

void tls_destroy(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

SSL *tls_ssl_new(struct tls *tls)
{
	SSL *ssl = SSL_new(tls->ctx);

	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return ssl;
}
