// SPDX-License-Identifier: BSD-3-Clause
#include "resumption.h"

#include <errno.h>
#include <openssl/rand.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "client_cert.h"
#include "cp.h"
#include "psk_file.h"
#include "server_name.h"
#include "session_cache.h"
#include "ticket_keys.h"

#define ERROR_LEN   512	  // bytes of an error, file name included
#define REVOKED_MAX 16384 // tags remembered; the oldest goes first

struct resumption {
	const struct config *config;
	pthread_mutex_t lock;	     // of keys and of what is in the two caches
	struct ticket_keys keys;     // nb 0: no tickets
	struct session_cache *cache; // NULL: no session ids
	struct session_cache *revoked;
	struct event *timer; // of the keys' rotation; NULL: they come from a file
};

// What goes with a session, in its ticket or the cache.  A session without it is not resumed.
struct stamp {
	struct resumption_tag tag;
	uint8_t psk_digest[PSK_DIGEST_LEN];  // of the key
	char identity[PSK_IDENTITY_MAX + 1]; // "" without a pre-shared key; cut behind the NUL
};

static struct resumption *resumption_of(const SSL *ssl)
{
	return tls_of(ssl)->resumption;
}

// Returns false if the session has no stamp.
static bool stamp_get(SSL_SESSION *session, struct stamp *stamp)
{
	size_t least = offsetof(struct stamp, identity) + 1, len;
	void *data;

	if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 || data == NULL ||
	    len < least || len > sizeof(*stamp))
		return false;
	memset(stamp, 0, sizeof(*stamp));
	memcpy(stamp, data, len);
	stamp->identity[PSK_IDENTITY_MAX] = '\0';
	return true;
}

static bool is_psk(const SSL_CIPHER *cipher)
{
	return cipher != NULL && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk;
}

// Stamps the session of a full handshake; one without extended master secret gets no stamp.
static bool stamp_set(SSL *ssl, SSL_SESSION *session)
{
	const struct tls_client *client = SSL_get_app_data(ssl);
	struct stamp stamp = {.identity = ""};
	const char *identity = SSL_get_psk_identity(ssl);
	const struct psk_entry *entry;

	if (stamp_get(session, &stamp))
		return true;
	if (!client->extended_master)
		return false;
	if (is_psk(SSL_SESSION_get0_cipher(session))) {
		entry = identity != NULL ? psk_file_find(credentials_of(ssl)->psk, identity) : NULL;
		if (entry == NULL) // unknown: this handshake comes to nothing
			return false;
		memcpy(stamp.psk_digest, entry->digest, sizeof(stamp.psk_digest));
		strcpy(stamp.identity, entry->identity);
	}
	return RAND_bytes(stamp.tag.byte, sizeof(stamp.tag.byte)) == 1 &&
	       SSL_SESSION_set1_ticket_appdata(session, &stamp,
					       offsetof(struct stamp, identity) +
						       strlen(stamp.identity) + 1) == 1;
}

static bool client_still_good(const SSL *ssl, SSL_SESSION *session, const struct stamp *stamp)
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

static bool is_revoked(struct resumption *r, const struct resumption_tag *tag)
{
	bool revoked;

	pthread_mutex_lock(&r->lock);
	revoked = session_cache_find(r->revoked, tag->byte, sizeof(tag->byte), time(NULL)) != NULL;
	pthread_mutex_unlock(&r->lock);
	return revoked;
}

static bool may_resume(SSL *ssl, SSL_SESSION *session)
{
	struct tls *tls = tls_of(ssl);
	struct stamp stamp;

	return stamp_get(session, &stamp) && server_name_same(session, SSL_get_app_data(ssl)) &&
	       !is_revoked(tls->resumption, &stamp.tag) &&
	       sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), SSL_SESSION_get0_cipher(session)) >= 0 &&
	       client_still_good(ssl, session, &stamp);
}

// A copy, which the caller wipes.
static void keys_get(struct resumption *r, struct ticket_keys *keys)
{
	pthread_mutex_lock(&r->lock);
	*keys = r->keys;
	pthread_mutex_unlock(&r->lock);
}

