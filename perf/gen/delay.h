// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_DELAY_H
#define GEN_DELAY_H

#include <stdint.h>

// A histogram of delays in TSC ticks: each octave in DELAY_STEPS equal steps, so that what it tells
// is at most one part in DELAY_STEPS too high.
#define DELAY_STEP_BITS 6
#define DELAY_STEPS	(1 << DELAY_STEP_BITS)
#define DELAY_OCTAVES	(64 - DELAY_STEP_BITS + 1)

struct delay {
	uint64_t nb;
	uint64_t sum;
	uint64_t max;
	uint64_t count[DELAY_OCTAVES * DELAY_STEPS];
};

// The first octave counts 0 to DELAY_STEPS - 1 one by one.
static inline uint32_t delay_slot(uint64_t ticks)
{
	uint32_t octave;

	if (ticks < DELAY_STEPS)
		return (uint32_t)ticks;
	octave = 63 - (uint32_t)__builtin_clzll(ticks) - DELAY_STEP_BITS;
	return (octave << DELAY_STEP_BITS) + (uint32_t)(ticks >> octave);
}

static inline void delay_add(struct delay *d, uint64_t ticks)
{
	d->nb++;
	d->sum += ticks;
	if (ticks > d->max)
		d->max = ticks;
	d->count[delay_slot(ticks)]++;
}

// The delay that a share (0 to 1) of all does not exceed, 0 of none.
uint64_t delay_quantile(const struct delay *d, double share);

void delay_merge(struct delay *into, const struct delay *from);

#endif
