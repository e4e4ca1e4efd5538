// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_TRACK_H
#define GEN_TRACK_H

#include "delay.h"
#include "replay.h"
#include "sizes.h"
#include "stamp.h"

// What became of the packets of one stream in one trial.  A packet that was sent is received once
// or lost; one that comes again is a duplicate and not received again.
struct tally {
	uint64_t sent;	  // handed to the device, or refused
	uint64_t refused; // of sent: the device had no room
	uint64_t received;
	uint64_t duplicate;
	uint64_t reordered; // of received: behind one that was sent later (RFC 4737 section 3.3)
	uint64_t late;	    // so far behind that they may be duplicates; count as lost
	uint64_t size_sent[SIZES_MAX];
	uint64_t size_received[SIZES_MAX];
	struct delay delay;
	struct delay size_delay[SIZES_MAX];
};

// The sequence numbers of one client in one stream.
#define TRACK_WINDOW 1024 // packets
struct track {
	uint32_t next_seq; // to be sent
	struct replay seen;
	uint64_t bitmap[TRACK_WINDOW / 64];
};

void track_start(struct track *t);

// Enters a packet of size_index in the mix that arrived ticks after it was sent.
static inline void track_enter(struct track *t, struct tally *tally, uint32_t seq,
			       uint16_t size_index, uint64_t ticks)
{
	bool behind = seq < t->seen.next;

	if (behind && t->seen.next - seq > t->seen.window) {
		tally->late++;
		return;
	}
	if (!replay_accept(&t->seen, seq)) {
		tally->duplicate++;
		return;
	}
	tally->received++;
	tally->reordered += behind;
	tally->size_received[size_index]++;
	delay_add(&tally->delay, ticks);
	delay_add(&tally->size_delay[size_index], ticks);
}

static inline uint64_t tally_lost(const struct tally *t)
{
	return t->sent - t->received;
}

#endif
