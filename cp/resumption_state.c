// SPDX-License-Identifier: BSD-3-Clause
#include "resumption_state.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <unistd.h>

#include "cp.h"
#include "sealed_file.h"
#include "wire.h"

#define FIXED_LEN (1 + 8 + 1 + SESSION_CACHE_ID_MAX) // bytes of a record without its value

// What is written at the moment.
enum phase { PHASE_NONE, PHASE_REVOKED, PHASE_SESSIONS };

struct resumption_state {
	const char *file;
	pthread_mutex_t *caches_lock;	// the caller's, of what these two hold
	struct session_cache *sessions; // NULL: none are kept
	struct session_cache *revoked;
	pthread_mutex_t lock; // of what follows; taken before caches_lock
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN];
	struct sealed_file *live; // has the file's name; NULL: it could not be written
	struct sealed_file *next; // takes its place once it is whole; NULL: none
	uint8_t live_key[TICKET_KEY_NAME_LEN], next_key[TICKET_KEY_NAME_LEN]; // names
	enum phase phase;
	uint64_t written_puts, begun_puts;     // of both caches, when live and next were begun
	time_t live_forgotten, next_forgotten; // the last that was written there; 0: none
	uint8_t room[SEALED_FILE_RECORD_MAX];
};

// What came from the file.
struct loaded {
	struct resumption_state *state;
	bool has_origin;
	uint32_t sessions, revoked, expired;
};

static bool parse_entry(struct wire_reader *r, struct session_cache_entry *entry)
{
	struct wire_reader id;

	entry->expires = (time_t)wire_uint(r, 8);
	id = wire_vector(r, 1);
	entry->id_len = (uint8_t)wire_left(&id);
	if (id.failed || entry->id_len > sizeof(entry->id))
		return false;
	memcpy(entry->id, id.next, entry->id_len);
	return true;
}

bool resumption_state_parse(const uint8_t *record, size_t len, enum resumption_state_kind *kind,
			    struct session_cache_entry *entry)
{
	struct wire_reader r = wire_reader(record, len);
	uint8_t byte = wire_u8(&r);

	memset(entry, 0, sizeof(*entry));
	if (byte != RESUMPTION_STATE_ORIGIN && !parse_entry(&r, entry))
		return false;
	entry->value_len = wire_left(&r);
	entry->value = wire_bytes(&r, entry->value_len);
	*kind = (enum resumption_state_kind)byte;
	if (byte == RESUMPTION_STATE_ORIGIN)
		return entry->value_len == SESSION_STAMP_ORIGIN_LEN;
	if (byte == RESUMPTION_STATE_REVOKED)
		return entry->value_len == 0 &&
		       entry->id_len == sizeof((struct resumption_tag){0}.byte);
	if (byte == RESUMPTION_STATE_FORGOTTEN)
		return entry->value_len == 0 && entry->id_len == 0;
	return byte == RESUMPTION_STATE_SESSION && entry->value_len > 0 && entry->id_len > 0;
}

static int add_origin(struct resumption_state *state, struct sealed_file *f)
{
	uint8_t record[1 + SESSION_STAMP_ORIGIN_LEN] = {RESUMPTION_STATE_ORIGIN};

	memcpy(record + 1, state->origin, sizeof(state->origin));
	return sealed_file_add(f, record, sizeof(record));
}

// Writes a record to state->room.  Returns its length, 0 if it is too large.
static size_t make_record(struct resumption_state *state, enum resumption_state_kind kind,
			  const struct session_cache_entry *entry)
{
	struct wire_writer w = wire_writer(state->room, sizeof(state->room));

	wire_put_uint(&w, kind, 1);
	wire_put_uint(&w, (uint64_t)entry->expires, 8);
	wire_put_uint(&w, entry->id_len, 1);
	wire_put_bytes(&w, entry->id, entry->id_len);
	wire_put_bytes(&w, entry->value, entry->value_len);
	return w.failed ? 0 : (size_t)(w.next - state->room);
}

// Adds the record that is in state->room.
static int add_record(struct resumption_state *state, struct sealed_file *f, size_t len)
{
	int rc = 0;

	if (len > 0)
		rc = sealed_file_add(f, state->room, len);
	explicit_bzero(state->room, len);
	return rc;
}

// Adds what was forgotten, unless *written says that f has it.
static int add_forgotten(struct resumption_state *state, struct sealed_file *f, time_t *written)
{
	struct session_cache_entry entry = {.id_len = 0};
	int rc;

	pthread_mutex_lock(state->caches_lock);
	entry.expires = session_cache_forgotten(state->revoked);
	pthread_mutex_unlock(state->caches_lock);
	if (entry.expires == *written)
		return 0;
	rc = add_record(state, f, make_record(state, RESUMPTION_STATE_FORGOTTEN, &entry));
	if (rc == 0)
		*written = entry.expires;
	return rc;
}

// A file that cannot be written is given up, and begun anew with a later step.
static void give_up(struct resumption_state *state, struct sealed_file **f, int rc)
{
	LOG_LIMITED(ERR, "resumption_state: %s: %s; a restart may not know all sessions",
		    state->file, strerror(-rc));
	sealed_file_close(*f);
	*f = NULL;
}

