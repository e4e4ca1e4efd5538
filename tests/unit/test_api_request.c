// SPDX-License-Identifier: BSD-3-Clause
#include "api_request.h"

#include "unit.h"

#define COMMANDS "unknown command; expected sessions, srtp or watch"
#define MEMBERS	 "unknown member for this command; see dtlsgw(8)"
#define OBJECT	 "not a JSON object; expected {\"command\": ...} on one line"
#define WAYS	 "whose keys; expected one of session, peer and media_from"
#define SESSION	 "bad session; expected a session's id, as text"
#define PEER	 "bad peer; expected the client's ADDRESS:PORT or [ADDRESS]:PORT"
#define MEDIA	 "bad media_from; expected the gateway's ADDRESS:PORT or [ADDRESS]:PORT"
#define LISTENER "bad listener; expected a listener's name"
#define CURSOR	 "bad cursor; expected the number that was next"
#define SRTP(x)	 "{\"command\": \"srtp\", " x "}"

static const struct {
	const char *line;
	const char *wrong; // NULL: nothing
} rows[] = {
	{"", OBJECT},
	{"srtp", OBJECT},
	{"[]", OBJECT},
	{"1", OBJECT},
	{"{\"command\": \"watch\"", OBJECT},
	{"{\"command\": \"watch\"} x", OBJECT},
	{"{\"command\": \"watch\", \"command\": \"watch\"}", OBJECT},
	{"{\"command\": \"wat\\u0000ch\"}", OBJECT},
	{"{\"command\": \"\xff\"}", OBJECT},
	{"{}", COMMANDS},
	{"{\"command\": 1}", COMMANDS},
	{"{\"command\": \"keys\"}", COMMANDS},
	{"{\"command\": \"watch\"}", NULL},
	{"  {\"command\":\"watch\"}  \r", NULL},
	{"{\"command\": \"watch\", \"session\": \"1\"}", MEMBERS},
	{"{\"command\": \"sessions\"}", NULL},
	{"{\"command\": \"sessions\", \"cursor\": 4294967295}", NULL},
	{"{\"command\": \"sessions\", \"cursor\": 4294967296}", CURSOR},
	{"{\"command\": \"sessions\", \"cursor\": -1}", CURSOR},
	{"{\"command\": \"sessions\", \"cursor\": 1.5}", CURSOR},
	{"{\"command\": \"sessions\", \"cursor\": \"1\"}", CURSOR},
	{"{\"command\": \"sessions\", \"cursor\": 99999999999999999999}", OBJECT},
	{"{\"command\": \"sessions\", \"peer\": \"192.0.2.1:1\"}", MEMBERS},
	{"{\"command\": \"srtp\"}", WAYS},
	{SRTP("\"session\": \"18446744073709551615\""), NULL},
	{SRTP("\"session\": \"18446744073709551616\""), SESSION},
	{SRTP("\"session\": \"0\""), SESSION},
	{SRTP("\"session\": \"-1\""), SESSION},
	{SRTP("\"session\": \"\""), SESSION},
	{SRTP("\"session\": \" 1\""), SESSION},
	{SRTP("\"session\": 1"), SESSION},
	{SRTP("\"session\": null"), SESSION},
	{SRTP("\"session\": \"1\", \"peer\": \"192.0.2.1:1\""), WAYS},
	{SRTP("\"peer\": \"192.0.2.1:65535\""), NULL},
	{SRTP("\"peer\": \"[2001:db8::1]:1\""), NULL},
	{SRTP("\"peer\": \"192.0.2.1:0\""), PEER},
	{SRTP("\"peer\": \"192.0.2.1:65536\""), PEER},
	{SRTP("\"peer\": \"192.0.2.1:\""), PEER},
	{SRTP("\"peer\": \"192.0.2.1\""), PEER},
	{SRTP("\"peer\": \"192.0.2:1\""), PEER},
	{SRTP("\"peer\": \"[192.0.2.1]:1\""), PEER},
	{SRTP("\"peer\": \"2001:db8::1:1\""), PEER},
	{SRTP("\"peer\": \":1\""), PEER},
	{SRTP("\"peer\": \"[:1\""), PEER},
	{SRTP("\"peer\": \"]:1\""), PEER},
	{SRTP("\"peer\": \"[]:1\""), PEER},
	{SRTP("\"peer\": \"[::ffff:192.0.2.1]:1\""), PEER},
	{SRTP("\"peer\": \"[2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0001]:1\""), PEER},
	{SRTP("\"peer\": \"192.0.2.1:1\", \"listener\": \"webrtc\""), NULL},
	{SRTP("\"peer\": \"192.0.2.1:1\", \"listener\": \"\""), LISTENER},
	{SRTP("\"peer\": \"192.0.2.1:1\", \"listener\": \"abcdefghijklmnopqrstuvwxyz012345\""),
	 LISTENER},
	{SRTP("\"session\": \"1\", \"listener\": \"webrtc\""),
	 "listener without peer; expected both"},
	{SRTP("\"media_from\": \"192.0.2.1:1024\""), NULL},
	{SRTP("\"media_from\": \"192.0.2.1:1024\", \"session\": \"1\""), WAYS},
	{SRTP("\"media_from\": 1"), MEDIA},
	{SRTP("\"media\": \"192.0.2.1:1024\""), MEMBERS},
};

static void test_rows(void **state)
{
	struct api_request request;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		const char *wrong = api_request_parse(rows[i].line, strlen(rows[i].line), &request);

		if (wrong == NULL || rows[i].wrong == NULL)
			unit_check(i, wrong == rows[i].wrong);
		else
			assert_string_equal(wrong, rows[i].wrong);
	}
}

static void test_values(void **state)
{
	static const char by_peer[] =
		SRTP("\"listener\": \"a-1\", \"peer\": \"[2001:db8::1]:513\"");
	static const char by_media[] = SRTP("\"media_from\": \"192.0.2.1:258\"");
	struct api_request r;
	struct ip_addr addr;

	(void)state;
	assert_null(api_request_parse(by_peer, strlen(by_peer), &r));
	assert_int_equal(r.command, API_SRTP);
	ip_parse("2001:db8::1", &addr);
	assert_true(ip_equal(&r.peer, &addr));
	assert_int_equal(r.peer_port, RTE_BE16(513));
	assert_string_equal(r.listener, "a-1");
	assert_int_equal(r.session, 0);
	assert_null(api_request_parse(by_media, strlen(by_media), &r));
	ip_parse("192.0.2.1", &addr);
	assert_true(ip_equal(&r.media_from, &addr));
	assert_int_equal(r.media_port, RTE_BE16(258));
	assert_int_equal(r.peer_port, 0);
}

// Deeper than any object of ours, within the length of a line.
static void test_deep(void **state)
{
	struct api_request request;
	char line[1024];

	(void)state;
	memset(line, '[', sizeof(line));
	assert_string_equal(api_request_parse(line, sizeof(line), &request), OBJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
