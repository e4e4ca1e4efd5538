// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_RNG_H
#define E2E_RNG_H

#include <stddef.h>
#include <stdint.h>

// splitmix64: the same seed gives the same sequence everywhere.
static inline uint64_t rng_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

// True in percent of 100 cases.
static inline int rng_chance(uint64_t *state, unsigned int percent)
{
	return rng_next(state) % 100 < percent;
}

static inline void rng_fill(uint64_t *state, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(rng_next(state) >> 32);
}

#endif