static uint64_t puts_now(const struct resumption_state *state)
{
	uint64_t puts;

	pthread_mutex_lock(state->caches_lock);
	puts = session_cache_puts(state->revoked);
	if (state->sessions != NULL)
		puts += session_cache_puts(state->sessions);
	pthread_mutex_unlock(state->caches_lock);
	return puts;
}

// True if the file lacks something, or is not sealed with the current key.
static bool has_changed(const struct resumption_state *state, const struct ticket_keys *keys)
{
	return state->live == NULL || state->written_puts != puts_now(state) ||
	       memcmp(state->live_key, keys->key[0].name, sizeof(state->live_key)) != 0;
}

static int begin(struct resumption_state *state, const struct ticket_keys *keys)
{
	int rc;

	sealed_file_close(state->next);
	state->phase = PHASE_NONE;
	state->begun_puts = puts_now(state);
	state->next_forgotten = 0;
	memcpy(state->next_key, keys->key[0].name, sizeof(state->next_key));
	state->next = sealed_file_create(state->file, &keys->key[0]);
	if (state->next == NULL) {
		rc = -errno;
		give_up(state, &state->next, rc);
		return rc;
	}
	rc = add_origin(state, state->next);
	if (rc != 0) {
		give_up(state, &state->next, rc);
		return rc;
	}
	pthread_mutex_lock(state->caches_lock);
	session_cache_walk(state->revoked);
	if (state->sessions != NULL)
		session_cache_walk(state->sessions);
	pthread_mutex_unlock(state->caches_lock);
	state->phase = PHASE_REVOKED;
	return 0;
}

static int commit(struct resumption_state *state, bool durable)
{
	int rc = add_forgotten(state, state->next, &state->next_forgotten);

	if (rc == 0)
		rc = sealed_file_commit(state->next, durable);
	state->phase = PHASE_NONE;
	if (rc != 0) {
		give_up(state, &state->next, rc);
		return rc;
	}
	sealed_file_close(state->live);
	state->live = state->next;
	state->written_puts = state->begun_puts;
	state->live_forgotten = state->next_forgotten;
	memcpy(state->live_key, state->next_key, sizeof(state->live_key));
	state->next = NULL;
	return 0;
}

// The next entry to write and its kind; NULL: that was all.  With caches_lock.
static const struct session_cache_entry *next_entry(struct resumption_state *state,
						    enum resumption_state_kind *kind)
{
	const struct session_cache_entry *entry = NULL;

	*kind = RESUMPTION_STATE_REVOKED;
	if (state->phase == PHASE_REVOKED) {
		entry = session_cache_walk_next(state->revoked);
		if (entry == NULL)
			state->phase = PHASE_SESSIONS;
	}
	if (entry == NULL && state->sessions != NULL) {
		*kind = RESUMPTION_STATE_SESSION;
		entry = session_cache_walk_next(state->sessions);
	}
	return entry;
}

// Makes the record of the next entry, which may be too large for one.  False: that was all.
static bool next_record(struct resumption_state *state, size_t *len)
{
	const struct session_cache_entry *entry;
	enum resumption_state_kind kind;

	pthread_mutex_lock(state->caches_lock);
	entry = next_entry(state, &kind);
	if (entry != NULL)
		*len = make_record(state, kind, entry);
	pthread_mutex_unlock(state->caches_lock);
	return entry != NULL;
}

// Writes at most nb entries and, after the last one, commits.
static int write_some(struct resumption_state *state, size_t nb, bool durable)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < nb; i++) {
		size_t len;

		if (!next_record(state, &len))
			return commit(state, durable);
		rc = add_record(state, state->next, len);
	}
	if (rc == 0)
		return 0;
	state->phase = PHASE_NONE;
	give_up(state, &state->next, rc);
	return rc;
}

static int write_all(struct resumption_state *state, const struct ticket_keys *keys, bool durable)
{
	int rc = begin(state, keys);

	return rc == 0 ? write_some(state, SIZE_MAX, durable) : rc;
}

bool resumption_state_step(struct resumption_state *state, const struct ticket_keys *keys)
{
	bool more;

	pthread_mutex_lock(&state->lock);
	if (state->phase != PHASE_NONE || (has_changed(state, keys) && begin(state, keys) == 0))
		write_some(state, RESUMPTION_STATE_STEP, false);
	more = state->phase != PHASE_NONE;
	pthread_mutex_unlock(&state->lock);
	return more;
}

void resumption_state_rekey(struct resumption_state *state, const struct ticket_keys *keys)
{
	bool readable = false;

	pthread_mutex_lock(&state->lock);
	for (uint16_t i = 0; i < keys->nb; i++)
		readable |=
			memcmp(state->live_key, keys->key[i].name, sizeof(state->live_key)) == 0;
	if (readable)
		begin(state, keys);
	else
		write_all(state, keys, false);
	pthread_mutex_unlock(&state->lock);
}

