// SPDX-License-Identifier: BSD-3-Clause
#include "measure.h"

#include "search.h"
#include "trial.h"

// The search starts a little below what a flood got through and does not look far beyond what it
// sent: packets that come in time cost less than those of a flood.
#define GUESS_SHARE   0.95
#define CEILING_SHARE 1.15

// One direction with one mix.
struct measurement {
	struct gen *g;
	struct report *report;
	enum direction direction;
	const struct sizes *sizes;
	const char *sizes_text;
	uint64_t bad;
};

static void run(struct measurement *m, uint64_t rate, struct result *r)
{
	trial_run(m->g, m->direction, m->sizes, rate, r);
	r->sizes_text = m->sizes_text;
	m->bad += r->strays.bad + r->strays.forged;
	report_trial(m->report, r);
}

static enum search_outcome outcome(const struct result *r)
{
	if (!r->passed)
		return SEARCH_FAILED;
	return r->is_short ? SEARCH_SHORT : SEARCH_PASSED;
}

// Searches below and a little above what a flood has shown.
static void search(struct measurement *m, const struct result *flood)
{
	static struct result r, best;
	const struct options *o = m->g->o;
	enum report_limit limit = REPORT_LIMIT_SERVER;
	double got = result_received_pps(flood) * GUESS_SHARE;
	bool found = false;
	struct search s;

	search_start(&s, result_sent_pps(flood) * CEILING_SHARE + 1, got + 1, o->resolution,
		     o->tries);
	while (!s.over && !gen_stop && m->g->live_nb > 0) {
		run(m, (uint64_t)s.next, &r);
		if (r.passed && (!found || result_sent_pps(&r) > result_sent_pps(&best))) {
			best = r;
			found = true;
		}
		if (outcome(&r) == SEARCH_SHORT)
			limit = REPORT_LIMIT_GENERATOR;
		else if (outcome(&r) == SEARCH_FAILED)
			limit = REPORT_LIMIT_SERVER;
		search_enter(&s, outcome(&r), result_sent_pps(&r));
	}
	report_case_end(m->report, found ? &best : NULL, limit);
}

static void measure(struct measurement *m)
{
	static struct result r;
	const struct options *o = m->g->o;

	report_case_start(m->report, m->direction, m->sizes_text, o);
	run(m, o->rate_kind == RATE_FIXED ? o->rate : 0, &r);
	if (o->rate_kind == RATE_MAX)
		search(m, &r);
	else
		report_case_end(m->report, &r, REPORT_LIMIT_NONE);
}

uint64_t measure_all(struct gen *g, struct report *report)
{
	const struct options *o = g->o;
	uint64_t bad = 0;

	for (uint8_t d = 0; d < o->direction_nb; d++) {
		for (uint8_t i = 0; i < o->sizes_nb && !gen_stop && g->live_nb > 0; i++) {
			struct measurement m = {.g = g,
						.report = report,
						.direction = (enum direction)o->direction[d],
						.sizes = &o->sizes[i],
						.sizes_text = o->sizes_text[i]};

			measure(&m);
			bad += m.bad;
		}
	}
	return bad;
}
