// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_INSTALL_H
#define DTLSGW_INSTALL_H

#include "cp.h"
#include "handshake.h"

// All of this takes cp->lock but for what says that it is held.

// Builds hs->bio.session for its lcore: directory slot, gateway port, headers on both sides.  hs's
// reference of its next hop becomes the session's.  Returns NULL, or with nothing changed a
// sentence that says what there was not.
const char *install_build(struct handshake *hs);

// Hands the session that install_build() made to its lcore.  False: no room on the ring, or the
// gateway stops, and nobody would remove the session.
bool install_send(struct handshake *hs);

// The handshake is done with its entry; the session may have ended meanwhile.  Sets *revoked to
// what the caller gives resumption_revoke() once it has let cp->lock go, which is held.
void install_live(struct cp *cp, struct session_entry *entry, struct resumption_tag *revoked);

// Ends a session that is cp's: gives back what install_build() took, then wipes and frees it.
// cp->lock is held.
void install_give_back(struct cp *cp, struct session *s);

// Wipes and frees a session that install_build() has not seen; NULL is fine.  Any thread, with the
// lock or without.
void install_free(struct cp *cp, struct session *s);

// Messages of the lcores; each takes what the message carries.  The first two are for the flow's
// worker, the others for the main thread, where they may overtake the first.
void install_done(struct hs_worker *w, const struct msg *msg);
void install_failed(struct hs_worker *w, const struct msg *msg);
void install_session_ended(struct cp *cp, const struct msg *msg);
void install_plain_record(struct cp *cp, const struct msg *msg);

// For the main thread.  Sets cp->stopping, on which workers give up their handshakes, and removes
// every session, as the rings have room, on a timer of its own.  Done when session_dir_count() and
// every hs_table_count() are 0.
void install_shutdown(struct cp *cp);

#endif
