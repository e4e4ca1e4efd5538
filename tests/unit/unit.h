// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_H
#define DTLSGW_UNIT_H

// What every cmocka test includes.  cmocka.h wants these in front of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_NB(a) (sizeof(a) / sizeof((a)[0]))

// Fails with the row of a table in the message.
#define unit_check(row, condition)                                                                 \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("row %zu: %s", (size_t)(row), #condition);                        \
	} while (0)

// The test's seed: from the environment variable SEED, or fixed.  Printed, so that a failure can
// be run again.
static inline uint64_t unit_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : UINT64_C(0x9e3779b97f4a7c15);

	print_message("SEED=0x%" PRIx64 "\n", seed);
	return seed;
}

// splitmix64: the next 64 random bits.
static inline uint64_t unit_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline void unit_random_bytes(uint64_t *seed, void *p, size_t len)
{
	uint8_t *byte = p;

	for (size_t i = 0; i < len; i++)
		byte[i] = (uint8_t)unit_random(seed);
}

// Reads hexadecimal digits; returns how many bytes.
static inline size_t unit_hex(const char *text, uint8_t *p, size_t size)
{
	size_t len = strlen(text) / 2;

	assert_true(strlen(text) % 2 == 0 && len <= size);
	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		p[i] = (uint8_t)byte;
	}
	return len;
}

#endif
