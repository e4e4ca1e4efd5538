// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RING_H
#define DTLSGW_RING_H

#include "lcore.h"

// Free slots of the punt ring below which a message is dropped: what is easier to send, or in vain
// if it is lost, stops earlier.  The last slots are for answers to cp's own messages.
#define RING_RESERVE_RECORD 1024
#define RING_RESERVE_HELLO  512
#define RING_RESERVE_FRAME  64

// Hands m over to cp in msg, which the caller has filled but for mbuf and lcore; drops it where
// the ring is full (DROP_PUNT_FULL).  Returns whether it went.
bool ring_punt(struct lcore *lc, struct rte_mbuf *m, struct msg *msg);

// True if n answers (INSTALLED and the like) fit.
bool ring_has_room(const struct lcore *lc, unsigned int n);

// An answer; the caller has seen to it that there is room.
void ring_answer(struct lcore *lc, struct msg *msg);

// Hands a whole frame over to another lcore as type MSG_HANDOFF or MSG_HANDOFF_TX, or drops it
// (DROP_HANDOFF_FULL).
void ring_handoff(struct lcore *lc, uint16_t to, struct rte_mbuf *m, enum msg_type type);

#endif
