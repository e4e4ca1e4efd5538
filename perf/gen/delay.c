// SPDX-License-Identifier: BSD-3-Clause
#include "delay.h"

#include <math.h>

#define SLOTS (DELAY_OCTAVES * DELAY_STEPS)

// The highest delay that slot counts.
static uint64_t slot_end(uint32_t slot)
{
	uint32_t octave = slot >> DELAY_STEP_BITS;

	if (octave == 0)
		return slot;
	octave--;
	return ((slot - ((uint64_t)octave << DELAY_STEP_BITS) + 1) << octave) - 1;
}

uint64_t delay_quantile(const struct delay *d, double share)
{
	double wanted = ceil(share * (double)d->nb);
	uint64_t seen = 0;

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		seen += d->count[slot];
		if (seen > 0 && (double)seen >= wanted) {
			uint64_t end = slot_end(slot);

			return end < d->max ? end : d->max;
		}
	}
	return d->max;
}

void delay_merge(struct delay *into, const struct delay *from)
{
	into->nb += from->nb;
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		into->count[slot] += from->count[slot];
}
