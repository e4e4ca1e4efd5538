// SPDX-License-Identifier: BSD-3-Clause
#include "pace.h"

void pace_start(struct pace *p, uint64_t rate, uint16_t burst, uint64_t hz, uint64_t now_tsc)
{
	uint64_t owed = rate * PACE_OWED_MS / 1000;

	*p = (struct pace){
		.hz = hz,
		.rate = rate,
		.most = (owed > PACE_OWED_MIN ? owed : PACE_OWED_MIN) * hz,
		.least = burst * hz,
		.last_tsc = now_tsc,
	};
}

void pace_forget(struct pace *p)
{
	uint64_t over = (p->credit - p->most) / p->hz;

	p->missed += over;
	p->credit -= over * p->hz;
}
