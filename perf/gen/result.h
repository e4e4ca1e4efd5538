// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_RESULT_H
#define GEN_RESULT_H

#include "gen.h"

// What a trial has shown.  Delays in nanoseconds; they include our own sealing and opening.
struct result_delay {
	double mean, p50, p90, p99, p999, max;
};

struct result_size {
	uint16_t len; // bytes of payload
	uint64_t sent;
	uint64_t received;
	struct result_delay delay;
};

struct result_stream {
	bool used;
	uint64_t sent, refused, received, lost, duplicate, reordered, late;
	double loss;	 // share of sent
	double sent_pps; // packets a second
	double received_pps;
	double payload_bps; // bits a second that arrived
	double outside_bps; // of them as frames of the outside link, without FCS
	struct result_delay delay;
	uint16_t size_nb;
	struct result_size size[SIZES_MAX];
};

struct result {
	enum direction direction;
	const char *sizes_text;
	uint64_t rate;	 // packets a second and stream that were asked for; 0: flood
	double seconds;	 // of sending
	uint64_t missed; // packets not sent because the generator was late
	bool is_short;	 // less than RESULT_SENT_LEAST of the rate was sent
	bool passed;	 // no stream lost more than it may, and every byte was right
	uint32_t sessions;
	struct strays strays;
	struct result_stream stream[STREAM_NB];
};

#define RESULT_SENT_LEAST 0.98

// What the streams of a direction are, as bits.
unsigned int result_streams(enum direction direction);

// Sums a tally up.  frame_extra: bytes that an outside frame has more than its payload.
void result_stream_fill(struct result_stream *r, const struct tally *tally,
			const struct sizes *sizes, uint16_t frame_extra, double seconds, double hz);

// Sets is_short and passed from the rest.  loss: the share that a stream may lose.
void result_judge(struct result *r, double loss);

// The lowest rate of its streams at which packets were sent, and arrived.
double result_sent_pps(const struct result *r);
double result_received_pps(const struct result *r);

#endif
