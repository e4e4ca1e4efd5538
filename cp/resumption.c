// SPDX-License-Identifier: BSD-3-Clause
#include "resumption.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "cp.h"
#include "resumption_state.h"
#include "session_cache.h"
#include "session_stamp.h"
#include "ticket_keys.h"

#define ERROR_LEN   512	  // bytes of an error, file name included
#define REVOKED_MAX 16384 // tags remembered
#define STEP_US	    20000 // between two steps of writing the state
#define PAUSE_S	    60	  // until it is written again, if it has changed

struct resumption {
	const struct config *config;
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN]; // of the sessions that can be resumed
	pthread_mutex_t lock;			  // of what follows, but for state and timer
	struct ticket_keys keys;		  // nb 0: no tickets; the main thread changes them
	struct session_cache *cache;		  // NULL: no session ids
	struct session_cache *revoked;
	struct resumption_stats stats;
	struct resumption_state *state; // NULL: cache and revocations end with us
	struct event *timer;		// of the keys' rotation, or of the state; NULL: of neither
};

static struct resumption *resumption_of(const SSL *ssl)
{
	return tls_of(ssl)->resumption;
}

// NULL, or why a session with that tag may be one that was revoked.
static const char *revoked(struct resumption *r, const struct resumption_tag *tag)
{
	const char *why = NULL;
	time_t now = time(NULL);

	pthread_mutex_lock(&r->lock);
	if (session_cache_find(r->revoked, tag->byte, sizeof(tag->byte), now) != NULL)
		why = "a fatal alert ended it";
	else if (tag->expires > now && tag->expires <= session_cache_forgotten(r->revoked))
		why = "as old as the list of those that fatal alerts ended";
	pthread_mutex_unlock(&r->lock);
	return why;
}

// False after a note why not.
static bool refuse(SSL *ssl, const char *reason)
{
	struct tls_client *client = SSL_get_app_data(ssl);

	client->not_resumed = reason;
	return false;
}

static bool may_resume(SSL *ssl, SSL_SESSION *session)
{
	struct resumption *r = resumption_of(ssl);
	struct session_stamp stamp;
	const char *misfit;

	if (!session_stamp_get(session, &stamp))
		return refuse(ssl, "made without the extended master secret");
	if (memcmp(stamp.origin, r->origin, sizeof(r->origin)) != 0)
		return refuse(ssl, "of another gateway, or older than its state");
	misfit = revoked(r, &stamp.tag);
	if (misfit == NULL)
		misfit = session_stamp_misfit(&stamp, ssl, session);
	return misfit == NULL || refuse(ssl, misfit);
}

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
			 EVP_MAC_CTX *mac, int seal)
{
	struct resumption *r = resumption_of(ssl);
	struct ticket_keys keys;
	int rc;

	pthread_mutex_lock(&r->lock);
	keys = r->keys;
	pthread_mutex_unlock(&r->lock);
	rc = seal ? ticket_keys_seal(&keys, name, iv, cipher, mac)
		  : ticket_keys_open(&keys, name, iv, cipher, mac);
	explicit_bzero(&keys, sizeof(keys));
	return rc;
}

static int on_new_ticket(SSL *ssl, void *arg)
{
	RTE_SET_USED(arg);
	session_stamp_set(ssl, SSL_get_session(ssl), resumption_of(ssl)->origin);
	return 1;
}

static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
				   size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	RTE_SET_USED(name);
	RTE_SET_USED(name_len);
	RTE_SET_USED(arg);
	if (status == SSL_TICKET_NO_DECRYPT)
		refuse(ssl, "its ticket's key is not known, or it is forged");
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
	if (id_len > sizeof(entry.id) || !session_stamp_set(ssl, session, r->origin))
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

static SSL_SESSION *find_session(struct resumption *r, const unsigned char *id, int id_len)
{
	const struct session_cache_entry *entry;
	const unsigned char *next;
	SSL_SESSION *session;
	uint8_t *bytes = NULL;
	size_t len = 0;

	pthread_mutex_lock(&r->lock);
	entry = session_cache_find(r->cache, id, (size_t)id_len, time(NULL));
	if (entry != NULL) {
		len = entry->value_len;
		bytes = OPENSSL_memdup(entry->value, len);
	}
	pthread_mutex_unlock(&r->lock);
	if (bytes == NULL)
		return NULL;
	next = bytes;
	session = d2i_SSL_SESSION(NULL, &next, (long)len);
	OPENSSL_clear_free(bytes, len);
	return session;
}