// False after an error.
static bool add_revoked(struct resumption_state *state, struct sealed_file **f, time_t *forgotten,
			const struct session_cache_entry *entry)
{
	int rc;

	if (*f == NULL)
		return true;
	rc = add_forgotten(state, *f, forgotten);
	if (rc == 0)
		rc = add_record(state, *f, make_record(state, RESUMPTION_STATE_REVOKED, entry));
	if (rc == 0)
		rc = sealed_file_flush(*f);
	if (rc != 0)
		give_up(state, f, rc);
	return rc == 0;
}

void resumption_state_revoked(struct resumption_state *state,
			      const struct session_cache_entry *entry)
{
	pthread_mutex_lock(&state->lock);
	// A file that lacks it is worse than none.
	if (!add_revoked(state, &state->live, &state->live_forgotten, entry) &&
	    unlink(state->file) != 0)
		LOG(ERR, "resumption_state: %s: %s", state->file, strerror(errno));
	if (state->phase == PHASE_SESSIONS &&
	    !add_revoked(state, &state->next, &state->next_forgotten, entry))
		state->phase = PHASE_NONE;
	pthread_mutex_unlock(&state->lock);
}

// sealed_file_read()'s take().
static int take(void *arg, const uint8_t *record, size_t len)
{
	struct loaded *loaded = arg;
	struct resumption_state *state = loaded->state;
	struct session_cache_entry entry;
	enum resumption_state_kind kind;

	if (!resumption_state_parse(record, len, &kind, &entry) ||
	    loaded->has_origin == (kind == RESUMPTION_STATE_ORIGIN))
		return -EBADMSG;
	if (kind == RESUMPTION_STATE_ORIGIN) {
		memcpy(state->origin, entry.value, sizeof(state->origin));
		loaded->has_origin = true;
		return 0;
	}
	if (kind == RESUMPTION_STATE_FORGOTTEN) {
		session_cache_forget(state->revoked, entry.expires);
		return 0;
	}
	if (entry.expires <= time(NULL)) {
		loaded->expired++;
		return 0;
	}
	if (kind == RESUMPTION_STATE_REVOKED) {
		loaded->revoked++;
		return session_cache_put(state->revoked, &entry);
	}
	if (state->sessions == NULL)
		return 0;
	loaded->sessions++;
	return session_cache_put(state->sessions, &entry);
}

// Keeps what is there as FILE.bad: it may be somebody's.
static int put_aside(const struct resumption_state *state)
{
	char *bad;
	int rc = 0;

	if (asprintf(&bad, "%s.bad", state->file) < 0)
		return -ENOMEM;
	if (rename(state->file, bad) != 0)
		rc = -errno;
	free(bad);
	return rc;
}

static int load(struct resumption_state *state, const struct ticket_keys *keys)
{
	struct loaded loaded = {.state = state};
	int rc;

	rc = sealed_file_read(state->file, keys, take, &loaded);
	if (rc == 0 && !loaded.has_origin)
		rc = -EBADMSG;
	if (rc == 0) {
		LOG(NOTICE, "resumption_state: %s: %u sessions, %u revoked ones, %u have expired",
		    state->file, loaded.sessions, loaded.revoked, loaded.expired);
		return 0;
	}
	session_cache_clear(state->revoked);
	if (state->sessions != NULL)
		session_cache_clear(state->sessions);
	if (RAND_bytes(state->origin, sizeof(state->origin)) != 1)
		return -EIO;
	if (rc == -ENOENT) {
		LOG(NOTICE, "resumption_state: %s: not there yet; no older session is resumed",
		    state->file);
		return 0;
	}
	if (rc != -EBADMSG && rc != -ENOKEY)
		return rc;
	LOG(WARNING, "resumption_state: %s: %s; kept as %s.bad, and no older session is resumed",
	    state->file, rc == -ENOKEY ? "sealed with another key" : "not ours, or not whole",
	    state->file);
	return put_aside(state);
}

struct resumption_state *resumption_state_create(const char *file, const struct ticket_keys *keys,
						 struct session_cache *sessions,
						 struct session_cache *revoked,
						 pthread_mutex_t *caches_lock)
{
	struct resumption_state *state = calloc(1, sizeof(*state));
	int rc = -ENOMEM;

	if (state == NULL)
		goto out;
	state->file = file;
	state->sessions = sessions;
	state->revoked = revoked;
	state->caches_lock = caches_lock;
	pthread_mutex_init(&state->lock, NULL);
	rc = load(state, keys);
	if (rc == 0)
		rc = write_all(state, keys, false);
	if (rc == 0)
		return state;
	sealed_file_close(state->next);
	pthread_mutex_destroy(&state->lock);
	free(state);
out:
	LOG(ERR, "resumption_state: %s: %s", file, strerror(-rc));
	errno = -rc;
	return NULL;
}

void resumption_state_destroy(struct resumption_state *state, const struct ticket_keys *keys)
{
	if (state == NULL)
		return;
	if (state->phase != PHASE_NONE || has_changed(state, keys))
		write_all(state, keys, true);
	sealed_file_close(state->next);
	sealed_file_close(state->live);
	pthread_mutex_destroy(&state->lock);
	free(state);
}

const uint8_t *resumption_state_origin(const struct resumption_state *state)
{
	return state->origin;
}
