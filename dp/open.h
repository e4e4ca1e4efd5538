// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_OPEN_H
#define DTLSGW_OPEN_H

#include "burst.h"

// What can be said of a record by its header: BURST_PASS, or the reason to drop it that
// open_burst() would find.  Changes nothing.
uint8_t open_filter(const struct session *s, const struct record *rec);

// Opens b->mbuf[0..n) in place.
// Needs: mbuf (data is exactly one record, one segment), session.
// Sets: verdict; type and seq of what passed or has a bad tag; the mbuf's data is the plaintext of
// what passed, and undefined for DROP_BAD_TAG.  Session: replay window and counters, only after the
// tag verified, and the count of forged records (RFC 9147 section 4.5.3).
// Verdicts: BURST_PASS, DROP_RECORD, DROP_EPOCH_0, DROP_EPOCH, DROP_RECORD_TYPE, DROP_REPLAY,
// DROP_RECORD_LEN, DROP_BAD_TAG (RFC 6347 section 4.1.2).
void open_burst(struct aead *aead, struct burst *b);

#endif
