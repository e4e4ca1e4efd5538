// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LAST_FLIGHT_H
#define DTLSGW_LAST_FLIGHT_H

#include "cp.h"
#include "hs_bio.h"
#include "session_dir.h"

// Keeps what bio sent last; the ticket changes hands.
void last_flight_take(struct last_flight *flight, struct hs_bio *bio);

// Sends a session's last flight once more, with fresh numbers; the lcore seals the Finished
// (RFC 6347 section 4.2.4).  False: no memory or no room.
bool last_flight_resend(struct cp *cp, struct session_entry *entry);

#endif
