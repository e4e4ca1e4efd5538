// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HELLO_H
#define DTLSGW_HELLO_H

#include "lcore.h"

// The n ClientHellos d->mbuf[at[0..n)]: answers each without a good cookie by a HelloVerifyRequest
// in its own mbuf, without state (RFC 6347 section 4.2.1), and punts the others as HELLO, their
// flow now in handshake.
void hello_burst(struct lcore *lc, struct datagrams *d, const uint16_t *at, uint16_t n);

// The listener of a flow, or -1.
int hello_listener(const struct config *config, const struct flow_key *flow);

#endif
