// SPDX-License-Identifier: BSD-3-Clause
#include "dial_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "suites.h"

static unsigned int on_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_max,
			   unsigned char *psk, unsigned int psk_max)
{
	const struct options *o = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	(void)hint;
	if (strlen(o->psk_identity) >= identity_max || o->psk_len > psk_max)
		return 0;
	strcpy(identity, o->psk_identity);
	memcpy(psk, o->psk, o->psk_len);
	return o->psk_len;
}

static bool configure(SSL_CTX *ctx, const struct options *o, const char **what)
{
	const char *suite;

	*what = "version";
	if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1)
		return false;
	*what = "suites";
	if (suites_set(ctx, o->suites != NULL ? o->suites : SUITES_DEFAULT, &suite) != 0)
		return false;
	*what = "CA file";
	if (o->ca != NULL) {
		if (SSL_CTX_load_verify_file(ctx, o->ca) != 1)
			return false;
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_app_data(ctx, (void *)(uintptr_t)o);
	if (o->psk_len > 0)
		SSL_CTX_set_psk_client_callback(ctx, on_psk);
	return true;
}

SSL_CTX *dial_tls_context(const struct options *o)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());
	const char *what = "context", *reason;

	if (ctx != NULL && configure(ctx, o, &what))
		return ctx;
	reason = ERR_reason_error_string(ERR_peek_last_error());
	fprintf(stderr, "dtlsgw-gen: TLS: %s: %s\n", what, reason != NULL ? reason : "not usable");
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

int dial_tls_name(SSL *ssl, const struct options *o)
{
	SSL_set_connect_state(ssl);
	if (o->name == NULL)
		return 0;
	if (SSL_set_tlsext_host_name(ssl, o->name) != 1 ||
	    (o->ca != NULL && SSL_set1_host(ssl, o->name) != 1))
		return -EINVAL;
	return 0;
}
