// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_FAIL_H
#define DTLSGW_HS_FAIL_H

#include "handshake.h"

// Handshakes that come to nothing.  What hs has in its flight is still sent, once it is settled.

// Gives hs up, counts and logs that.
void hs_fail_give_up(struct handshake *hs, uint64_t *counter, const char *reason);

// The same, counted as failed.
void hs_fail_with(struct handshake *hs, const char *reason);

// For OpenSSL's reason, or otherwise if it has none.
void hs_fail_ssl(struct handshake *hs, const char *otherwise);

// With an alert.  OpenSSL tells neither the client nor us of a message that is longer than it
// takes, or whose fragments contradict each other, nor the client of a flight that hs->bio could
// not take.
void hs_fail_silent(struct handshake *hs);

// With an alert, for what hs_bio_keys() said.
void hs_fail_keys(struct handshake *hs, int rc);

// A fatal alert came that authenticates.  OpenSSL would keep it for when the handshake is done.
void hs_fail_alerted(struct handshake *hs);

// A handshake record of epoch 1 did not authenticate.  One alone says nothing, for anyone may have
// sent it (RFC 6347 section 4.1.2.7); after a third, as far apart as retransmissions are, the
// client has another key, and hears decrypt_error (RFC 4279 section 2).
void hs_fail_bad_finished(struct handshake *hs);

// The client's pre-shared key left the file during hs, or was replaced there: it hears, and counts
// as, what an unknown identity or a wrong key does (RFC 4279 section 2).
void hs_fail_withdrawn(struct handshake *hs, const char *reason);

// The time for hs is up.  A client whose Finished did not authenticate hears of it now, if it has
// sent it too seldom before.
void hs_fail_expired(struct handshake *hs);

// hs ends by a fatal alert, so its session, hs->client.tag, is not resumed any more (RFC 5246
// section 7.2.2); but for one that somebody else may have tried to resume, with an id or ticket
// seen on the way.
void hs_fail_revoke(struct handshake *hs);

#endif
