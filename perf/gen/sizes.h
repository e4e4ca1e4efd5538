// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_SIZES_H
#define GEN_SIZES_H

#include <stdint.h>

#define SIZES_MAX	16
#define SIZES_STEPS_MAX 4096
#define SIZES_NONE	UINT16_MAX

// Simple IMIX: frames of 64, 594 and 1446 bytes on an inside link with IPv4, the last as large as
// still fits an outside MTU of 1500 when it is sealed.
#define SIZES_IMIX "18:7,548:4,1400:1"

// A mix of payload sizes, and the order in which they are sent: always the same, and each size
// spread evenly.
struct sizes {
	uint16_t nb;
	uint16_t len[SIZES_MAX];       // bytes of payload
	uint32_t weight[SIZES_MAX];    // how often, of all weights together
	uint16_t step_nb;	       // all weights together, in lowest terms
	uint8_t step[SIZES_STEPS_MAX]; // index in len
};

// Reads "64", "imix" or "SIZE:WEIGHT,...".  Returns 0, or -EINVAL: not of that form, a size below
// min or twice, a weight of 0, too many sizes or steps.
int sizes_parse(struct sizes *s, const char *text, uint16_t min);

// The largest size.
uint16_t sizes_largest(const struct sizes *s);

// The index of a size, or SIZES_NONE.
static inline uint16_t sizes_find(const struct sizes *s, uint16_t len)
{
	for (uint16_t i = 0; i < s->nb; i++)
		if (s->len[i] == len)
			return i;
	return SIZES_NONE;
}

#endif
