// SPDX-License-Identifier: BSD-3-Clause
// Sessions that outlive the gateway, and those that must not.
#include "resume.h"

#include <unistd.h>

#include "dtls.h"

static const uint64_t ways[] = {0, SSL_OP_NO_TICKET}; // by ticket, by session id

static char dir[64]; // outlives the lab's
static char state_file[80], saved_file[80], bad_file[80];
static const char *keys;
static bool with_state;

static void edit(struct lab *l)
{
	char text[512];
	size_t len = 0;

	configure(l);
	for (const char *digit = keys; *digit != '\0'; digit++, len += 161) {
		memset(text + len, *digit, 160);
		text[len + 160] = '\n';
	}
	text[len] = '\0';
	l->rig.config.ticket_keys = lab_file(l, "tickets", text);
	l->rig.config.state_file = with_state ? state_file : NULL;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_resumption_restart-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(state_file, sizeof(state_file), "%s/state", dir);
	snprintf(saved_file, sizeof(saved_file), "%s/saved", dir);
	snprintf(bad_file, sizeof(bad_file), "%s/state.bad", dir);
	keys = "a";
	with_state = true;
	lab_start_edited(&lab, edit);
	return 0;
}

static int tear_down_all(void **state)
{
	tear_down(state);
	unlink(state_file);
	unlink(saved_file);
	unlink(bad_file);
	return rmdir(dir);
}

static void restart(void)
{
	lab_stop(&lab);
	lab_start_edited(&lab, edit);
}

static void copy(const char *from, const char *to)
{
	static char bytes[1 << 21];
	FILE *f = fopen(from, "r");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	f = fopen(to, "w");
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

// As if the gateway ended without a word: the next one finds the file as it is now.
static void crash(void)
{
	copy(state_file, saved_file);
	lab_stop(&lab);
	copy(saved_file, state_file);
	lab_start_edited(&lab, edit);
}

static SSL_SESSION *take(void)
{
	SSL_SESSION *session = saved;

	saved = NULL;
	return session;
}

static void put(SSL_SESSION *session)
{
	SSL_SESSION_free(saved);
	saved = session;
}

// Ends a session by a fatal alert, and keeps it.
static void end_by_alert(uint64_t options)
{
	static const uint8_t alert[] = {DTLS_ALERT_FATAL, DTLS_ALERT_INTERNAL_ERROR};
	uint8_t bytes[64];

	start(LAB_ECDSA, options);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_inject(&client, bytes,
		   lab_seal_as(&client, DTLS_ALERT, 50, alert, sizeof(alert), bytes));
	lab_check_idle(&lab);
	save();
	SSL_set_shutdown(client.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	lab_client_stop(&client);
}

static void test_kept(void **state)
{
	SSL_SESSION *session[UNIT_NB(ways)];

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		assert_false(associate(LAB_ECDSA, ways[way]));
		session[way] = take();
	}
	for (int n = 0; n < 2; n++) {
		restart();
		for (size_t way = 0; way < UNIT_NB(ways); way++) {
			put(session[way]);
			unit_check(way, associate(LAB_ECDSA, ways[way]));
			session[way] = take();
		}
	}
	keys = "ba"; // rotated meanwhile
	restart();
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		put(session[way]);
		unit_check(way, associate(LAB_ECDSA, ways[way]));
		session[way] = take();
	}
	keys = "cb"; // the file is b's by now, and so are the tickets
	restart();
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		put(session[way]);
		unit_check(way, associate(LAB_ECDSA, ways[way]));
	}
}

static void test_revoked(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		for (int crashes = 0; crashes < 2; crashes++) {
			SSL_SESSION *good;

			put(NULL);
			assert_false(associate(LAB_ECDSA, 0));
			good = take();
			end_by_alert(ways[way]);
			if (crashes)
				crash();
			else
				restart();
			unit_check(way, !associate(LAB_ECDSA, ways[way]));
			put(good);
			unit_check(way, associate(LAB_ECDSA, 0));
		}
	}
}

// Also if, before or after the gateway has started again, so many others end like that that the
// list has no room for it.
static void test_revoked_among_many(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		for (int n = 0; n < 3; n++) {
			put(NULL);
			assert_false(associate(LAB_ECDSA, 0));
			end_by_alert(ways[way]);
			if (n != 1)
				end_others(REVOKED, LIFETIME);
			if (n == 2)
				crash();
			else
				restart();
			if (n == 1)
				end_others(REVOKED, LIFETIME);
			unit_check(n, !associate(LAB_ECDSA, ways[way]));
		}
	}
}

// Without the file, or with one that is no good, nobody knows what was revoked.
static void test_no_file(void **state)
{
	static const char *const instead[] = {NULL, "", "no file of ours\n"};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(instead); i++) {
		for (size_t way = 0; way < UNIT_NB(ways); way++) {
			put(NULL);
			assert_false(associate(LAB_ECDSA, ways[way]));
			lab_stop(&lab);
			unlink(state_file);
			if (instead[i] != NULL) {
				FILE *f = fopen(state_file, "w");

				fputs(instead[i], f);
				fclose(f);
			}
			lab_start_edited(&lab, edit);
			unit_check(i, !associate(LAB_ECDSA, ways[way]));
			unit_check(i, associate(LAB_ECDSA, ways[way]));
		}
	}
}

// Tickets from the time without the file, and then with it.
static void test_turned_on(void **state)
{
	(void)state;
	with_state = false;
	restart();
	assert_false(associate(LAB_ECDSA, 0));
	restart();
	assert_true(associate(LAB_ECDSA, 0));
	with_state = true;
	restart();
	assert_false(associate(LAB_ECDSA, 0));
	assert_true(associate(LAB_ECDSA, 0));
	with_state = false;
	restart();
	assert_false(associate(LAB_ECDSA, 0));
}

// The gateway writes the file while it runs, too.
static void test_written_meanwhile(void **state)
{
	(void)state;
	assert_false(associate(LAB_ECDSA, SSL_OP_NO_TICKET));
	cp_reload(&lab.cp); // begins to write
	for (int n = 0; n < 20; n++) {
		lab_wait(&lab);
		lab_pump(&lab);
	}
	crash();
	assert_true(associate(LAB_ECDSA, SSL_OP_NO_TICKET));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down_all)
		TEST(kept),    TEST(revoked),	TEST(revoked_among_many),
		TEST(no_file), TEST(turned_on), TEST(written_meanwhile),
#undef TEST
	};

	return cmocka_run_group_tests_name("resumption_restart", tests, NULL, NULL);
}
