// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include <rte_common.h>
#include <rte_cycles.h>

#define BURST	   20 // lines at once
#define PER_SECOND 5

RTE_LOG_REGISTER(log_dp, dtlsgw.dp, INFO)
RTE_LOG_REGISTER(log_cp, dtlsgw.cp, INFO)

static void refill(struct log_limit *limit)
{
	uint64_t now_tsc = rte_rdtsc();
	uint64_t line_tsc = rte_get_tsc_hz() / PER_SECOND;
	uint64_t lines;

	if (limit->filled_tsc == 0) {
		limit->filled_tsc = now_tsc;
		limit->tokens = BURST;
		return;
	}
	if (line_tsc == 0)
		return; // EAL has not measured the TSC yet
	lines = (now_tsc - limit->filled_tsc) / line_tsc;
	limit->filled_tsc += lines * line_tsc;
	limit->tokens = (uint32_t)RTE_MIN(limit->tokens + lines, (uint64_t)BURST);
}

bool log_limit_take(struct log_limit *limit, uint32_t *suppressed)
{
	refill(limit);
	if (limit->tokens == 0) {
		limit->suppressed++;
		return false;
	}
	limit->tokens--;
	*suppressed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}
