// SPDX-License-Identifier: BSD-3-Clause
#include "client_cert.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "cp.h"
#include "identity.h"

#define ERROR_LEN 512 // bytes of an error, file name included

static void file_error(const char *file, const char *what, char *error, size_t error_len)
{
	unsigned long code = ERR_peek_error();
	const char *reason = errno != 0 ? strerror(errno) : NULL;

	if (reason == NULL)
		reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	snprintf(error, error_len, "%s: %s; expected a PEM file with %s", file,
		 reason != NULL ? reason : "nothing usable in it", what);
	ERR_clear_error();
}

X509_STORE *client_cert_store_load(const char *ca, const char *crl, char *error, size_t error_len)
{
	X509_STORE *store = X509_STORE_new();
	X509_LOOKUP *lookup = NULL;

	if (store != NULL)
		lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	ERR_clear_error();
	errno = 0;
	if (lookup == NULL || X509_load_cert_file(lookup, ca, X509_FILETYPE_PEM) <= 0) {
		file_error(ca, "the certificates of the clients' authorities", error, error_len);
		goto fail;
	}
	if (crl == NULL)
		return store;
	errno = 0;
	if (X509_load_crl_file(lookup, crl, X509_FILETYPE_PEM) <= 0) {
		file_error(crl, "revocation lists", error, error_len);
		goto fail;
	}
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return store;
fail:
	X509_STORE_free(store);
	return NULL;
}

X509_STORE *client_cert_load(const struct tls *tls, X509_STORE *old)
{
	const struct config_listener *listener = tls->listener;
	char error[ERROR_LEN];
	X509_STORE *store;

	store = client_cert_store_load(listener->client_ca, listener->client_crl, error,
				       sizeof(error));
	if (store != NULL)
		return store;
	LOG(ERR, "client_cert: listener %s: %s%s", listener->name, error,
	    old != NULL ? "; the old authorities and revocation lists stay" : "");
	if (old != NULL)
		X509_STORE_up_ref(old);
	return old;
}

// OpenSSL's verify callback: keeps whose certificate it was, for the log.
static int on_verify(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_client *client = SSL_get_app_data(ssl);

	if (!ok && client->refused == NULL)
		client->refused = identity_of_certificate(X509_STORE_CTX_get0_cert(ctx));
	return ok;
}

// The subjects of the store's certificates, for the CertificateRequest.  NULL: no memory.
static STACK_OF(X509_NAME) * names_of(X509_STORE *store)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(store);
	bool whole = names != NULL && all != NULL;

	for (int i = 0; whole && i < sk_X509_num(all); i++) {
		X509_NAME *name = X509_NAME_dup(X509_get_subject_name(sk_X509_value(all, i)));

		whole = name != NULL && sk_X509_NAME_push(names, name) > 0;
		if (!whole)
			X509_NAME_free(name);
	}
	sk_X509_pop_free(all, X509_free);
	if (whole)
		return names;
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	return NULL;
}

int client_cert_use(const struct tls *tls, const struct credentials *credentials, SSL_CTX *ctx)
{
	int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
	STACK_OF(X509_NAME) * names;

	if (credentials->client_trust == NULL)
		return 0;
	if (tls->listener->client_certificate == CONFIG_CLIENT_CERTIFICATE_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	names = names_of(credentials->client_trust);
	if (names == NULL)
		return -ENOMEM;
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set1_cert_store(ctx, credentials->client_trust);
	SSL_CTX_set_verify(ctx, mode, on_verify);
	return 0;
}

bool client_cert_good(const struct credentials *credentials, X509 *certificate)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good = false;

	if (ctx != NULL && credentials->client_trust != NULL &&
	    X509_STORE_CTX_init(ctx, credentials->client_trust, certificate, NULL) == 1 &&
	    X509_STORE_CTX_set_default(ctx, "ssl_client") == 1) {
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx),
						 SSL_CTX_get_security_level(credentials->ctx));
		good = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return good;
}
