// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

#include "certificate.h"
#include "client_cert.h"
#include "config_check.h"
#include "psk_file.h"
#include "suites.h"
#include "ticket_keys.h"

#define ERROR_LEN 512 // bytes of an error of a file, its name included

// OpenSSL's last reason, and none left.
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text != NULL ? text : "not readable";
}

// Returns the SUITES_ bit of a certificate that can be used with its key, or 0.
static unsigned int check_certificate(struct config_doc *doc, const struct config_certificate *c,
				      SSL_CTX *ctx)
{
	struct certificate certificate;
	char error[ERROR_LEN];
	unsigned int kind = 0;
	const char *part;

	if (certificate_load(&certificate, c, &part, error, sizeof(error)) != 0) {
		config_error(doc, part, "%s", error);
		return 0;
	}
	if (certificate_use(&certificate, ctx) == 0)
		kind = certificate.kind;
	else
		config_error(doc, "certificate",
			     "%s: %s; expected a certificate that OpenSSL accepts", c->certificate,
			     reason());
	certificate_release(&certificate);
	return kind;
}

// Returns SUITES_PSK if the listener has a good file of identities, else 0.
static unsigned int check_psk(struct config_doc *doc, const struct config *config, unsigned int i)
{
	const char *file = config->listener[i].psk_file;
	struct psk_file *psk = NULL;
	char error[ERROR_LEN];

	if (file == NULL)
		return 0;
	psk = psk_file_load(file, config, error, sizeof(error));
	if (psk == NULL)
		config_error(doc, "psk_file", "%s", error);
	psk_file_release(psk);
	return psk != NULL ? SUITES_PSK : 0;
}

static void check_client_ca(struct config_doc *doc, const struct config_listener *listener)
{
	const char *const crls[] = {NULL, listener->client_crl};
	char error[ERROR_LEN];

	for (int i = 0; listener->client_ca != NULL && i < 2; i++) {
		X509_STORE *store =
			client_cert_store_load(listener->client_ca, crls[i], error, sizeof(error));

		X509_STORE_free(store);
		if (store == NULL) {
			config_error(doc, i == 0 ? "client_ca" : "client_crl", "%s", error);
			return;
		}
	}
}

// Returns the SUITES_ bits of all suites that the list selects, or 0 after an error.
static unsigned int check_suites(struct config_doc *doc, const char *suites, SSL_CTX *ctx)
{
	const char *suite;

	switch (suites_set(ctx, suites, &suite)) {
	case 0:
		return suites_keys(ctx);
	case -ENOTSUP:
		config_error(doc, "suites",
			     "\"%.128s\" selects %s; expected only AEAD (AESGCM, CHACHA20, AESCCM) "
			     "with ECDHE-ECDSA, ECDHE-RSA, DHE-RSA or PSK, as ECDHE+AESGCM",
			     suites, suite);
		break;
	default:
		config_error(doc, "suites",
			     "\"%.128s\" selects no suite; expected an OpenSSL "
			     "list as ECDHE+AESGCM",
			     suites);
	}
	ERR_clear_error();
	return 0;
}

// Returns the SUITES_ bits of the certificates that owner, a path, has.
static unsigned int check_certificates(struct config_doc *doc, const char *owner,
				       const struct config_certificate *certificate,
				       unsigned int nb, SSL_CTX *ctx)
{
	unsigned int kinds = 0;

	for (unsigned int i = 0; i < nb; i++) {
		unsigned int kind;

		config_at(doc, "%s.certificates[%u]", owner, i);
		kind = check_certificate(doc, &certificate[i], ctx);
		if ((kinds & kind) != 0)
			config_error(doc, "certificate",
				     "second %s certificate of this %s; "
				     "expected at most one ECDSA and one RSA",
				     kind == SUITES_RSA ? "RSA" : "ECDSA",
				     strchr(owner, '.') != NULL ? "name" : "listener");
		kinds |= kind;
	}
	return kinds;
}

