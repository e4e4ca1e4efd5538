// SPDX-License-Identifier: BSD-3-Clause
// The control socket: what is answered, and what those hear who watch.
#include "api_lab.h"

#include "api_answer.h"

#define MANY   150			      // sessions, in the first slots
#define BEHIND (API_STEPS * SESSION_DIR_STEP) // the first slot that an answer does not look at

static void test_srtp(void **state)
{
	int fd = open_client();
	char request[128], id[24], from[64];
	json_t *object;

	(void)state;
	begin_session();
	lab_check_echo(&client, "for the gateway's port");
	snprintf(from, sizeof(from), RIG_INSIDE_IP ":%u", lab.nat_port);
	id_text(id);
	snprintf(request, sizeof(request), "{\"command\":\"srtp\",\"session\":\"%s\"}", id);
	object = ask(fd, request);
	expect_session(object);
	expect_text(object, "data_from", from);
	expect_keys(object);
	json_decref(object);
	object = ask(fd, "{\"command\":\"srtp\",\"peer\":\"" RIG_CLIENT ":40000\"}");
	expect_session(object);
	expect_keys(object);
	json_decref(object);
	object = ask(fd, "{\"command\":\"srtp\",\"peer\":\"" RIG_CLIENT
			 ":40000\",\"listener\":\"main\"}");
	expect_keys(object);
	json_decref(object);
	lab_finish(&client);
	expect_error(fd, request, NO_KEYS);
	close(fd);
}

static void test_nobodys_keys(void **state)
{
	static const char *const rows[] = {
		"{\"command\":\"srtp\",\"session\":\"1\"}",
		"{\"command\":\"srtp\",\"session\":\"18446744073709551615\"}",
		"{\"command\":\"srtp\",\"peer\":\"" RIG_CLIENT ":40001\"}",
		"{\"command\":\"srtp\",\"peer\":\"" RIG_CLIENT ":40000\",\"listener\":\"other\"}",
		"{\"command\":\"srtp\",\"peer\":\"[2001:db8::1]:40000\"}",
		"{\"command\":\"srtp\",\"media_from\":\"" RIG_INSIDE_IP ":1024\"}",
		"{\"command\":\"srtp\",\"media_from\":\"203.0.113.1:1024\"}",
	};
	int fd = open_client();

	(void)state;
	begin_session();
	for (size_t i = 0; i < UNIT_NB(rows); i++)
		expect_error(fd, rows[i], NO_KEYS);
	lab_finish(&client);
	close(fd);
}

static void expire_relays(void)
{
	struct lcore *lc = dp_lcore(lab.rig.dp, 0);

	lc->media.idle_tsc = 0;
	lc->media.walked_tsc -= lc->second_tsc;
	lc->stats.polls = 0;
	lab_pump(&lab);
	assert_int_equal(lc->stats.relays, 0);
}

// The media server knows a client by the gateway's port that its RTP comes from.
static void test_media_from(void **state)
{
	static const uint8_t rtp[40] = {0x80};
	struct lcore *lc = dp_lcore(lab.rig.dp, 0);
	char request[128], from[64];
	int fd = open_client();
	json_t *object;

	(void)state;
	lab.rig.config.listener[0].media = 0;
	begin_session();
	lab_inject(&client, rtp, sizeof(rtp));
	lc->media.credit_tsc = lc->second_tsc;
	lab_pump(&lab);
	assert_int_equal(lab.backend.nb, 1);
	assert_memory_equal(lab.backend.datagram[0].bytes, rtp, sizeof(rtp));
	snprintf(from, sizeof(from), RIG_INSIDE_IP ":%u", lab.nat_port);
	snprintf(request, sizeof(request), "{\"command\":\"srtp\",\"media_from\":\"%s\"}", from);
	object = ask(fd, request);
	expect_text(object, "peer", RIG_CLIENT ":40000");
	expect_text(object, "media_from", from);
	expect_keys(object);
	json_decref(object);
	expire_relays();
	expect_error(fd, request, NO_KEYS);
	lab_finish(&client);
	close(fd);
}

