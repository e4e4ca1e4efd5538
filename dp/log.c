// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include <rte_common.h>
#include <rte_cycles.h>

#define BURST	   20 // lines at once
#define PER_SECOND 5
#define TSC_HZ_MIN UINT64_C(1000000000) // until EAL has measured it

RTE_LOG_REGISTER(log_dp, dtlsgw.dp, INFO)
RTE_LOG_REGISTER(log_cp, dtlsgw.cp, INFO)

bool log_limit_take(struct log_limit *limit, uint32_t *suppressed)
{
	uint64_t line_tsc = RTE_MAX(rte_get_tsc_hz(), TSC_HZ_MIN) / PER_SECOND;
	uint64_t paid_tsc = atomic_load(&limit->paid_tsc), now_tsc = rte_rdtsc(), next_tsc;

	do {
		next_tsc = RTE_MAX(paid_tsc, now_tsc) + line_tsc;
		if (next_tsc - now_tsc > BURST * line_tsc) {
			atomic_fetch_add(&limit->suppressed, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&limit->paid_tsc, &paid_tsc, next_tsc));
	*suppressed = atomic_exchange(&limit->suppressed, 0);
	return true;
}
