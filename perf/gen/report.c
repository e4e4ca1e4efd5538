// SPDX-License-Identifier: BSD-3-Clause
#include "report.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define FORMAT 1 // of the JSON; goes up when something is taken away or changes its meaning

static const char *const stream_name[STREAM_NB] = {
	[STREAM_UP] = "up",
	[STREAM_DOWN] = "down",
	[STREAM_ECHO] = "echo",
};

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

// Takes nanoseconds and has no use for fractions of them.
static json_t *delay_json(const struct result_delay *d)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "mean", (json_int_t)d->mean, "p50",
			 (json_int_t)d->p50, "p90", (json_int_t)d->p90, "p99", (json_int_t)d->p99,
			 "p99.9", (json_int_t)d->p999, "max", (json_int_t)d->max);
}

static json_t *sizes_json(const struct result_stream *s)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < s->size_nb; i++) {
		const struct result_size *size = &s->size[i];

		json_array_append_new(list, json_pack("{s:i,s:I,s:I,s:o}", "bytes", (int)size->len,
						      "sent", (json_int_t)size->sent, "received",
						      (json_int_t)size->received, "delay_ns",
						      delay_json(&size->delay)));
	}
	return list;
}

static json_t *stream_json(const struct result_stream *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "sent", integer(s->sent));
	json_object_set_new(o, "refused", integer(s->refused));
	json_object_set_new(o, "received", integer(s->received));
	json_object_set_new(o, "lost", integer(s->lost));
	json_object_set_new(o, "duplicate", integer(s->duplicate));
	json_object_set_new(o, "reordered", integer(s->reordered));
	json_object_set_new(o, "late", integer(s->late));
	json_object_set_new(o, "loss_percent", json_real(s->loss * 100));
	json_object_set_new(o, "sent_pps", json_real(s->sent_pps));
	json_object_set_new(o, "received_pps", json_real(s->received_pps));
	json_object_set_new(o, "payload_bps", json_real(s->payload_bps));
	json_object_set_new(o, "outside_bps", json_real(s->outside_bps));
	json_object_set_new(o, "delay_ns", delay_json(&s->delay));
	json_object_set_new(o, "sizes", sizes_json(s));
	return o;
}

static json_t *strays_json(const struct strays *s)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "bad", (json_int_t)s->bad, "forged",
			 (json_int_t)s->forged, "replayed", (json_int_t)s->replayed, "other",
			 (json_int_t)s->other, "stale", (json_int_t)s->stale);
}

json_t *report_result(const struct result *result)
{
	json_t *o = json_object();

	json_object_set_new(o, "rate_pps", result->rate > 0 ? integer(result->rate) : json_null());
	json_object_set_new(o, "seconds", json_real(result->seconds));
	json_object_set_new(o, "sessions", integer(result->sessions));
	json_object_set_new(o, "missed", integer(result->missed));
	json_object_set_new(o, "short", json_boolean(result->is_short));
	json_object_set_new(o, "passed", json_boolean(result->passed));
	json_object_set_new(o, "strays", strays_json(&result->strays));
	for (uint8_t i = 0; i < STREAM_NB; i++)
		if (result->stream[i].used)
			json_object_set_new(o, stream_name[i], stream_json(&result->stream[i]));
	return o;
}

int report_init(struct report *r, const struct options *o, const char *machine, FILE *table)
{
	char server[IP_PORT_TEXT_LEN], when[32];
	time_t now = time(NULL);

	*r = (struct report){.root = json_object(), .cases = json_array(), .table = table};
	if (r->root == NULL || r->cases == NULL)
		return -ENOMEM;
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	ip_port_format(&o->server, htons(o->server_port), server);
	json_object_set_new(r->root, "program", json_string("dtlsgw-gen"));
	json_object_set_new(r->root, "format", json_integer(FORMAT));
	json_object_set_new(r->root, "label", json_string(o->label != NULL ? o->label : ""));
	json_object_set_new(r->root, "time", json_string(when));
	json_object_set_new(r->root, "machine", json_string(machine));
	json_object_set_new(r->root, "server", json_string(server));
	json_object_set_new(r->root, "topology",
			    json_string(o->inside != NULL ? "backend" : "echo"));
	json_object_set_new(r->root, "loss_percent_max", json_real(o->loss * 100));
	json_object_set_new(r->root, "cases", r->cases);
	if (table != NULL)
		fprintf(table, "# machine: %s\n# server %s, loss of %g %% passes\n", machine,
			server, o->loss * 100);
	return 0;
}

void report_fini(struct report *r)
{
	json_decref(r->root);
}

