// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_TRIAL_H
#define GEN_TRIAL_H

#include "result.h"

// Sends for o->seconds, rate packets a second in each stream of the direction (0: as many as the
// devices take), waits until everything is back or nothing came for o->quiet_ms, and sums up.
void trial_run(struct gen *g, enum direction direction, const struct sizes *sizes, uint64_t rate,
	       struct result *r);

#endif
