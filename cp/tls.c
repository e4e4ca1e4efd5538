// SPDX-License-Identifier: BSD-3-Clause
#include "tls.h"

#include <openssl/err.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "client_cert.h"
#include "cp.h"
#include "identity.h"
#include "keylog.h"
#include "psk.h"
#include "record_limit.h"
#include "resumption.h"
#include "server_name.h"
#include "suites.h"

// Bounds, with OpenSSL's 16 KB of a message, what a peer can make it hold in fragments.
#define MESSAGE_MAX 16384

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
	keylog_write(tls_of(ssl)->keylog, line);
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
	// For DHE; as strong as the certificate's key, with pre-shared keys as the suite.
	return SSL_CTX_set_dh_auto(ctx, 1) == 1 ? 0 : -ENOTSUP;
}

// What a ClientHello says before OpenSSL looks for a session to resume.
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_client *client = SSL_get_app_data(ssl);
	const unsigned char *bytes;
	size_t len;

	RTE_SET_USED(arg);
	client->extended_master = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_extended_master_secret,
							    &bytes, &len) == 1;
	if (server_name_select(ssl, client))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_CLIENT_HELLO_ERROR;
}

static void set_options(struct tls *tls, SSL_CTX *ctx)
{
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
	SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
	SSL_CTX_set_app_data(ctx, tls);
	if (tls->keylog != NULL)
		SSL_CTX_set_keylog_callback(ctx, write_keylog);
}

static int configure(struct tls *tls, SSL_CTX *ctx, const struct config_certificate *certificate,
		     uint16_t certificate_nb)
{
	const struct config_listener *listener = tls->listener;
	int rc;

	if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1)
		return -ENOTSUP;
	set_options(tls, ctx);
	server_name_use(tls, ctx);
	rc = record_limit_register(ctx);
	if (rc == 0)
		rc = use_suites(ctx, listener);
	for (uint16_t i = 0; rc == 0 && i < certificate_nb; i++)
		rc = use_certificate(ctx, listener, &certificate[i]);
	if (rc == 0)
		rc = psk_use(tls, ctx);
	if (rc == 0)
		rc = client_cert_use(tls, ctx);
	if (rc == 0)
		rc = resumption_use(tls, ctx);
	return rc;
}

// Makes *ctx with these certificates.
static int create_ctx(struct tls *tls, SSL_CTX **ctx, const struct config_certificate *certificate,
		      uint16_t certificate_nb)
{
	*ctx = SSL_CTX_new(DTLS_server_method());
	return *ctx != NULL ? configure(tls, *ctx, certificate, certificate_nb) : -ENOMEM;
}

static int create_all(struct tls *tls)
{
	const struct config_listener *listener = tls->listener;
	int rc;

	rc = create_ctx(tls, &tls->ctx, listener->certificate, listener->certificate_nb);
	for (uint16_t i = 0; rc == 0 && i < listener->server_name_nb; i++) {
		const struct config_server_name *name = &listener->server_name[i];

		if (name->certificate_nb > 0)
			rc = create_ctx(tls, &tls->name_ctx[i], name->certificate,
					name->certificate_nb);
	}
	return rc;
}

struct tls *tls_create(const struct config *config, uint16_t listener, struct keylog *keylog,
		       struct resumption *resumption)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int rc = -ENOMEM;

	if (tls == NULL)
		goto out;
	pthread_rwlock_init(&tls->psk_lock, NULL);
	tls->config = config;
	tls->listener = &config->listener[listener];
	tls->keylog = keylog;
	tls->resumption = resumption;
	rc = psk_init(tls);
	if (rc == 0)
		rc = client_cert_init(tls);
	if (rc == 0)
		rc = create_all(tls);
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
	for (uint16_t i = 0; i < CONFIG_SERVER_NAME_MAX; i++)
		SSL_CTX_free(tls->name_ctx[i]);
	client_cert_fini(tls);
	psk_fini(tls);
	pthread_rwlock_destroy(&tls->psk_lock);
	free(tls);
}

void tls_reload(struct tls *tls)
{
	psk_reload(tls);
}

SSL *tls_ssl_new(struct tls *tls, struct tls_client *client)
{
	SSL *ssl = SSL_new(tls->ctx);

	*client = (struct tls_client){.backend = tls->listener->backend};
	if (ssl == NULL)
		return NULL;
	SSL_set_app_data(ssl, client);
	SSL_set_accept_state(ssl);
	return ssl;
}

void tls_client_fini(struct tls_client *client)
{
	identity_destroy(client->refused);
	identity_destroy(client->identity);
}

struct tls *tls_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

const char *tls_identify(const SSL *ssl, struct tls_client *client)
{
	struct psk_entry entry;

	client->resumed = SSL_session_reused(ssl) == 1;
	resumption_tag(ssl, &client->tag);
	if (identity_create(ssl, &client->identity) != 0)
		return "no memory";
	if (client->identity == NULL || client->identity->kind != IDENTITY_PSK)
		return NULL;
	if (!psk_find(tls_of(ssl), SSL_get_psk_identity(ssl), &entry))
		return "the client's identity is no longer in the file";
	if (entry.backend != CONFIG_BACKEND_NONE)
		client->backend = entry.backend;
	explicit_bzero(&entry, sizeof(entry));
	return NULL;
}
