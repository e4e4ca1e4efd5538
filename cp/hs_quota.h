// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_QUOTA_H
#define DTLSGW_HS_QUOTA_H

#include "addr_count.h"

struct cp;
struct handshake;
struct session_entry;

// What each client's address has of limits.half_open_per_address and limits.sessions_per_address; a
// limit of 0 is none, and then nothing is counted.  A handshake takes one of both, so that a client
// at its limit costs nothing but this.  All of this is under cp->lock.
struct hs_quota {
	struct addr_count handshakes; // begun and not yet destroyed
	struct addr_count sessions;   // in the directory, and handshakes that have no entry there
};

// Takes what hs needs.  A handshake on a flow that has a session may exceed the sessions of its
// address, by itself until the old session is gone.  Returns 0, or with nothing taken -EDQUOT for
// the handshakes, -EUSERS for the sessions, -ENOMEM.
int hs_quota_take(struct handshake *hs);

// Gives back what hs still has.
void hs_quota_give(struct handshake *hs);

// The session of hs entered the directory, and has what hs has taken for it.
void hs_quota_pass(struct handshake *hs, struct session_entry *entry);

// The entry is about to leave the directory.
void hs_quota_leave(struct cp *cp, struct session_entry *entry);

// True if no address has anything.
bool hs_quota_is_empty(const struct hs_quota *quota);

void hs_quota_fini(struct hs_quota *quota);

#endif
