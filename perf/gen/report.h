// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_REPORT_H
#define GEN_REPORT_H

#include <jansson.h>

#include "dial.h"
#include "result.h"

// What a run has shown: as JSON for programs, and line by line as a table for whoever watches.
// perf/README.md describes the JSON.
struct report {
	json_t *root;
	json_t *cases;	// in root
	json_t *trials; // of the case under way
	FILE *table;	// NULL: none
};

// What kept the rate that a search has found from being higher.
enum report_limit { REPORT_LIMIT_NONE, REPORT_LIMIT_SERVER, REPORT_LIMIT_GENERATOR };

// Returns 0 or -ENOMEM.
int report_init(struct report *r, const struct options *o, const char *machine, FILE *table);
void report_fini(struct report *r);

// ready: sessions that work.
void report_dial(struct report *r, const struct dial_result *dial, uint32_t ready, double tsc_hz);

void report_case_start(struct report *r, enum direction direction, const char *sizes_text,
		       const struct options *o);
void report_trial(struct report *r, const struct result *result);

// found: the trial that stands for the case, or NULL.
void report_case_end(struct report *r, const struct result *found, enum report_limit limit);

// closed: sessions that ended by themselves.
void report_end(struct report *r, uint32_t closed);

// Writes the JSON to a file, "-" is stdout.  Returns 0 or -errno after a message.
int report_write(const struct report *r, const char *file);

// One trial as JSON, NULL if there is no memory.
json_t *report_result(const struct result *result);

#endif
