// SPDX-License-Identifier: BSD-3-Clause
#include "result.h"

unsigned int result_streams(enum direction direction)
{
	switch (direction) {
	case DIRECTION_UP:
		return 1u << STREAM_UP;
	case DIRECTION_DOWN:
		return 1u << STREAM_DOWN;
	case DIRECTION_BOTH:
		return 1u << STREAM_UP | 1u << STREAM_DOWN;
	case DIRECTION_ECHO:
		return 1u << STREAM_ECHO;
	case DIRECTION_NB:
		break;
	}
	return 0;
}

static void fill_delay(struct result_delay *r, const struct delay *d, double hz)
{
	double ns = 1e9 / hz;

	*r = (struct result_delay){
		.mean = d->nb > 0 ? (double)d->sum / (double)d->nb * ns : 0,
		.p50 = (double)delay_quantile(d, 0.5) * ns,
		.p90 = (double)delay_quantile(d, 0.9) * ns,
		.p99 = (double)delay_quantile(d, 0.99) * ns,
		.p999 = (double)delay_quantile(d, 0.999) * ns,
		.max = (double)d->max * ns,
	};
}

void result_stream_fill(struct result_stream *r, const struct tally *tally,
			const struct sizes *sizes, uint16_t frame_extra, double seconds, double hz)
{
	double payload = 0, frames = 0;

	*r = (struct result_stream){
		.used = true,
		.sent = tally->sent,
		.refused = tally->refused,
		.received = tally->received,
		.lost = tally_lost(tally),
		.duplicate = tally->duplicate,
		.reordered = tally->reordered,
		.late = tally->late,
		.size_nb = sizes->nb,
	};
	for (uint16_t i = 0; i < sizes->nb; i++) {
		double bytes = (double)tally->size_received[i];

		r->size[i].len = sizes->len[i];
		r->size[i].sent = tally->size_sent[i];
		r->size[i].received = tally->size_received[i];
		fill_delay(&r->size[i].delay, &tally->size_delay[i], hz);
		payload += bytes * sizes->len[i];
		frames += bytes * (sizes->len[i] + frame_extra);
	}
	fill_delay(&r->delay, &tally->delay, hz);
	r->loss = r->sent > 0 ? (double)r->lost / (double)r->sent : 0;
	r->sent_pps = (double)r->sent / seconds;
	r->received_pps = (double)r->received / seconds;
	r->payload_bps = payload * 8 / seconds;
	r->outside_bps = frames * 8 / seconds;
}

void result_judge(struct result *r, double loss)
{
	r->passed = r->strays.bad == 0 && r->strays.forged == 0;
	for (uint8_t i = 0; i < STREAM_NB; i++) {
		const struct result_stream *s = &r->stream[i];

		if (s->used && (s->sent == 0 || s->loss > loss))
			r->passed = false;
	}
	r->is_short = result_sent_pps(r) < RESULT_SENT_LEAST * (double)r->rate;
}

static double lowest(const struct result *r, bool sent)
{
	double low = -1;

	for (uint8_t i = 0; i < STREAM_NB; i++) {
		double pps = sent ? r->stream[i].sent_pps : r->stream[i].received_pps;

		if (r->stream[i].used && (low < 0 || pps < low))
			low = pps;
	}
	return low < 0 ? 0 : low;
}

double result_sent_pps(const struct result *r)
{
	return lowest(r, true);
}

double result_received_pps(const struct result *r)
{
	return lowest(r, false);
}
