// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_BURST_H
#define DTLSGW_BURST_H

#include <rte_mbuf.h>

#include "drop.h"
#include "record.h"
#include "session.h"

#define BURST_MAX 32

// Verdict on a record that passed; every other value is the reason to drop it.
#define BURST_PASS DROP_NB

// Records on their way through a crypto stage.  Owner: its lcore, for one poll.
struct burst {
	uint16_t n;
	struct rte_mbuf *mbuf[BURST_MAX];
	struct session *session[BURST_MAX];
	uint64_t seq[BURST_MAX];       // set by opening
	uint16_t plain_len[BURST_MAX]; // bytes, set by sealing
	uint8_t type[BURST_MAX];       // content type: sealing needs it, opening sets it
	uint8_t verdict[BURST_MAX];    // enum drop or BURST_PASS, set by the stage
	struct aead_op op[BURST_MAX];  // the stage's own
};

#endif
