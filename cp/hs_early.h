// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_EARLY_H
#define DTLSGW_HS_EARLY_H

#include "cp.h"
#include "hs_table.h"

#define HS_EARLY_MAX 32 // datagrams held for one handshake

// Datagrams with records that cannot be opened yet.  Bounded for one handshake by number and
// config.early_data_bytes, for all by cp->room.
struct hs_early {
	uint16_t nb;
	uint32_t bytes;
	struct {
		struct rte_mbuf *mbuf; // data starts at the first record
		uint16_t l234_len;     // bytes of frame headers in front; 0: not to be given back
	} datagram[HS_EARLY_MAX];
};

// Takes m; its room is in t.  False, and m is freed, if that is over a bound, max bytes a handshake
// among them, or if m can neither be given back nor is wanted here.
bool hs_early_hold(struct hs_early *early, struct hs_table *t, uint32_t max, struct rte_mbuf *m,
		   uint16_t l234_len, bool wanted);

// Gives the datagrams to the lcore, as if they came now, but for those that the handshake has used
// up.  cp->lock is held.  Returns how many were lost, without room.
uint16_t hs_early_inject(struct hs_early *early, struct hs_table *t, struct cp *cp, uint16_t lcore);

// Frees the datagrams.
void hs_early_discard(struct hs_early *early, struct hs_table *t);

#endif
