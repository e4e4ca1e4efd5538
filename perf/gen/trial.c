// SPDX-License-Identifier: BSD-3-Clause
#include "trial.h"

#include <rte_cycles.h>

#include "record.h"

// The senders of one trial.
struct senders {
	unsigned int streams; // bits
	uint64_t end_tsc;
	struct pace pace[STREAM_NB];
};

static void send_due(struct gen *g, struct senders *s, uint64_t now_tsc)
{
	for (uint8_t i = 0; i < STREAM_NB; i++) {
		if ((s->streams & 1u << i) == 0)
			continue;
		gen_send(g, (enum stream)i, pace_take(&s->pace[i], now_tsc, PORTS_BURST), now_tsc);
	}
}

// Returns when the last packet was sent.
static uint64_t send_all(struct gen *g, struct senders *s)
{
	uint64_t now_tsc = rte_rdtsc();

	while (now_tsc < s->end_tsc && !gen_stop && g->live_nb > 0) {
		send_due(g, s, now_tsc);
		gen_receive(g);
		now_tsc = rte_rdtsc();
	}
	return now_tsc;
}

static bool all_back(const struct gen *g, unsigned int streams)
{
	for (uint8_t i = 0; i < STREAM_NB; i++)
		if ((streams & 1u << i) != 0 &&
		    g->tally[i].received + g->tally[i].refused < g->tally[i].sent)
			return false;
	return true;
}

// Receives until everything is back, or nothing came for a while.
static void await_rest(struct gen *g, unsigned int streams)
{
	uint64_t quiet_tsc = g->o->quiet_ms * rte_get_tsc_hz() / 1000, last_tsc = rte_rdtsc();

	while (!all_back(g, streams) && rte_rdtsc() - last_tsc < quiet_tsc) {
		for (uint8_t i = 0; i < STREAM_NB; i++)
			if ((streams & 1u << i) != 0)
				gen_send(g, (enum stream)i, 0, 0);
		if (gen_receive(g) > 0)
			last_tsc = rte_rdtsc();
	}
}

void trial_run(struct gen *g, enum direction direction, const struct sizes *sizes, uint64_t rate,
	       struct result *r)
{
	struct senders s = {.streams = result_streams(direction)};
	uint64_t hz = rte_get_tsc_hz(), start_tsc;
	uint16_t extra;

	gen_trial_start(g, sizes, rate == 0);
	start_tsc = rte_rdtsc();
	s.end_tsc = start_tsc + (uint64_t)(g->o->seconds * (double)hz);
	for (uint8_t i = 0; i < STREAM_NB; i++)
		pace_start(&s.pace[i], rate, g->o->burst, hz, start_tsc);
	*r = (struct result){.direction = direction, .rate = rate, .sessions = g->live_nb};
	r->seconds = (double)(send_all(g, &s) - start_tsc) / (double)hz;
	await_rest(g, s.streams);
	gen_drop_held(g);
	extra = record_overhead(g->suite) + gen_outside_header_len(g);
	for (uint8_t i = 0; i < STREAM_NB; i++) {
		if ((s.streams & 1u << i) == 0)
			continue;
		result_stream_fill(&r->stream[i], &g->tally[i], sizes, extra, r->seconds,
				   (double)hz);
		r->missed += s.pace[i].missed;
	}
	r->strays = g->strays;
	result_judge(r, g->o->loss);
}