// A session without SRTP has no keys, but it is in the list.
static void test_sessions(void **state)
{
	static struct lab_client plain;
	json_t *object, *list;
	int fd = open_client();

	(void)state;
	object = ask(fd, "{\"command\":\"sessions\"}");
	assert_int_equal(json_array_size(json_object_get(object, "sessions")), 0);
	json_decref(object);
	begin_session();
	lab_client_start(&lab, &plain, LAB_PORT + 1, LAB_ECDSA);
	assert_true(lab_handshake(&plain, LAB_PATIENCE_MS));
	expect_error(fd, "{\"command\":\"srtp\",\"peer\":\"" RIG_CLIENT ":40001\"}", NO_KEYS);
	object = ask(fd, "{\"command\":\"sessions\"}");
	list = json_object_get(object, "sessions");
	assert_int_equal(json_array_size(list), 2);
	expect_text(json_array_get(list, 0), "profile", PROFILE);
	assert_null(json_object_get(json_array_get(list, 0), "client_key"));
	expect_text(json_array_get(list, 1), "peer", RIG_CLIENT ":40001");
	assert_null(json_object_get(json_array_get(list, 1), "profile"));
	assert_null(json_object_get(object, "next"));
	json_decref(object);
	object = ask(fd, "{\"command\":\"sessions\",\"cursor\":1}");
	assert_int_equal(json_array_size(json_object_get(object, "sessions")), 1);
	json_decref(object);
	lab_finish(&client);
	lab_finish(&plain);
	close(fd);
}

static unsigned int printed; // sessions in lists

int __real_json_array_append_new(json_t *array, json_t *value);
int __wrap_json_array_append_new(json_t *array, json_t *value);

// Nobody waits for the lock while a list is printed.
int __wrap_json_array_append_new(json_t *array, json_t *value)
{
	assert_int_equal(pthread_mutex_trylock(&lab.cp.lock), 0);
	cp_unlock(&lab.cp);
	printed++;
	return __real_json_array_append_new(array, value);
}

// Counts one page's sessions by slot, and returns the next one's cursor, 0 if there is none.
static json_int_t take_page(int fd, json_int_t cursor, unsigned int seen[static MANY])
{
	char request[64];
	const char *text;
	json_t *object, *session;
	json_int_t next;
	size_t i;

	snprintf(request, sizeof(request), "{\"command\":\"sessions\",\"cursor\":%lld}",
		 (long long)cursor);
	object = ask(fd, request);
	next = json_integer_value(json_object_get(object, "next"));
	assert_true(json_array_size(json_object_get(object, "sessions")) <= API_PAGE);
	json_array_foreach(json_object_get(object, "sessions"), i, session)
	{
		text = json_string_value(json_object_get(session, "session"));
		seen[(uint32_t)strtoull(text, NULL, 10) % MANY]++;
	}
	json_decref(object);
	return next;
}

// More sessions than go into an answer; one leaves between two of them.
static void test_pages(void **state)
{
	static struct session many[MANY];
	unsigned int seen[MANY] = {0}, pages = 0;
	struct session_entry *entry;
	int fd = open_client();
	json_int_t cursor = 0;

	(void)state;
	memset(many, 0, sizeof(many));
	for (size_t i = 0; i < MANY; i++) {
		entry = session_dir_enter(lab.cp.sessions, &many[i], false);
		assert_non_null(entry);
		memset(&entry->flow, 0, sizeof(entry->flow));
		entry->live = true;
	}
	printed = 0;
	do {
		cursor = take_page(fd, cursor, seen);
		if (pages++ == 0) {
			entry = session_dir_find(lab.cp.sessions, many[API_PAGE].id);
			session_dir_leave(lab.cp.sessions, entry);
		}
	} while (cursor != 0);
	assert_int_equal(pages, (MANY + API_PAGE - 1) / API_PAGE);
	assert_int_equal(printed, MANY - 1);
	for (size_t i = 0; i < MANY; i++)
		unit_check(i, seen[i] == (i != API_PAGE));
	for (size_t i = 0; i < MANY; i++) {
		entry = session_dir_find(lab.cp.sessions, many[i].id);
		if (entry != NULL)
			session_dir_leave(lab.cp.sessions, entry);
	}
	close(fd);
	lab_pump(&lab);
}

