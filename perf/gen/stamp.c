// SPDX-License-Identifier: BSD-3-Clause
#include "stamp.h"

uint8_t stamp_filler[STAMP_PAYLOAD_MAX + STAMP_SHIFTS];

void stamp_init(void)
{
	uint64_t word = UINT64_C(0x9e3779b97f4a7c15);

	for (uint32_t i = 0; i < sizeof(stamp_filler); i++) {
		word = word * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		stamp_filler[i] = (uint8_t)(word >> 56);
	}
}
