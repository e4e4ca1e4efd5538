// SPDX-License-Identifier: BSD-3-Clause
#include "session_stamp.h"

#include "client_cert.h"
#include "credentials.h"
#include "record_limit.h"

static bool is_psk(const SSL_CIPHER *cipher)
{
	return cipher != NULL && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk;
}

bool session_stamp_get(SSL_SESSION *session, struct session_stamp *stamp)
{
	size_t least = offsetof(struct session_stamp, identity) + 1, len;
	void *data;

	if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 || data == NULL ||
	    len < least || len > sizeof(*stamp))
		return false;
	memset(stamp, 0, sizeof(*stamp));
	memcpy(stamp, data, len);
	stamp->identity[PSK_IDENTITY_MAX] = '\0';
	return true;
}

static time_t begin_of(SSL_SESSION *session)
{
#if OPENSSL_VERSION_PREREQ(3, 3)
	return SSL_SESSION_get_time_ex(session);
#else
	return SSL_SESSION_get_time(session);
#endif
}

bool session_stamp_set(SSL *ssl, SSL_SESSION *session,
		       const uint8_t origin[static SESSION_STAMP_ORIGIN_LEN])
{
	const struct tls_client *client = SSL_get_app_data(ssl);
	const char *identity = SSL_get_psk_identity(ssl);
	struct session_stamp stamp = {.identity = ""};
	const struct psk_entry *entry = NULL;

	if (session_stamp_get(session, &stamp))
		return true;
	if (!client->extended_master || !server_name_digest(client, stamp.name_digest))
		return false;
	if (is_psk(SSL_SESSION_get0_cipher(session))) {
		entry = identity != NULL ? psk_file_find(credentials_of(ssl)->psk, identity) : NULL;
		if (entry == NULL) // unknown: this handshake comes to nothing
			return false;
		memcpy(stamp.psk_digest, entry->digest, sizeof(stamp.psk_digest));
		strcpy(stamp.identity, entry->identity);
	}
	memcpy(stamp.origin, origin, sizeof(stamp.origin));
	stamp.tag.expires = begin_of(session) + SSL_SESSION_get_timeout(session);
	// As random as any, and no other session's.
	return SSL_get_server_random(ssl, stamp.tag.byte, sizeof(stamp.tag.byte)) ==
		       sizeof(stamp.tag.byte) &&
	       SSL_SESSION_set1_ticket_appdata(session, &stamp,
					       offsetof(struct session_stamp, identity) +
						       strlen(stamp.identity) + 1) == 1;
}

static bool name_fits(const struct session_stamp *stamp, const SSL *ssl)
{
	uint8_t digest[SERVER_NAME_DIGEST_LEN];

	return server_name_digest(SSL_get_app_data(ssl), digest) &&
	       memcmp(digest, stamp->name_digest, sizeof(digest)) == 0;
}

static bool client_fits(const struct session_stamp *stamp, const SSL *ssl, SSL_SESSION *session)
{
	const struct credentials *credentials = credentials_of(ssl);
	X509 *certificate = SSL_SESSION_get0_peer(session);
	const struct psk_entry *entry;

	if (is_psk(SSL_SESSION_get0_cipher(session))) {
		if (credentials->psk == NULL)
			return false;
		entry = psk_file_find(credentials->psk, stamp->identity);
		return entry != NULL &&
		       memcmp(entry->digest, stamp->psk_digest, sizeof(entry->digest)) == 0;
	}
	if (certificate == NULL)
		return tls_of(ssl)->listener->client_certificate !=
		       CONFIG_CLIENT_CERTIFICATE_REQUIRED;
	return client_cert_good(credentials, certificate);
}

// OpenSSL looks at the listener and at the time as well, but does not say so.
static bool listener_fits(const SSL *ssl, SSL_SESSION *session)
{
	const char *name = tls_of(ssl)->listener->name;
	const uint8_t *context;
	unsigned int len;

	context = SSL_SESSION_get0_id_context(session, &len);
	return len == strlen(name) && memcmp(context, name, len) == 0;
}

const char *session_stamp_misfit(const struct session_stamp *stamp, SSL *ssl, SSL_SESSION *session)
{
	const struct tls_client *client = SSL_get_app_data(ssl);

	if (time(NULL) >= stamp->tag.expires)
		return "its time is over";
	if (!listener_fits(ssl, session))
		return "of another listener";
	if (!name_fits(stamp, ssl))
		return "another server name";
	if (record_limit_kept(session) != client->fragment_code)
		return "another max_fragment_length";
	if (sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), SSL_SESSION_get0_cipher(session)) < 0)
		return "its suite is not offered any more";
	return client_fits(stamp, ssl, session) ? NULL : "its client would not get in any more";
}
