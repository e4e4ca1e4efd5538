// SPDX-License-Identifier: BSD-3-Clause
// The control socket: what ends a connection.
#include "api_lab.h"

static void test_line_too_long(void **state)
{
	char text[API_LINE_MAX + 1];
	int fd = open_client();
	json_t *object;

	(void)state;
	memset(text, ' ', sizeof(text));
	text[API_LINE_MAX] = '\0';
	put(fd, text); // as long as it may be
	expect_error(fd, "", "not a JSON object; expected {\"command\": ...} on one line");
	put(fd, text);
	put(fd, "xx");
	object = answer(fd);
	expect_text(object, "error", "line too long");
	json_decref(object);
	lab_pump(&lab);
	assert_true(at_end(fd));
	close(fd);
}

static void test_too_many_clients(void **state)
{
	int fd[CLIENT_NB];
	json_t *object;

	(void)state;
	for (int i = 0; i < CLIENT_NB; i++)
		fd[i] = open_client();
	object = answer(fd[API_CLIENT_MAX]);
	expect_text(object, "error", "too many clients");
	json_decref(object);
	assert_true(at_end(fd[API_CLIENT_MAX]));
	close(fd[API_CLIENT_MAX]);
	close(fd[0]);
	lab_pump(&lab);
	fd[0] = open_client();
	expect_error(fd[0], "{}", COMMANDS);
	for (int i = 0; i < API_CLIENT_MAX; i++)
		close(fd[i]);
	lab_pump(&lab);
}

static void test_silent_client(void **state)
{
	int fd = open_client();

	(void)state;
	later_s += API_IDLE_S - 2;
	lab_pump(&lab);
	expect_error(fd, "{}", COMMANDS);
	later_s += API_IDLE_S - 2;
	lab_pump(&lab);
	assert_false(at_end(fd));
	later_s += 4;
	lab_pump(&lab);
	assert_true(at_end(fd));
	close(fd);
}

// Asks and does not read until it is cut off.
static void test_greedy_client(void **state)
{
	static const char request[] = "{\"command\":\"sessions\"}\n";
	ssize_t len = (ssize_t)strlen(request);
	int fd = open_client(), other = open_client();
	unsigned int sent = 0;

	(void)state;
	begin_session();
	while (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len) {
		lab_pump(&lab);
		assert_true(++sent < 100000);
	}
	assert_int_equal(errno, EPIPE);
	expect_error(other, "{}", COMMANDS);
	lab_finish(&client);
	close(fd);
	close(other);
	lab_pump(&lab);
}

// Reads nothing for too long, with less than is too much left for it.
static void test_slow_client(void **state)
{
	static char text[65536];
	int fd = open_client();
	ssize_t n;

	(void)state;
	begin_session();
	for (int i = 0; i < 1000; i++)
		put(fd, "{\"command\":\"sessions\"}\n");
	later_s += API_WRITE_S - 1;
	lab_pump(&lab);
	put(fd, "{}\n");
	later_s += 2;
	lab_pump(&lab);
	while ((n = recv(fd, text, sizeof(text), 0)) > 0)
		lab_pump(&lab);
	assert_int_equal(n, 0);
	lab_finish(&client);
	close(fd);
}

// More news than the main thread may be given before it can pass them on.
static void test_too_much_news(void **state)
{
	int fd = open_client(), other = open_client();
	struct session_entry *entry;
	struct session_view view;
	uint32_t cursor = 0;

	(void)state;
	json_decref(ask(fd, "{\"command\":\"watch\"}"));
	begin_session();
	json_decref(answer(fd));
	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	entry = session_dir_find(lab.cp.sessions, view.id);
	cp_lock(&lab.cp);
	for (int i = 0; i < 2000; i++)
		api_up(&lab.cp, entry);
	cp_unlock(&lab.cp);
	lab_pump(&lab);
	assert_true(at_end(fd));
	expect_error(other, "{}", COMMANDS);
	json_decref(ask(other, "{\"command\":\"watch\"}"));
	lab_finish(&client);
	lab_pump(&lab);
	json_decref(answer(other));
	close(fd);
	close(other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_line_too_long), TEST(test_too_many_clients), TEST(test_silent_client),
		TEST(test_greedy_client), TEST(test_slow_client),      TEST(test_too_much_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