static const char *kinds_text(unsigned int kinds)
{
	if (kinds == SUITES_PSK)
		return "pre-shared keys";
	return kinds == SUITES_RSA ? "RSA" : "ECDSA";
}

// What a listener has keys for must be among its suites, and its certificates among its signature
// algorithms.
static void check_kinds(struct config_doc *doc, const struct config_listener *listener,
			unsigned int kinds, unsigned int suite_kinds)
{
	unsigned int certificates = kinds & ~(unsigned int)SUITES_PSK;

	if (kinds != 0 && suite_kinds != 0 && (kinds & suite_kinds) == 0)
		config_error(doc, "suites",
			     "\"%.128s\" has no suite for the %s; expected one for %s",
			     listener->suites, kinds == SUITES_PSK ? "psk_file" : "certificates",
			     kinds_text(kinds));
	if (certificates != 0 && (certificates & suites_signers(listener->signatures)) == 0)
		config_error(doc, "signature_algorithms",
			     "\"%.128s\" has none for the certificates; expected one for %s",
			     listener->signatures, kinds_text(certificates));
}

static void check_lists(struct config_doc *doc, const struct config_listener *listener,
			SSL_CTX *ctx)
{
	if (SSL_CTX_set1_groups_list(ctx, listener->groups) != 1)
		config_error(doc, "groups",
			     "\"%.128s\" has an unknown group; expected a list as "
			     "X25519:P-256:P-384",
			     listener->groups);
	if (SSL_CTX_set1_sigalgs_list(ctx, listener->signatures) != 1)
		config_error(doc, "signature_algorithms",
			     "\"%.128s\" has an unknown algorithm, or one twice; expected a list "
			     "as ECDSA+SHA256:RSA-PSS+SHA256",
			     listener->signatures);
	ERR_clear_error();
}

static void check_listener(struct config_doc *doc, const struct config *config, unsigned int i,
			   SSL_CTX *ctx)
{
	const struct config_listener *listener = &config->listener[i];
	unsigned int suite_kinds, psk, kinds;
	char path[CONFIG_PATH_LEN];

	config_at(doc, "listeners[%u]", i);
	suite_kinds = check_suites(doc, listener->suites, ctx);
	check_lists(doc, listener, ctx);
	snprintf(path, sizeof(path), "listeners[%u]", i);
	kinds = check_certificates(doc, path, listener->certificate, listener->certificate_nb, ctx);
	config_at(doc, "%s", path);
	check_kinds(doc, listener, kinds, suite_kinds);
	for (unsigned int j = 0; j < listener->server_name_nb; j++) {
		const struct config_server_name *name = &listener->server_name[j];

		snprintf(path, sizeof(path), "listeners[%u].server_names[%u]", i, j);
		kinds = check_certificates(doc, path, name->certificate, name->certificate_nb, ctx);
		config_at(doc, "listeners[%u]", i);
		check_kinds(doc, listener, kinds, suite_kinds);
	}
	config_at(doc, "listeners[%u]", i);
	psk = check_psk(doc, config, i);
	check_client_ca(doc, listener);
	check_kinds(doc, listener, psk, suite_kinds);
}

static void check_ticket_keys(struct config_doc *doc, const struct config *config)
{
	struct ticket_keys keys;
	char error[ERROR_LEN];

	config_at(doc, "resumption");
	if (config->ticket_keys != NULL &&
	    ticket_keys_load(&keys, config->ticket_keys, error, sizeof(error)) != 0)
		config_error(doc, "ticket_keys", "%s", error);
	explicit_bzero(&keys, sizeof(keys));
}

void config_check_tls(struct config_doc *doc, const struct config *config)
{
	check_ticket_keys(doc, config);
	for (unsigned int i = 0; i < config->listener_nb; i++) {
		SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());

		if (ctx == NULL) {
			config_at(doc, "%s", "");
			config_error(doc, "", "OpenSSL: %s; expected a working library", reason());
			return;
		}
		check_listener(doc, config, i, ctx);
		SSL_CTX_free(ctx);
	}
	config_at(doc, "%s", "");
}
