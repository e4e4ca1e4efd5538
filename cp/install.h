// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_INSTALL_H
#define DTLSGW_INSTALL_H

#include "cp.h"
#include "handshake.h"

// Builds hs->bio.session for its lcore: directory slot, gateway port, headers on both sides.  hs's
// reference of its next hop becomes the session's.  Returns NULL, or with nothing changed a
// sentence that says what there was not.
const char *install_build(struct handshake *hs);

// Hands the session that install_build() made to its lcore.  False: no room on the ring.
bool install_send(struct handshake *hs);

// Ends a session that is cp's: gives back what install_build() took, then wipes and frees it.
void install_give_back(struct cp *cp, struct session *s);

// Wipes and frees a session that install_build() has not seen; NULL is fine.
void install_free(struct cp *cp, struct session *s);

// Messages of the lcores; each takes what the message carries.
void install_done(struct cp *cp, const struct msg *msg);
void install_failed(struct cp *cp, const struct msg *msg);
void install_session_ended(struct cp *cp, const struct msg *msg);
void install_plain_record(struct cp *cp, const struct msg *msg);

// Once cp->stopping is set: gives up the handshakes and removes every session, as the rings have
// room, on a timer of its own.  Done when session_dir_count() and hs_table_count() are 0.
void install_shutdown(struct cp *cp);

#endif
