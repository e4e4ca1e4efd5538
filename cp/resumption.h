// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RESUMPTION_H
#define DTLSGW_RESUMPTION_H

#include <event2/event.h>

#include "tls.h"

// Sessions that clients can resume, by ticket (RFC 5077) or by session id (RFC 5246 section 7.3),
// with all listeners' keys and cache in one place, for all handshake threads: what changes there
// has a lock of its own, held for moments and never while a file is read or written.  A session is
// resumed only
//
//   on the listener that made it, with a suite that the listener still has,
//   under the same server name and with the same max_fragment_length (RFC 6066 sections 3 and 4),
//   if it used the extended master secret (RFC 7627 section 5.3),
//   if no association of it ended by a fatal alert (RFC 5246 section 7.2.2), for which there is a
//   list; and if it expires later than every session that did and is not in the list any more,
//   if its client would still get in: identity and key in the file, certificate good.
//
// Whatever else comes gets a full handshake, but for a client that leaves out the extended master
// secret which its session had: RFC 7627 wants an alert there.
struct resumption;

// Loads or makes the ticket keys.  Returns NULL with rte_errno set after a LOG.
struct resumption *resumption_create(const struct config *config, struct event_base *base);

// NULL is fine.
void resumption_destroy(struct resumption *r);

// Counters of the sessions that fatal alerts ended, for telemetry.
#define RESUMPTION_STATS(X)                                                                        \
	X(revoked, "sessions not to be resumed any more: a fatal alert ended them")                \
	X(revoked_listed, "of those remembered one by one now")                                    \
	X(revoked_full, "how often one was not: no other that expires as early is resumed either")

struct resumption_stats {
#define X(name, text) uint64_t name;
	RESUMPTION_STATS(X)
#undef X
};

void resumption_stats(struct resumption *r, struct resumption_stats *stats);

// Reads the ticket keys' file again.  A bad one is logged and changes nothing.
void resumption_reload(struct resumption *r);

// Sets a listener's ctx up for it, tls->resumption being set.  Returns 0 or -errno.
int resumption_use(const struct tls *tls, SSL_CTX *ctx);

// Sets *tag to what names the session of a handshake that is done, all zeros if nobody can resume
// it.
void resumption_tag(const SSL *ssl, struct resumption_tag *tag);

// The session with that tag is not to be resumed any more.  r may be NULL.  Writes to a file, so
// that the caller holds no lock.
void resumption_revoke(struct resumption *r, const struct resumption_tag *tag);

#endif
