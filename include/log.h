// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LOG_H
#define DTLSGW_LOG_H

#include <rte_log.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// LOG(INFO, "cookie: secret rotated, age %u s", age): level without RTE_LOG_, module first, no
// newline.  Each folder defines LOG_TYPE as its rte_log type before use.
extern int log_dp;
extern int log_cp;

#define LOG(level, ...)                                                                            \
	rte_log(RTE_LOG_##level, LOG_TYPE,                                                         \
		RTE_FMT(RTE_FMT_HEAD(__VA_ARGS__, ) "\n", RTE_FMT_TAIL(__VA_ARGS__, )))

// Bounds log lines: 20 at once, 5 a second.  Any thread may take from it.
struct log_limit {
	_Atomic uint64_t
		paid_tsc; // when all lines so far are paid for; each costs a fifth of a second
	_Atomic uint32_t suppressed;
};

// True if a line may be written now; *suppressed is how many were not since the last one.
bool log_limit_take(struct log_limit *limit, uint32_t *suppressed);

// As LOG, for what a peer can trigger: rate-limited at each place.
#define LOG_LIMITED(level, ...)                                                                    \
	do {                                                                                       \
		static struct log_limit limit_;                                                    \
		uint32_t suppressed_;                                                              \
		if (log_limit_take(&limit_, &suppressed_)) {                                       \
			if (suppressed_ > 0)                                                       \
				LOG(level, "log: %u lines like the next suppressed", suppressed_); \
			LOG(level, __VA_ARGS__);                                                   \
		}                                                                                  \
	} while (0)

#endif
