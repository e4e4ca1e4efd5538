// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_MEASURE_H
#define GEN_MEASURE_H

#include "report.h"

// Measures every direction with every mix of sizes of the options: one trial at a fixed rate or at
// full speed, or a search.  Returns the payloads and records whose bytes were wrong.
uint64_t measure_all(struct gen *g, struct report *report);

#endif
