// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_REPLAY_H
#define DTLSGW_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW_MIN 64
#define REPLAY_WINDOW_MAX 8192

// Anti-replay window (RFC 6347 section 4.1.2.6).  Owner: the receive half it lies in.
struct replay {
	uint64_t *bitmap; // window / 64 words, a ring: bit seq % window
	uint64_t next;	  // highest accepted sequence number + 1; 0: none yet
	uint32_t window;  // bits, a power of two from REPLAY_WINDOW_MIN to REPLAY_WINDOW_MAX
};

// Bytes of bitmap that a window of so many bits needs.
static inline uint32_t replay_bitmap_len(uint32_t window)
{
	return window / 8;
}

// Clears bitmap, which the caller provides, and empties the window.
void replay_init(struct replay *r, uint64_t *bitmap, uint32_t window);

// True if seq is right of the left edge and not marked.  Changes nothing: a filter before opening.
static inline bool replay_fresh(const struct replay *r, uint64_t seq)
{
	uint32_t bit = (uint32_t)seq & (r->window - 1);

	if (__builtin_expect(seq >= r->next, 1))
		return true;
	return r->next - seq <= r->window && (r->bitmap[bit / 64] >> (bit % 64) & 1) == 0;
}

// Fetches what replay_accept() will write.
static inline void replay_prefetch(const struct replay *r, uint64_t seq)
{
	__builtin_prefetch(&r->bitmap[((uint32_t)seq & (r->window - 1)) / 64], 1);
}

// Moves the right edge up to next.  For replay_accept().
void replay_advance(struct replay *r, uint64_t next);

// Marks seq.  False, with nothing changed, if seq is not fresh.  Only after the tag verified.
static inline bool replay_accept(struct replay *r, uint64_t seq)
{
	uint32_t bit = (uint32_t)seq & (r->window - 1);

	// One step needs no clearing: the place that becomes free is seq's own.
	if (seq == r->next)
		r->next = seq + 1;
	else if (!replay_fresh(r, seq))
		return false;
	else if (seq > r->next)
		replay_advance(r, seq + 1);
	r->bitmap[bit / 64] |= UINT64_C(1) << (bit % 64);
	return true;
}

#endif
