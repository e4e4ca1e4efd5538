// SPDX-License-Identifier: BSD-3-Clause
#include "server_name.h"

#include <ctype.h>
#include <strings.h>

#include "cp.h"
#include "credentials.h"
#include "wire.h"

#define HOST_NAME 0 // RFC 6066 section 3

const struct config_server_name *server_name_find(const struct config_listener *listener,
						  const char *name)
{
	const char *dot = strchr(name, '.');

	for (uint16_t i = 0; i < listener->server_name_nb; i++)
		if (strcasecmp(listener->server_name[i].name, name) == 0)
			return &listener->server_name[i];
	for (uint16_t i = 0; dot != NULL && dot != name && i < listener->server_name_nb; i++) {
		const char *wildcard = listener->server_name[i].name;

		if (wildcard[0] == '*' && strcasecmp(wildcard + 1, dot) == 0)
			return &listener->server_name[i];
	}
	return NULL;
}

// Copies the host name that the client asks for.  False if there is none, or it is none: then
// OpenSSL, which reads it again, has the alert.
static bool read_name(SSL *ssl, char name[static TLS_SERVER_NAME_LEN])
{
	const unsigned char *bytes;
	struct wire_reader list;
	size_t len;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len) != 1)
		return false;
	list = wire_reader(bytes, len);
	if (wire_uint(&list, 2) + 2 != len || wire_uint(&list, 1) != HOST_NAME)
		return false;
	len = wire_uint(&list, 2);
	bytes = wire_bytes(&list, len);
	if (bytes == NULL || len == 0 || len >= TLS_SERVER_NAME_LEN ||
	    memchr(bytes, '\0', len) != NULL)
		return false;
	memcpy(name, bytes, len);
	name[len] = '\0';
	return true;
}

bool server_name_select(SSL *ssl, struct tls_client *client)
{
	const struct tls *tls = tls_of(ssl);
	const struct config_listener *listener = tls->listener;
	const struct config_server_name *entry;
	SSL_CTX *ctx;

	if (!read_name(ssl, client->server_name) || listener->server_name_nb == 0)
		return true;
	entry = server_name_find(listener, client->server_name);
	if (entry == NULL) {
		client->name_unknown = true;
		return !listener->refuse_unknown_name;
	}
	client->name_known = true;
	if (entry->backend != CONFIG_BACKEND_NONE)
		client->backend = entry->backend;
	ctx = client->credentials->name_ctx[entry - listener->server_name];
	if (ctx != NULL)
		SSL_set_SSL_CTX(ssl, ctx);
	return true;
}

bool server_name_digest(const struct tls_client *client,
			uint8_t digest[static SERVER_NAME_DIGEST_LEN])
{
	size_t len = strlen(client->server_name);
	uint8_t whole[EVP_MAX_MD_SIZE];
	char name[TLS_SERVER_NAME_LEN];

	memset(digest, 0, SERVER_NAME_DIGEST_LEN); // of none
	if (len == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)client->server_name[i]);
	if (EVP_Digest(name, len, whole, NULL, EVP_sha256(), NULL) != 1)
		return false;
	memcpy(digest, whole, SERVER_NAME_DIGEST_LEN);
	return true;
}

// Tells the client that its name was used.
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls_client *client = SSL_get_app_data(ssl);

	RTE_SET_USED(alert);
	RTE_SET_USED(arg);
	return client->name_known ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *in, unsigned int in_len, void *arg)
{
	const struct tls *tls = tls_of(ssl);
	unsigned char *selected;

	RTE_SET_USED(arg);
	if (SSL_select_next_proto(&selected, out_len, tls->alpn, tls->alpn_len, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = selected;
	return SSL_TLSEXT_ERR_OK;
}

void server_name_init(struct tls *tls)
{
	const struct config_listener *listener = tls->listener;

	for (uint16_t i = 0; i < listener->alpn_nb; i++) {
		size_t len = strlen(listener->alpn[i]);

		tls->alpn[tls->alpn_len++] = (uint8_t)len;
		memcpy(tls->alpn + tls->alpn_len, listener->alpn[i], len);
		tls->alpn_len += (unsigned int)len;
	}
}

void server_name_use(const struct tls *tls, SSL_CTX *ctx)
{
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	if (tls->alpn_len > 0)
		SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}