static SSL_SESSION *on_find_session(SSL *ssl, const unsigned char *id, int id_len, int *keep)
{
	SSL_SESSION *session = find_session(resumption_of(ssl), id, id_len);

	*keep = 0;
	if (session == NULL)
		refuse(ssl, "its id is not known");
	if (session != NULL && !may_resume(ssl, session)) {
		SSL_SESSION_free(session);
		session = NULL;
	}
	return session;
}

static void on_rotation(evutil_socket_t fd, short what, void *arg)
{
	struct resumption *r = arg;
	int rc;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	pthread_mutex_lock(&r->lock);
	rc = ticket_keys_rotate(&r->keys);
	pthread_mutex_unlock(&r->lock);
	if (rc != 0)
		LOG(ERR, "resumption: no random bytes, the old ticket keys stay");
	else
		LOG(DEBUG, "resumption: ticket keys rotated");
}

static void await_step(struct resumption *r, bool more)
{
	static const struct timeval soon = {.tv_usec = STEP_US}, later = {.tv_sec = PAUSE_S};

	event_add(r->timer, more ? &soon : &later);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct resumption *r = arg;
	bool more;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	more = resumption_state_step(r->state, &r->keys); // which only this thread changes
	await_step(r, more);
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

static int make_state(struct resumption *r, struct event_base *base)
{
	r->timer = evtimer_new(base, on_step, r);
	if (r->timer == NULL)
		return -ENOMEM;
	r->state = resumption_state_create(r->config->state_file, &r->keys, r->cache, r->revoked,
					   &r->lock);
	if (r->state == NULL)
		return -errno;
	memcpy(r->origin, resumption_state_origin(r->state), sizeof(r->origin));
	await_step(r, false);
	return 0;
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
	if (rc == 0 && config->state_file != NULL)
		rc = make_state(r, base);
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
	resumption_state_destroy(r->state, &r->keys);
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
	pthread_mutex_lock(&r->lock);
	r->keys = keys;
	pthread_mutex_unlock(&r->lock);
	if (r->state != NULL) {
		resumption_state_rekey(r->state, &keys);
		await_step(r, true);
	}
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
	return 0;
}

void resumption_tag(const SSL *ssl, struct resumption_tag *tag)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	struct session_stamp stamp;

	memset(tag, 0, sizeof(*tag));
	if (session != NULL && session_stamp_get(session, &stamp))
		*tag = stamp.tag;
}

// Returns what is forgotten from now on, 0 if that is not more than before.
static time_t put_revoked(struct resumption *r, const struct session_cache_entry *entry)
{
	time_t before, after;

	pthread_mutex_lock(&r->lock);
	before = session_cache_forgotten(r->revoked);
	session_cache_put(r->revoked, entry);
	after = session_cache_forgotten(r->revoked);
	r->stats.revoked++;
	r->stats.revoked_full += after > before && after > time(NULL);
	pthread_mutex_unlock(&r->lock);
	return after > before ? after : 0;
}

void resumption_revoke(struct resumption *r, const struct resumption_tag *tag)
{
	static const struct resumption_tag none;
	struct session_cache_entry entry = {.id_len = sizeof(tag->byte)};
	time_t now = time(NULL), forgotten;

	if (r == NULL || memcmp(tag, &none, sizeof(none)) == 0)
		return;
	memcpy(entry.id, tag->byte, sizeof(tag->byte));
	entry.expires = tag->expires;
	forgotten = put_revoked(r, &entry);
	if (r->state != NULL)
		resumption_state_revoked(r->state, &entry);
	if (forgotten > now)
		LOG_LIMITED(
			WARNING,
			"resumption: no room for all sessions that fatal alerts ended; none with "
			"%" PRId64 " s left or less is resumed",
			(int64_t)(forgotten - now));
}

void resumption_stats(struct resumption *r, struct resumption_stats *stats)
{
	pthread_mutex_lock(&r->lock);
	*stats = r->stats;
	stats->revoked_listed = session_cache_count(r->revoked);
	pthread_mutex_unlock(&r->lock);
}
