// SPDX-License-Identifier: BSD-3-Clause
#include "replay.h"

#include <rte_debug.h>
#include <string.h>

#define WORD_BITS 64

void replay_init(struct replay *r, uint64_t *bitmap, uint32_t window)
{
	RTE_ASSERT(window >= REPLAY_WINDOW_MIN && window <= REPLAY_WINDOW_MAX);
	RTE_ASSERT((window & (window - 1)) == 0);
	r->bitmap = bitmap;
	r->next = 0;
	r->window = window;
	memset(bitmap, 0, replay_bitmap_len(window));
}

// The places of the sequence numbers [r->next, next) held those that now fall out on the left.
void replay_advance(struct replay *r, uint64_t next)
{
	uint64_t seq = r->next;

	r->next = next;
	if (next - seq >= r->window) {
		memset(r->bitmap, 0, replay_bitmap_len(r->window));
		return;
	}
	while (seq < next) {
		uint32_t bit = (uint32_t)seq & (r->window - 1);
		uint32_t low = bit % WORD_BITS;
		uint64_t n = next - seq;
		uint64_t mask = ~UINT64_C(0) << low;

		if (n < WORD_BITS - low)
			mask &= (UINT64_C(1) << (low + n)) - 1;
		r->bitmap[bit / WORD_BITS] &= ~mask;
		seq += WORD_BITS - low;
	}
}
