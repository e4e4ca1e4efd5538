// SPDX-License-Identifier: BSD-3-Clause
#include "credentials.h"

#include <errno.h>
#include <openssl/err.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "client_cert.h"
#include "cp.h"
#include "psk.h"
#include "psk_file.h"
#include "suites.h"
#include "tls_context.h"

#define ERROR_LEN 512 // bytes of an error, file name included

// A certificate that is read again stays of its kind: the suites, and the other certificates, were
// checked with that.
static int load_certificate(const struct tls *tls, const struct config_certificate *files,
			    const struct certificate *old, struct certificate *c)
{
	char error[ERROR_LEN];
	const char *part;
	int rc;

	rc = certificate_load(c, files, &part, error, sizeof(error));
	if (rc == 0 && old != NULL && old->kind != c->kind) {
		snprintf(error, sizeof(error), "%s: another kind of key; expected the same, %s",
			 files->key, old->kind == SUITES_RSA ? "RSA" : "ECDSA");
		certificate_release(c);
		rc = -EINVAL;
	}
	if (rc == 0)
		return 0;
	LOG(ERR, "credentials: listener %s: %s%s", tls->listener->name, error,
	    old != NULL ? "; the old certificate stays" : "");
	return old != NULL ? certificate_ref(c, old) : rc;
}

// old: as many as files, or NULL.
static int load_certificates(const struct tls *tls, const struct config_certificate *files,
			     uint16_t nb, const struct certificate *old, struct certificate *c)
{
	int rc = 0;

	for (uint16_t i = 0; rc == 0 && i < nb; i++)
		rc = load_certificate(tls, &files[i], old != NULL ? &old[i] : NULL, &c[i]);
	return rc;
}

static int load(const struct tls *tls, const struct credentials *old, struct credentials *c)
{
	const struct config_listener *listener = tls->listener;
	int rc;

	rc = load_certificates(tls, listener->certificate, listener->certificate_nb,
			       old != NULL ? old->certificate : NULL, c->certificate);
	for (uint16_t i = 0; rc == 0 && i < listener->server_name_nb; i++)
		rc = load_certificates(tls, listener->server_name[i].certificate,
				       listener->server_name[i].certificate_nb,
				       old != NULL ? old->name_certificate[i] : NULL,
				       c->name_certificate[i]);
	if (rc == 0 && listener->client_certificate != CONFIG_CLIENT_CERTIFICATE_NONE) {
		c->client_trust = client_cert_load(tls, old != NULL ? old->client_trust : NULL);
		rc = c->client_trust != NULL ? 0 : -EINVAL;
	}
	if (rc == 0 && listener->psk_file != NULL) {
		c->psk = psk_load(tls, old != NULL ? old->psk : NULL);
		rc = c->psk != NULL ? 0 : -rte_errno;
	}
	return rc;
}

static int make_contexts(struct tls *tls, struct credentials *c)
{
	const struct config_listener *listener = tls->listener;
	int rc;

	rc = tls_context_create(tls, c, c->certificate, listener->certificate_nb, &c->ctx);
	for (uint16_t i = 0; rc == 0 && i < listener->server_name_nb; i++) {
		const struct config_server_name *name = &listener->server_name[i];

		if (name->certificate_nb > 0)
			rc = tls_context_create(tls, c, c->name_certificate[i],
						name->certificate_nb, &c->name_ctx[i]);
	}
	return rc;
}

struct credentials *credentials_create(struct tls *tls, const struct credentials *old)
{
	struct credentials *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	if (c == NULL)
		goto out;
	c->references = 1;
	rc = load(tls, old, c);
	if (rc == 0)
		rc = make_contexts(tls, c);
	if (rc == 0)
		return c;
	credentials_release(c);
out:
	rte_errno = -rc;
	return NULL;
}

struct credentials *credentials_ref(struct credentials *c)
{
	atomic_fetch_add(&c->references, 1);
	return c;
}

void credentials_release(struct credentials *c)
{
	if (c == NULL || atomic_fetch_sub(&c->references, 1) > 1)
		return;
	SSL_CTX_free(c->ctx);
	for (uint16_t i = 0; i < CONFIG_SERVER_NAME_MAX; i++)
		SSL_CTX_free(c->name_ctx[i]);
	for (uint16_t i = 0; i < CONFIG_CERTIFICATE_MAX; i++)
		certificate_release(&c->certificate[i]);
	for (uint16_t i = 0; i < CONFIG_SERVER_NAME_MAX; i++) {
		for (uint16_t j = 0; j < CONFIG_CERTIFICATE_MAX; j++)
			certificate_release(&c->name_certificate[i][j]);
	}
	X509_STORE_free(c->client_trust);
	psk_file_release(c->psk);
	free(c);
}

const struct credentials *credentials_of(const SSL *ssl)
{
	const struct tls_client *client = SSL_get_app_data(ssl);

	return client->credentials;
}