static int set_up_large(void **state)
{
	int rc = set_up(state);

	session_dir_destroy(lab.cp.sessions);
	lab.cp.sessions = session_dir_create(BEHIND + 1, 0);
	return lab.cp.sessions == NULL ? -1 : rc;
}

// The only live session stands behind all slots that an answer looks at: free ones, and those of
// sessions that are being installed.
static void test_empty_page(void **state)
{
	static struct session_entry *entry[BEHIND + 1];
	static struct session session;
	json_t *object, *list;
	char request[64], id[24];
	int fd = open_client();

	(void)state;
	for (size_t i = 0; i <= BEHIND; i++) {
		entry[i] = session_dir_enter(lab.cp.sessions, &session, false);
		assert_non_null(entry[i]);
		memset(&entry[i]->flow, 0, sizeof(entry[i]->flow));
	}
	for (size_t i = 0; i < BEHIND; i += 2)
		session_dir_leave(lab.cp.sessions, entry[i]);
	entry[BEHIND]->live = true;
	snprintf(id, sizeof(id), "%" PRIu64, entry[BEHIND]->id);
	object = ask(fd, "{\"command\":\"sessions\"}");
	list = json_object_get(object, "sessions");
	assert_true(json_is_array(list));
	assert_int_equal(json_array_size(list), 0);
	assert_true(json_is_integer(json_object_get(object, "next")));
	snprintf(request, sizeof(request), "{\"command\":\"sessions\",\"cursor\":%lld}",
		 (long long)json_integer_value(json_object_get(object, "next")));
	json_decref(object);
	object = ask(fd, request);
	list = json_object_get(object, "sessions");
	assert_int_equal(json_array_size(list), 1);
	expect_text(json_array_get(list, 0), "session", id);
	assert_null(json_object_get(object, "next"));
	json_decref(object);
	for (size_t i = 1; i < BEHIND; i += 2)
		session_dir_leave(lab.cp.sessions, entry[i]);
	session_dir_leave(lab.cp.sessions, entry[BEHIND]);
	close(fd);
	lab_pump(&lab);
}

static void test_watch(void **state)
{
	int fd = open_client();
	json_t *object;
	char *text;

	(void)state;
	object = ask(fd, "{\"command\":\"watch\"}");
	assert_true(json_is_true(json_object_get(object, "watch")));
	json_decref(object);
	begin_session();
	object = answer(fd);
	expect_text(object, "event", "up");
	expect_session(object);
	expect_keys(object);
	json_decref(object);
	// It may be silent, and may ask as well.
	later_s += 10 * API_IDLE_S;
	lab_pump(&lab);
	expect_error(fd, "{\"command\":\"keys\"}", COMMANDS);
	lab_finish(&client);
	lab_pump(&lab);
	text = line(fd);
	assert_non_null(text);
	assert_null(strstr(text, "_key"));
	object = json_loads(text, 0, NULL);
	expect_text(object, "event", "down");
	expect_text(object, "reason", "closed by the client");
	expect_text(object, "peer", RIG_CLIENT ":40000");
	json_decref(object);
	free(text);
	close(fd);
}

static void test_pieces_and_several(void **state)
{
	int fd = open_client();

	(void)state;
	put(fd, "{\"command\":");
	assert_null(line(fd));
	put(fd, "\"keys\"}\n{\"command\":\"sessions\"}\n\ngarbage\n");
	for (int i = 0; i < 4; i++)
		json_decref(answer(fd));
	assert_null(line(fd));
	close(fd);
	lab_pump(&lab);
}

// Whoever sends and hangs up still gets the answer.
static void test_half_closed(void **state)
{
	int fd = open_client();

	(void)state;
	assert_int_equal(send(fd, "{}\n", 3, 0), 3);
	shutdown(fd, SHUT_WR);
	lab_pump(&lab);
	json_decref(answer(fd));
	lab_pump(&lab);
	assert_true(at_end(fd));
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_srtp),
		TEST(test_nobodys_keys),
		TEST(test_media_from),
		TEST(test_pages),
		cmocka_unit_test_setup_teardown(test_empty_page, set_up_large, tear_down),
		TEST(test_sessions),
		TEST(test_watch),
		TEST(test_pieces_and_several),
		TEST(test_half_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