static void keys_set(struct resumption *r, const struct ticket_keys *keys)
{
	pthread_mutex_lock(&r->lock);
	r->keys = *keys;
	pthread_mutex_unlock(&r->lock);
}

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
			 EVP_MAC_CTX *mac, int seal)
{
	struct ticket_keys keys;
	int rc;

	keys_get(resumption_of(ssl), &keys);
	rc = seal ? ticket_keys_seal(&keys, name, iv, cipher, mac)
		  : ticket_keys_open(&keys, name, iv, cipher, mac);
	explicit_bzero(&keys, sizeof(keys));
	return rc;
}

static int on_new_ticket(SSL *ssl, void *arg)
{
	RTE_SET_USED(arg);
	stamp_set(ssl, SSL_get_session(ssl));
	return 1;
}

static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
				   size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	RTE_SET_USED(name);
	RTE_SET_USED(name_len);
	RTE_SET_USED(arg);
	if ((status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) ||
	    !may_resume(ssl, session))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

// Returns 0: no reference is kept.
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct session_cache_entry entry = {.expires =
						    time(NULL) + SSL_SESSION_get_timeout(session)};
	struct resumption *r = resumption_of(ssl);
	const uint8_t *id;
	uint8_t *bytes = NULL;
	unsigned int id_len;
	int len;

	id = SSL_SESSION_get_id(session, &id_len);
	if (id_len > sizeof(entry.id) || !stamp_set(ssl, session))
		return 0;
	len = i2d_SSL_SESSION(session, &bytes);
	if (len <= 0)
		return 0;
	memcpy(entry.id, id, id_len);
	entry.id_len = (uint8_t)id_len;
	entry.value = bytes;
	entry.value_len = (size_t)len;
	pthread_mutex_lock(&r->lock);
	session_cache_put(r->cache, &entry);
	pthread_mutex_unlock(&r->lock);
	OPENSSL_clear_free(bytes, (size_t)len);
	return 0;
}

// A copy of the cached session's bytes, which the caller wipes and frees; NULL: none.
static uint8_t *cached(struct resumption *r, const unsigned char *id, int id_len, size_t *len)
{
	const struct session_cache_entry *entry;
	uint8_t *bytes = NULL;

	pthread_mutex_lock(&r->lock);
	entry = session_cache_find(r->cache, id, (size_t)id_len, time(NULL));
	if (entry != NULL)
		bytes = OPENSSL_memdup(entry->value, entry->value_len);
	*len = bytes != NULL ? entry->value_len : 0;
	pthread_mutex_unlock(&r->lock);
	return bytes;
}

static SSL_SESSION *on_find_session(SSL *ssl, const unsigned char *id, int id_len, int *keep)
{
	const unsigned char *p;
	SSL_SESSION *session;
	uint8_t *bytes;
	size_t len;

	*keep = 0;
	bytes = cached(resumption_of(ssl), id, id_len, &len);
	if (bytes == NULL)
		return NULL;
	p = bytes;
	session = d2i_SSL_SESSION(NULL, &p, (long)len);
	OPENSSL_clear_free(bytes, len);
	if (session != NULL && !may_resume(ssl, session)) {
		SSL_SESSION_free(session);
		session = NULL;
	}
	return session;
}

// OpenSSL calls it when a handshake ends by a fatal alert.
static void on_bad_session(SSL_CTX *ctx, SSL_SESSION *session)
{
	const struct tls *tls = SSL_CTX_get_app_data(ctx);
	struct stamp stamp;

	if (stamp_get(session, &stamp))
		resumption_revoke(tls->resumption, &stamp.tag);
}

static void on_rotation(evutil_socket_t fd, short what, void *arg)
{
	struct resumption *r = arg;
	struct ticket_keys keys;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	keys_get(r, &keys);
	if (ticket_keys_rotate(&keys) != 0) {
		LOG(ERR, "resumption: no random bytes, the old ticket keys stay");
	} else {
		keys_set(r, &keys);
		LOG(DEBUG, "resumption: ticket keys rotated");
	}
	explicit_bzero(&keys, sizeof(keys));
}

static int load(const struct resumption *r, struct ticket_keys *keys)
{
	char error[ERROR_LEN];
	int rc;

	rc = ticket_keys_load(keys, r->config->ticket_keys, error, sizeof(error));
	if (rc != 0)
		LOG(ERR, "resumption: %s", error);
	return rc;
}

