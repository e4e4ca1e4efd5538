// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SRTP_DIR_H
#define DTLSGW_SRTP_DIR_H

#include "cp.h"
#include "session_dir.h"

// The sessions that have keys for SRTP, by flow.  cp->lock is held.

// The entry's session is live: takes its keys, NULL for none, and tells those who watch.  If there
// is no memory, the session is found by its id only.
void srtp_dir_enter(struct cp *cp, struct session_entry *entry, struct srtp *srtp);

// The session is over: tells those who watch, wipes the keys.
void srtp_dir_leave(struct cp *cp, struct session_entry *entry);

// The session of the flow, the younger one where one takes another's place.  NULL: none with keys.
struct session_entry *srtp_dir_find(const struct cp *cp, const struct flow_key *flow);

#endif
