// SPDX-License-Identifier: BSD-3-Clause
#include "tls.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "cp.h"
#include "credentials.h"
#include "psk_file.h"
#include "resumption.h"
#include "server_name.h"
#include "srtp.h"

struct tls *tls_create(const struct config *config, uint16_t listener, struct keylog *keylog,
		       struct resumption *resumption)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_init(&tls->lock, NULL);
	tls->config = config;
	tls->listener = &config->listener[listener];
	tls->keylog = keylog;
	tls->resumption = resumption;
	server_name_init(tls);
	tls->credentials = credentials_create(tls, NULL);
	if (tls->credentials != NULL)
		return tls;
	tls_destroy(tls);
	return NULL;
}

void tls_destroy(struct tls *tls)
{
	if (tls == NULL)
		return;
	credentials_release(tls->credentials);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

// A reference to the listener's newest.
static struct credentials *newest(struct tls *tls)
{
	struct credentials *c;

	pthread_mutex_lock(&tls->lock);
	c = credentials_ref(tls->credentials);
	pthread_mutex_unlock(&tls->lock);
	return c;
}

void tls_reload(struct tls *tls)
{
	struct credentials *old = newest(tls), *c = credentials_create(tls, old);

	credentials_release(old);
	if (c == NULL) {
		LOG(ERR, "tls: listener %s: all files stay as they were read before",
		    tls->listener->name);
		return;
	}
	pthread_mutex_lock(&tls->lock);
	old = tls->credentials;
	tls->credentials = c;
	pthread_mutex_unlock(&tls->lock);
	credentials_release(old);
	LOG(NOTICE, "tls: listener %s: certificates and keys were read again", tls->listener->name);
}

SSL *tls_ssl_new(struct tls *tls, struct tls_client *client)
{
	SSL *ssl;

	*client = (struct tls_client){.backend = tls->listener->backend};
	client->credentials = newest(tls);
	ssl = SSL_new(client->credentials->ctx);
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
	credentials_release(client->credentials);
	srtp_destroy(client->srtp);
}

struct tls *tls_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

// Looks the client's pre-shared key up once more: its identity may have left the file, or got
// another key, since it proved that it has it.
static const char *find_backend(const SSL *ssl, struct tls_client *client)
{
	const char *identity = SSL_get_psk_identity(ssl);
	struct credentials *now = newest(tls_of(ssl));
	const struct psk_entry *entry = NULL, *then = NULL;

	if (identity != NULL && now->psk != NULL) {
		entry = psk_file_find(now->psk, identity);
		then = now->psk == client->credentials->psk
			       ? entry
			       : psk_file_find(client->credentials->psk, identity);
	}
	if (entry == NULL || then == NULL ||
	    memcmp(entry->digest, then->digest, sizeof(entry->digest)) != 0) {
		credentials_release(now);
		client->psk_withdrawn = true;
		client->psk_unknown = entry == NULL;
		return "the client's identity or its key is no longer in the file";
	}
	if (entry->backend != CONFIG_BACKEND_NONE)
		client->backend = entry->backend;
	credentials_release(now);
	return NULL;
}

const char *tls_identify(SSL *ssl, struct tls_client *client)
{
	client->resumed = SSL_session_reused(ssl) == 1;
	resumption_tag(ssl, &client->tag);
	if (identity_create(ssl, &client->identity) != 0)
		return "no memory";
	if (tls_of(ssl)->config->control_socket != NULL && srtp_create(ssl, &client->srtp) != 0)
		return "the keys for SRTP cannot be exported";
	if (client->identity == NULL || client->identity->kind != IDENTITY_PSK)
		return NULL;
	return find_backend(ssl, client);
}
