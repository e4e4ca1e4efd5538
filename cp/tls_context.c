// SPDX-License-Identifier: BSD-3-Clause
#include "tls_context.h"

#include <errno.h>
#include <openssl/err.h>

#include "client_cert.h"
#include "cp.h"
#include "keylog.h"
#include "psk.h"
#include "record_limit.h"
#include "resumption.h"
#include "server_name.h"
#include "srtp.h"
#include "suites.h"

// Its records have room for a datagram and no more, which makes an SSL 14 KB smaller.
#define SEND_FRAGMENT_MAX 2048

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
	if (SSL_CTX_set1_sigalgs_list(ctx, listener->signatures) != 1) {
		log_error(listener, "signature_algorithms", listener->signatures);
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
	client->fragment_code = record_limit_asked(ssl);
	if (!srtp_allowed(tls_of(ssl)->listener, ssl, client->extended_master)) {
		client->refusal = "use_srtp without extended_master_secret";
		*alert = SSL_AD_HANDSHAKE_FAILURE;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (server_name_select(ssl, client))
		return SSL_CLIENT_HELLO_SUCCESS;
	client->refusal = "unknown server name";
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
	SSL_CTX_set_max_send_fragment(ctx, SEND_FRAGMENT_MAX);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_max_cert_list(ctx, MESSAGE_MAX);
	SSL_CTX_set_cookie_generate_cb(ctx, generate_cookie);
	SSL_CTX_set_cookie_verify_cb(ctx, verify_cookie);
	SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
	SSL_CTX_set_app_data(ctx, tls);
	if (tls->keylog != NULL)
		SSL_CTX_set_keylog_callback(ctx, write_keylog);
}

static int use_certificates(const struct tls *tls, SSL_CTX *ctx,
			    const struct certificate *certificate, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		char subject[128];

		if (certificate_use(&certificate[i], ctx) == 0)
			continue;
		X509_NAME_oneline(X509_get_subject_name(certificate[i].leaf), subject,
				  sizeof(subject));
		log_error(tls->listener, "certificate of", subject);
		return -EINVAL;
	}
	return 0;
}

static int configure(struct tls *tls, const struct credentials *credentials, SSL_CTX *ctx)
{
	int rc;

	if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1)
		return -ENOTSUP;
	set_options(tls, ctx);
	server_name_use(tls, ctx);
	rc = record_limit_register(ctx);
	if (rc == 0)
		rc = srtp_use(tls->listener, ctx);
	if (rc == 0)
		rc = use_suites(ctx, tls->listener);
	if (rc == 0)
		rc = psk_use(tls, credentials, ctx);
	if (rc == 0)
		rc = client_cert_use(tls, credentials, ctx);
	if (rc == 0)
		rc = resumption_use(tls, ctx);
	return rc;
}

int tls_context_create(struct tls *tls, const struct credentials *credentials,
		       const struct certificate *certificate, uint16_t certificate_nb,
		       SSL_CTX **ctx)
{
	int rc;

	*ctx = SSL_CTX_new(DTLS_server_method());
	if (*ctx == NULL)
		return -ENOMEM;
	rc = configure(tls, credentials, *ctx);
	if (rc == 0)
		rc = use_certificates(tls, *ctx, certificate, certificate_nb);
	return rc;
}
