// SPDX-License-Identifier: BSD-3-Clause
#include "cksum.h"

#include "unit.h"

// The sum as RFC 1071 section 1 has it, in bytes; an odd one is padded with 0.
static uint16_t oracle(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? p[i] : (uint32_t)p[i] << 8;
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

// Every length up to 2 KB, at all alignments in a block, over random
// bytes and over those that carry most.
static void every_length(void **state)
{
	static uint8_t byte[8 + 64 + 2048];
	uint64_t seed = unit_seed();

	(void)state;
	for (int ones = 0; ones < 2; ones++) {
		for (size_t i = 0; i < sizeof(byte); i++)
			byte[i] = ones ? 0xff : (uint8_t)unit_random(&seed);
		for (uint32_t len = 0; len <= 2048; len++) {
			const uint8_t *p = byte + 8 + len % 64;

			unit_check(len, cksum_fold(cksum_sum(p, len)) == oracle(p, len));
		}
	}
}

static void zero_stays_zero(void **state)
{
	static const uint8_t byte[8 + 200] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	(void)state;
	assert_int_equal(cksum_fold(cksum_sum(byte + 8, 200)), 0);
	assert_int_equal(cksum_fold(UINT64_MAX), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length),
		cmocka_unit_test(zero_stays_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
