// SPDX-License-Identifier: BSD-3-Clause
#include "report.h"
#include "unit.h"

#include <unistd.h>

#define HZ 1e9

static struct options o;
static struct result r;
static struct tally tally;

// A trial of two seconds: 1000 packets of 100 and 500 of 200 bytes sent, each with a delay of
// its number in microseconds; the last 30 are lost.
static int set_up(void **state)
{
	(void)state;
	memset(&tally, 0, sizeof(tally));
	assert_int_equal(sizes_parse(&o.sizes[0], "100:2,200:1", STAMP_LEN), 0);
	o.server_port = 4433;
	assert_int_equal(ip_parse("198.51.100.1", &o.server), 0);
	o.loss = 0.01;
	tally.sent = 1500;
	tally.size_sent[0] = 1000;
	tally.size_sent[1] = 500;
	tally.duplicate = 4;
	tally.reordered = 5;
	tally.refused = 6;
	tally.late = 7;
	for (uint32_t i = 1; i <= 1470; i++) {
		uint16_t size = i % 3 == 0;

		tally.received++;
		tally.size_received[size]++;
		delay_add(&tally.delay, i * 1000);
		delay_add(&tally.size_delay[size], i * 1000);
	}
	r = (struct result){.direction = DIRECTION_UP,
			    .sizes_text = "100:2,200:1",
			    .rate = 750,
			    .seconds = 2,
			    .missed = 8,
			    .sessions = 9,
			    .strays = {.other = 10, .stale = 11}};
	result_stream_fill(&r.stream[STREAM_UP], &tally, &o.sizes[0], 79, r.seconds, HZ);
	return 0;
}

static void test_stream(void **state)
{
	const struct result_stream *s = &r.stream[STREAM_UP];

	(void)state;
	assert_true(s->used);
	assert_int_equal(s->lost, 30);
	assert_true(s->loss == 0.02);
	assert_true(s->sent_pps == 750 && s->received_pps == 735);
	assert_true(s->payload_bps == (980 * 100 + 490 * 200) * 8 / 2.0);
	assert_true(s->outside_bps == (980 * 179 + 490 * 279) * 8 / 2.0);
	assert_true(s->delay.p50 >= 735e3 && s->delay.p50 <= 735e3 * 1.02);
	assert_true(s->delay.max == 1470e3);
	assert_true(s->delay.mean == 735.5e3);
	assert_int_equal(s->size[1].len, 200);
	assert_int_equal(s->size[1].received, 490);
}

static void test_judge(void **state)
{
	(void)state;
	result_judge(&r, 0.02);
	assert_true(r.passed && !r.is_short);
	result_judge(&r, 0.0199);
	assert_false(r.passed);
	r.rate = 800;
	result_judge(&r, 1);
	assert_true(r.passed && r.is_short);
	r.rate = 0; // a flood is never short
	result_judge(&r, 1);
	assert_false(r.is_short);
	r.strays.bad = 1;
	result_judge(&r, 1);
	assert_false(r.passed);
	r.strays = (struct strays){.forged = 1};
	result_judge(&r, 1);
	assert_false(r.passed);
	r.strays = (struct strays){0};
	r.stream[STREAM_UP].sent = 0; // nothing was sent, so nothing passed
	result_judge(&r, 1);
	assert_false(r.passed);
}

static void test_lowest(void **state)
{
	struct result none = {0};

	(void)state;
	r.stream[STREAM_DOWN] = r.stream[STREAM_UP];
	r.stream[STREAM_DOWN].sent_pps = 600;
	assert_true(result_sent_pps(&r) == 600);
	assert_true(result_received_pps(&r) == 735);
	assert_true(result_sent_pps(&none) == 0);
}

static double number(json_t *from, const char *key)
{
	assert_non_null(json_object_get(from, key));
	return json_number_value(json_object_get(from, key));
}

static void test_json(void **state)
{
	static struct dial_result dial = {
		.completed = 20, .failed = 1, .seconds = 0.5, .suite = "SUITE"};
	char file[] = "/tmp/dtlsgw-report-XXXXXX";
	int fd = mkstemp(file);
	json_t *root, *one, *trial, *up;
	struct report report;
	json_error_t error;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(report_init(&report, &o, "a \"machine\"", NULL), 0);
	report_dial(&report, &dial, 19, HZ);
	report_case_start(&report, DIRECTION_UP, "100:2,200:1", &o);
	report_trial(&report, &r);
	report_trial(&report, &r);
	report_case_end(&report, &r, REPORT_LIMIT_SERVER);
	report_case_start(&report, DIRECTION_UP, "64", &o);
	report_case_end(&report, NULL, REPORT_LIMIT_SERVER);
	report_end(&report, 3);
	assert_int_equal(report_write(&report, file), 0);
	report_fini(&report);
	root = json_load_file(file, 0, &error);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "machine")), "a \"machine\"");
	assert_string_equal(json_string_value(json_object_get(root, "server")),
			    "198.51.100.1:4433");
	assert_string_equal(json_string_value(json_object_get(root, "topology")), "echo");
	assert_true(number(root, "loss_percent_max") == 1);
	assert_true(number(root, "closed") == 3);
	assert_true(number(json_object_get(root, "handshakes"), "per_second") == 40);
	assert_int_equal(json_array_size(json_object_get(root, "cases")), 2);
	one = json_array_get(json_object_get(root, "cases"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "limited_by")), "server");
	assert_int_equal(json_array_size(json_object_get(one, "trials")), 2);
	trial = json_object_get(one, "result");
	assert_true(number(trial, "missed") == 8);
	assert_true(number(json_object_get(trial, "strays"), "stale") == 11);
	assert_null(json_object_get(trial, "down"));
	up = json_object_get(trial, "up");
	assert_true(number(up, "lost") == 30 && number(up, "duplicate") == 4);
	assert_true(number(up, "reordered") == 5 && number(up, "refused") == 6);
	assert_true(number(up, "late") == 7);
	assert_true(number(up, "loss_percent") == 2);
	assert_true(number(json_object_get(up, "delay_ns"), "max") == 1470e3);
	assert_true(number(json_array_get(json_object_get(up, "sizes"), 1), "bytes") == 200);
	one = json_array_get(json_object_get(root, "cases"), 1);
	assert_true(json_is_null(json_object_get(one, "result")));
	json_decref(root);
	close(fd);
	unlink(file);
}

static void test_cannot_write(void **state)
{
	struct report report;

	(void)state;
	assert_int_equal(report_init(&report, &o, "", NULL), 0);
	assert_true(report_write(&report, "/nowhere/report.json") < 0);
	assert_true(report_write(&report, "/dev/full") < 0);
	report_fini(&report);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stream, set_up),
		cmocka_unit_test_setup(test_judge, set_up),
		cmocka_unit_test_setup(test_lowest, set_up),
		cmocka_unit_test_setup(test_json, set_up),
		cmocka_unit_test_setup(test_cannot_write, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