// Without a file a ticket's key is the current one for a lifetime, then the previous one for
// another: as long as any ticket sealed with it is good.
static int make_keys(struct resumption *r, struct event_base *base)
{
	struct timeval lifetime = {.tv_sec = r->config->resumption_lifetime_s};

	if (!r->config->tickets)
		return 0;
	if (r->config->ticket_keys != NULL)
		return load(r, &r->keys);
	if (ticket_keys_rotate(&r->keys) != 0)
		return -EIO;
	r->timer = event_new(base, -1, EV_PERSIST, on_rotation, r);
	return r->timer != NULL && event_add(r->timer, &lifetime) == 0 ? 0 : -ENOMEM;
}

struct resumption *resumption_create(const struct config *config, struct event_base *base)
{
	struct resumption *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (r == NULL)
		goto out;
	pthread_mutex_init(&r->lock, NULL);
	r->config = config;
	r->revoked = session_cache_create(REVOKED_MAX);
	if (r->revoked == NULL)
		goto out;
	if (config->session_cache > 0) {
		r->cache = session_cache_create(config->session_cache);
		if (r->cache == NULL)
			goto out;
	}
	rc = make_keys(r, base);
	if (rc == 0)
		return r;
out:
	resumption_destroy(r);
	if (rc == -ENOMEM)
		LOG(ERR, "resumption: no memory");
	rte_errno = -rc;
	return NULL;
}

void resumption_destroy(struct resumption *r)
{
	if (r == NULL)
		return;
	if (r->timer != NULL)
		event_free(r->timer);
	session_cache_destroy(r->cache);
	session_cache_destroy(r->revoked);
	pthread_mutex_destroy(&r->lock);
	explicit_bzero(r, sizeof(*r));
	free(r);
}

void resumption_reload(struct resumption *r)
{
	struct ticket_keys keys;

	if (r == NULL || r->config->ticket_keys == NULL || !r->config->tickets)
		return;
	if (load(r, &keys) != 0) {
		LOG(ERR, "resumption: the old ticket keys stay");
		return;
	}
	keys_set(r, &keys);
	LOG(NOTICE, "resumption: %u ticket keys", keys.nb);
	explicit_bzero(&keys, sizeof(keys));
}

int resumption_use(const struct tls *tls, SSL_CTX *ctx)
{
	const struct resumption *r = tls->resumption;
	const char *name = tls->listener->name;

	// OpenSSL refuses what it was not set for, so this is set even if nothing is resumed.
	if (SSL_CTX_set_session_id_context(ctx, (const uint8_t *)name,
					   (unsigned int)strlen(name)) != 1)
		return -EINVAL;
	if (r == NULL)
		return 0;
	SSL_CTX_set_timeout(ctx, r->config->resumption_lifetime_s);
	if (r->keys.nb > 0) {
		SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket_key);
		SSL_CTX_set_session_ticket_cb(ctx, on_new_ticket, on_ticket, NULL);
	}
	if (r->cache != NULL) {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER |
							    SSL_SESS_CACHE_NO_INTERNAL |
							    SSL_SESS_CACHE_NO_AUTO_CLEAR);
		SSL_CTX_sess_set_new_cb(ctx, on_new_session);
		SSL_CTX_sess_set_get_cb(ctx, on_find_session);
	}
	SSL_CTX_sess_set_remove_cb(ctx, on_bad_session);
	return 0;
}

void resumption_tag(const SSL *ssl, struct resumption_tag *tag)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	struct stamp stamp;

	memset(tag, 0, sizeof(*tag));
	if (session != NULL && stamp_get(session, &stamp))
		*tag = stamp.tag;
}

void resumption_revoke(struct resumption *r, const struct resumption_tag *tag)
{
	static const struct resumption_tag none;
	struct session_cache_entry entry = {.id_len = sizeof(tag->byte)};
	int rc;

	if (r == NULL || memcmp(tag, &none, sizeof(none)) == 0)
		return;
	memcpy(entry.id, tag->byte, sizeof(tag->byte));
	entry.expires = time(NULL) + r->config->resumption_lifetime_s;
	pthread_mutex_lock(&r->lock);
	rc = session_cache_put(r->revoked, &entry);
	pthread_mutex_unlock(&r->lock);
	if (rc != 0)
		LOG_LIMITED(ERR, "resumption: no memory to revoke a session");
}