void report_dial(struct report *r, const struct dial_result *dial, uint32_t ready, double tsc_hz)
{
	double ms = 1e3 / tsc_hz;
	double rate = dial->seconds > 0 ? dial->completed / dial->seconds : 0;
	double p50 = (double)delay_quantile(&dial->delay, 0.5) * ms;
	double p99 = (double)delay_quantile(&dial->delay, 0.99) * ms;

	json_object_set_new(r->root, "suite", json_string(dial->suite));
	json_object_set_new(r->root, "handshakes",
			    json_pack("{s:i,s:i,s:i,s:f,s:f,s:f,s:f}", "completed",
				      (int)dial->completed, "failed", (int)dial->failed, "working",
				      (int)ready, "seconds", dial->seconds, "per_second", rate,
				      "p50_ms", p50, "p99_ms", p99));
	if (r->table != NULL)
		fprintf(r->table,
			"# %u sessions, %s, in %.2f s, %.0f a second; a handshake took %.2f ms "
			"(p50), %.2f ms (p99); %u failed\n"
			"%-5s %-8s %10s %10s %10s %8s %4s %5s %4s %8s %8s %8s %8s %9s %8s\n",
			ready, dial->suite, dial->seconds, rate, p50, p99, dial->failed, "dir",
			"size", "asked/s", "sent/s", "received/s", "lost %", "dup", "reord", "bad",
			"p50 us", "p90 us", "p99 us", "p99.9 us", "max us", "Mbit/s");
}

void report_case_start(struct report *r, enum direction direction, const char *sizes_text,
		       const struct options *o)
{
	static const char *const kind[] = {
		[RATE_FIXED] = "fixed", [RATE_MAX] = "max", [RATE_FLOOD] = "flood"};
	json_t *c = json_object();

	r->trials = json_array();
	json_object_set_new(c, "direction", json_string(direction_name[direction]));
	json_object_set_new(c, "size", json_string(sizes_text));
	json_object_set_new(c, "rate", json_string(kind[o->rate_kind]));
	json_object_set_new(c, "trials", r->trials);
	json_array_append_new(r->cases, c);
}

static void print_stream(FILE *table, const struct result *result, uint8_t i, const char *mark)
{
	const struct result_stream *s = &result->stream[i];
	char asked[24];

	snprintf(asked, sizeof(asked), "%llu", (unsigned long long)result->rate);
	fprintf(table,
		"%-5s %-8.8s %10s %10.0f %10.0f %8.4f %4llu %5llu %4llu %8.1f %8.1f %8.1f %8.1f "
		"%9.1f %8.1f%s\n",
		stream_name[i], result->sizes_text, result->rate > 0 ? asked : "flood", s->sent_pps,
		s->received_pps, s->loss * 100, (unsigned long long)s->duplicate,
		(unsigned long long)s->reordered,
		(unsigned long long)(result->strays.bad + result->strays.forged),
		s->delay.p50 / 1e3, s->delay.p90 / 1e3, s->delay.p99 / 1e3, s->delay.p999 / 1e3,
		s->delay.max / 1e3, s->payload_bps / 1e6, mark);
}

static void print_result(FILE *table, const struct result *result, const char *mark)
{
	for (uint8_t i = 0; table != NULL && i < STREAM_NB; i++)
		if (result->stream[i].used)
			print_stream(table, result, i, mark);
}

void report_trial(struct report *r, const struct result *result)
{
	json_array_append_new(r->trials, report_result(result));
	print_result(r->table, result, result->is_short ? "  short" : "");
}

void report_case_end(struct report *r, const struct result *found, enum report_limit limit)
{
	static const char *const name[] = {[REPORT_LIMIT_NONE] = "none",
					   [REPORT_LIMIT_SERVER] = "server",
					   [REPORT_LIMIT_GENERATOR] = "generator"};
	json_t *c = json_array_get(r->cases, json_array_size(r->cases) - 1);
	char mark[64];

	json_object_set_new(c, "limited_by", json_string(name[limit]));
	json_object_set_new(c, "result", found != NULL ? report_result(found) : json_null());
	if (limit == REPORT_LIMIT_NONE)
		return;
	snprintf(mark, sizeof(mark), "  <- found, limit: %s", name[limit]);
	if (found != NULL)
		print_result(r->table, found, mark);
	else if (r->table != NULL)
		fprintf(r->table, "no rate passes\n");
}

void report_end(struct report *r, uint32_t closed)
{
	json_object_set_new(r->root, "closed", integer(closed));
	if (r->table != NULL && closed > 0)
		fprintf(r->table, "# %u sessions ended by themselves\n", closed);
}

int report_write(const struct report *r, const char *file)
{
	bool to_stdout = strcmp(file, "-") == 0;
	FILE *f = to_stdout ? stdout : fopen(file, "w");
	int rc = 0;

	if (f == NULL || json_dumpf(r->root, f, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) != 0 ||
	    fputc('\n', f) == EOF)
		rc = -EIO;
	if (f != NULL && (to_stdout ? fflush(f) : fclose(f)) != 0)
		rc = -EIO;
	if (rc != 0)
		fprintf(stderr, "dtlsgw-gen: cannot write %s\n", file);
	return rc;
}
