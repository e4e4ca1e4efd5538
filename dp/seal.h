// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SEAL_H
#define DTLSGW_SEAL_H

#include "burst.h"

// Seals b->mbuf[0..n) in place, each as one record of its session with the next sequence number.
// Needs: mbuf (data is the plaintext, one segment; headroom for header and explicit nonce,
// tailroom for the tag), session, type.
// Sets: verdict, plain_len; the mbuf's data is the whole record of what passed.  Session:
// sequence number and counters.  Verdicts: BURST_PASS; DROP_SEQ_LIMIT for application data at the
// session's limit, and for anything at the last sequence number (RFC 6347 section 4.1);
// DROP_TOO_BIG where the mbuf has not the room, and for application data over tx.plain_max.
void seal_burst(struct aead *aead, struct burst *b);

#endif
