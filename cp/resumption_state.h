// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RESUMPTION_STATE_H
#define DTLSGW_RESUMPTION_STATE_H

#include <pthread.h>

#include "session_cache.h"
#include "session_stamp.h"
#include "ticket_keys.h"

// What resumption keeps over a restart, in a sealed file: the cached sessions, the tags of those
// that are not resumed any more, and up to when such a tag may have been forgotten.  The file is
// written anew from time to time, a few entries a step, and at the end; a tag is added to it at
// once, so that also a process that crashes resumes nothing that was revoked.
//
// The tags come with an origin, which stands in the stamp of every session as well.  A file that is
// missing, or not whole, may lack tags: then there is a new origin, and no older session fits it.
//
// One thread makes, steps and ends it, others may revoke meanwhile: they wait for the file.  Who
// only looks into the caches does not, for their lock is never held while the file is written.
struct resumption_state;

#define RESUMPTION_STATE_STEP 64 // entries written in one

// Reads file into the caches, of which sessions may be NULL, and writes it anew.  Whatever is wrong
// with the old one is logged, it is kept as FILE.bad, and the caches stay empty.  Returns NULL with
// errno set after a LOG: no memory, or the file cannot be written.  The caches outlive it, and so
// does their lock, which nobody who calls what follows may hold.
struct resumption_state *resumption_state_create(const char *file, const struct ticket_keys *keys,
						 struct session_cache *sessions,
						 struct session_cache *revoked,
						 pthread_mutex_t *caches_lock);

// Writes what has changed, and waits until it is on the disk.  NULL is fine.
void resumption_state_destroy(struct resumption_state *state, const struct ticket_keys *keys);

// SESSION_STAMP_ORIGIN_LEN bytes.
const uint8_t *resumption_state_origin(const struct resumption_state *state);

// Writes the next entries; begins anew if anything has changed since the file in place was begun,
// or if that could not be written.  True if there is more to write now.
bool resumption_state_step(struct resumption_state *state, const struct ticket_keys *keys);

// The ticket keys are others now: begins to write all of it with them or, if none of them would
// open what is there, does so at once.
void resumption_state_rekey(struct resumption_state *state, const struct ticket_keys *keys);

// Writes what was just put into the cache of those revoked, and what was forgotten for it.
void resumption_state_revoked(struct resumption_state *state,
			      const struct session_cache_entry *entry);

// One record of the file; public for the tests.  Of several FORGOTTEN the latest counts.
enum resumption_state_kind {
	RESUMPTION_STATE_ORIGIN = 1,
	RESUMPTION_STATE_REVOKED = 2,
	RESUMPTION_STATE_SESSION = 3,
	RESUMPTION_STATE_FORGOTTEN = 4, // session_cache_forgotten() of those revoked
};

// Reads a record: its kind and, but for an origin, an entry that lies in the record.  For an origin
// the value of *entry is that; what is forgotten is its expires.  False if it is none.
bool resumption_state_parse(const uint8_t *record, size_t len, enum resumption_state_kind *kind,
			    struct session_cache_entry *entry);

#endif
