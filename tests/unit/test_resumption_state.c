// SPDX-License-Identifier: BSD-3-Clause
// The file over which resumption outlives the program: what is in it at any moment, also when the
// program crashes then, and what becomes of one that is no good.
#include "resumption_state.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sealed_file.h"
#include "unit.h"

#define SESSIONS 300
// Bytes of a file with its origin, and with a revocation behind it.
#define ORIGIN_END  (56 + 4 + 17 + 16)
#define REVOKED_END (ORIGIN_END + 4 + 26 + 16)
#define FAR	    (time(NULL) + 1000)

static char dir[64];
static struct ticket_keys keys;
static struct session_cache *sessions, *revoked;
static struct resumption_state *rs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int __real_sealed_file_add(struct sealed_file *f, const void *record, size_t len);
int __wrap_sealed_file_add(struct sealed_file *f, const void *record, size_t len);
int __real_sealed_file_flush(struct sealed_file *f);
int __wrap_sealed_file_flush(struct sealed_file *f);
int __real_sealed_file_commit(struct sealed_file *f, bool durable);
int __wrap_sealed_file_commit(struct sealed_file *f, bool durable);

// Nobody who looks into the caches waits for the file.
static void check_unlocked(void)
{
	assert_int_equal(pthread_mutex_trylock(&lock), 0);
	pthread_mutex_unlock(&lock);
}

int __wrap_sealed_file_add(struct sealed_file *f, const void *record, size_t len)
{
	check_unlocked();
	return __real_sealed_file_add(f, record, len);
}

int __wrap_sealed_file_flush(struct sealed_file *f)
{
	check_unlocked();
	return __real_sealed_file_flush(f);
}

int __wrap_sealed_file_commit(struct sealed_file *f, bool durable)
{
	check_unlocked();
	return __real_sealed_file_commit(f, durable);
}

static void set_keys(const char *names)
{
	for (keys.nb = 0; names[keys.nb] != '\0'; keys.nb++)
		memset(&keys.key[keys.nb], names[keys.nb], sizeof(keys.key[0]));
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_resumption_state-XXXXXX");
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return -1;
	set_keys("a");
	sessions = session_cache_create(SESSIONS);
	revoked = session_cache_create(SESSIONS);
	rs = NULL;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"f", "f.new", "f.bad", "g", "g.new", "g.bad"};

	(void)state;
	resumption_state_destroy(rs, &keys);
	session_cache_destroy(sessions);
	session_cache_destroy(revoked);
	for (size_t i = 0; i < UNIT_NB(files); i++)
		unlink(files[i]);
	return chdir("/") < 0 || rmdir(dir) < 0;
}

static void start(void)
{
	rs = resumption_state_create("f", &keys, sessions, revoked, &lock);
	assert_non_null(rs);
}

static void stop(void)
{
	resumption_state_destroy(rs, &keys);
	rs = NULL;
	session_cache_clear(sessions);
	session_cache_clear(revoked);
}

static struct session_cache_entry entry_of(uint32_t n, size_t id_len, time_t expires)
{
	struct session_cache_entry entry = {.id_len = (uint8_t)id_len, .expires = expires};

	memcpy(entry.id, &n, sizeof(n));
	return entry;
}

static void put_session(uint32_t n, time_t expires)
{
	struct session_cache_entry entry = entry_of(n, 32, expires);

	entry.value = (const uint8_t *)"a session, in DER";
	entry.value_len = 17;
	assert_int_equal(session_cache_put(sessions, &entry), 0);
}

static void put_revoked(uint32_t n, time_t expires)
{
	struct session_cache_entry entry = entry_of(n, 16, expires);

	assert_int_equal(session_cache_put(revoked, &entry), 0);
	resumption_state_revoked(rs, &entry);
}

static bool has(struct session_cache *cache, uint32_t n)
{
	struct session_cache_entry entry = entry_of(n, cache == sessions ? 32 : 16, 0);

	return session_cache_find(cache, entry.id, entry.id_len, time(NULL)) != NULL;
}

static size_t load(const char *name, uint8_t *bytes, size_t size)
{
	FILE *f = fopen(name, "r");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, size, f);
	fclose(f);
	return len;
}

static void store(const char *name, const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void test_kept(void **state)
{
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN];

	(void)state;
	start();
	memcpy(origin, resumption_state_origin(rs), sizeof(origin));
	for (uint32_t n = 0; n < SESSIONS; n++) {
		put_session(n, n % 3 == 0 ? time(NULL) : FAR);
		put_revoked(n, n % 4 == 0 ? time(NULL) : FAR);
	}
	for (int turn = 0; turn < 3; turn++) {
		stop();
		start();
		assert_memory_equal(resumption_state_origin(rs), origin, sizeof(origin));
		for (uint32_t n = 0; n < SESSIONS; n++) {
			unit_check(n, has(sessions, n) == (n % 3 != 0));
			unit_check(n, has(revoked, n) == (n % 4 != 0));
		}
	}
}

// Without room for sessions, or with less than there was.
static void test_less_room(void **state)
{
	(void)state;
	start();
	for (uint32_t n = 0; n < SESSIONS; n++)
		put_session(n, FAR);
	put_revoked(1, FAR);
	stop();
	session_cache_destroy(sessions);
	sessions = session_cache_create(10);
	start();
	assert_int_equal(session_cache_count(sessions), 10);
	assert_true(has(sessions, SESSIONS - 1));
	stop();
	rs = resumption_state_create("f", &keys, NULL, revoked, &lock);
	assert_non_null(rs);
	assert_true(has(revoked, 1));
	assert_false(resumption_state_step(rs, &keys));
}

// What a program that starts now on a copy of the file would know.
static void check_crash(uint32_t revocations, uint32_t least_sessions)
{
	struct session_cache *s = session_cache_create(SESSIONS);
	struct session_cache *r = session_cache_create(SESSIONS);
	time_t forgotten = session_cache_forgotten(revoked);
	static uint8_t bytes[1 << 20];
	struct resumption_state *other;

	store("g", bytes, load("f", bytes, sizeof(bytes)));
	other = resumption_state_create("g", &keys, s, r, &lock);
	assert_non_null(other);
	assert_memory_equal(resumption_state_origin(other), resumption_state_origin(rs),
			    SESSION_STAMP_ORIGIN_LEN);
	assert_int_equal(session_cache_count(r), revocations);
	assert_true(session_cache_count(s) >= least_sessions);
	assert_int_equal(session_cache_forgotten(r), forgotten);
	resumption_state_destroy(other, &keys);
	session_cache_destroy(s);
	session_cache_destroy(r);
}

// At whatever moment the program crashes, the file has every revocation.
static void test_crash(void **state)
{
	uint32_t n = 0, steps = 0, before;

	(void)state;
	start();
	for (uint32_t i = 0; i < SESSIONS; i++)
		put_session(i, FAR);
	for (; n < 100; n++) {
		put_revoked(n, FAR);
		check_crash(n + 1, 0);
	}
	while (resumption_state_step(rs, &keys)) {
		steps++;
		check_crash(n, 0);
		put_revoked(n++, FAR);
		check_crash(n, 0);
	}
	before = n;
	assert_int_equal(steps, (SESSIONS + n) / RESUMPTION_STATE_STEP);
	check_crash(n, SESSIONS);
	for (; n < before + 10; n++) {
		put_revoked(n, FAR);
		check_crash(n + 1, SESSIONS);
	}
	while (resumption_state_step(rs, &keys))
		continue;
	assert_false(resumption_state_step(rs, &keys)); // nothing has changed
	assert_int_equal(access("f.new", F_OK), -1);
	put_session(SESSIONS, FAR);
	assert_true(resumption_state_step(rs, &keys));
	assert_int_equal(access("f.new", F_OK), 0);
}

// Nor is any revocation lost that the list has no room for: at whatever moment the program crashes,
// the file says up to when sessions may not be resumed, or still has it.
static void test_forgotten(void **state)
{
	time_t far = FAR;
	uint32_t n = 0, end = SESSIONS;

	(void)state;
	start();
	for (uint32_t i = 0; i < SESSIONS; i++)
		put_session(i, far);
	for (; n < SESSIONS; n++)
		put_revoked(n, far + n / 4);
	check_crash(SESSIONS, 0);
	for (; n < end + 9; n++) {
		put_revoked(n, far + n / 4);
		assert_int_equal(session_cache_forgotten(revoked), far + (n - SESSIONS) / 4);
		check_crash(SESSIONS, 0);
	}
	while (resumption_state_step(rs, &keys)) {
		check_crash(SESSIONS, 0);
		for (end = n + 9; n < end; n++)
			put_revoked(n, far + n / 4);
		check_crash(SESSIONS, 0);
	}
	check_crash(SESSIONS, SESSIONS);
	for (int turn = 0; turn < 2; turn++) {
		stop();
		start();
		assert_int_equal(session_cache_forgotten(revoked), far + (n - 1 - SESSIONS) / 4);
		assert_int_equal(session_cache_count(revoked), SESSIONS);
	}
	stop();
	unlink("f"); // with it no session belongs to the list any more
	start();
	assert_int_equal(session_cache_forgotten(revoked), 0);
}

// A file that is no good, or has gone: nothing of it is used, what older sessions belong to is
// forgotten, and the file is kept aside.
static void test_bad_files(void **state)
{
	static const char *const foreign[] = {"", "x", "dtlsgw-1", "somebody's words\n"};
	static uint8_t bytes[1 << 16], aside[1 << 16];
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN];
	size_t len;

	(void)state;
	start();
	memcpy(origin, resumption_state_origin(rs), sizeof(origin));
	put_session(1, FAR);
	put_revoked(1, FAR);
	stop();
	len = load("f", bytes, sizeof(bytes));
	for (size_t at = 0; at < len + UNIT_NB(foreign) + 1; at++) {
		bool whole = at == len;

		if (at < len) {
			bytes[at] ^= 0x10;
			store("f", bytes, at % 2 == 0 ? len : at);
			bytes[at] ^= 0x10;
			if (at == ORIGIN_END || at == REVOKED_END)
				continue; // cut between two records: like a crash
		} else if (whole) {
			store("f", bytes, len);
		} else {
			store("f", (const uint8_t *)foreign[at - len - 1],
			      strlen(foreign[at - len - 1]));
		}
		unlink("f.bad");
		start();
		unit_check(at, has(sessions, 1) == whole && has(revoked, 1) == whole);
		unit_check(at, (memcmp(resumption_state_origin(rs), origin, 16) == 0) == whole);
		unit_check(at, (access("f.bad", F_OK) == 0) == !whole);
		if (at < len && at % 2 == 0)
			unit_check(at, load("f.bad", aside, sizeof(aside)) == len);
		stop();
	}
}

static void test_missing(void **state)
{
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN];

	(void)state;
	start();
	memcpy(origin, resumption_state_origin(rs), sizeof(origin));
	put_session(1, FAR);
	stop();
	unlink("f");
	start();
	assert_false(has(sessions, 1));
	assert_memory_not_equal(resumption_state_origin(rs), origin, sizeof(origin));
	assert_int_equal(access("f.bad", F_OK), -1);
	stop();
	set_keys("b");
	start(); // sealed with another key
	assert_int_equal(access("f.bad", F_OK), 0);
	stop();
	assert_null(resumption_state_create("no/f", &keys, sessions, revoked, &lock));
	assert_int_equal(errno, ENOENT);
	unlink("f");
	assert_int_equal(symlink("/dev/null", "f"), 0);
	assert_null(resumption_state_create("f", &keys, sessions, revoked, &lock));
	assert_int_equal(errno, ELOOP);
}

static void test_rekey(void **state)
{
	(void)state;
	start();
	for (uint32_t n = 0; n < SESSIONS; n++)
		put_session(n, FAR);
	put_revoked(1, FAR);
	while (resumption_state_step(rs, &keys))
		continue;
	set_keys("ba"); // the file is a's until it is written, and can be read
	resumption_state_rekey(rs, &keys);
	put_revoked(2, FAR);
	check_crash(2, SESSIONS);
	while (resumption_state_step(rs, &keys))
		continue;
	set_keys("b");
	check_crash(2, SESSIONS);
	resumption_state_rekey(rs, &keys);
	set_keys("cd"); // b is gone: the file has to be c's at once
	resumption_state_rekey(rs, &keys);
	check_crash(2, SESSIONS);
	stop();
	start();
	assert_true(has(revoked, 2) && has(sessions, 7));
}

// Whether files cannot grow any more.
static void set_file_limit(bool none)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = none ? 0 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// Where a revocation cannot be written, no file is better than one that lacks it.
static void test_no_room(void **state)
{
	uint8_t origin[SESSION_STAMP_ORIGIN_LEN];

	(void)state;
	start();
	put_session(1, FAR);
	while (resumption_state_step(rs, &keys))
		continue;
	memcpy(origin, resumption_state_origin(rs), sizeof(origin));
	set_file_limit(true);
	put_revoked(1, FAR);
	assert_int_equal(access("f", F_OK), -1);
	assert_false(resumption_state_step(rs, &keys));
	put_revoked(2, FAR);
	set_file_limit(false);
	while (resumption_state_step(rs, &keys))
		continue;
	check_crash(2, 1);
	assert_memory_equal(resumption_state_origin(rs), origin, sizeof(origin));
}

// A stop while the file is being written, or after it could not be, loses nothing.
static void test_stop_between_steps(void **state)
{
	enum { FIRST_STEP, FAILED, REKEYED, REKEY_STEP, REKEY_FAILED, MOMENTS };

	(void)state;
	for (size_t moment = 0; moment < MOMENTS; moment++) {
		bool fails = moment == FAILED || moment == REKEY_FAILED;

		unlink("f");
		set_keys("a");
		start();
		for (uint32_t n = 0; n < SESSIONS; n++)
			put_session(n, FAR);
		while (moment >= REKEYED && resumption_state_step(rs, &keys))
			continue;
		set_file_limit(fails);
		if (moment >= REKEYED) {
			set_keys("ba");
			resumption_state_rekey(rs, &keys);
		}
		if (moment != REKEYED)
			unit_check(moment, resumption_state_step(rs, &keys) == !fails);
		set_file_limit(false);
		stop();
		if (moment >= REKEYED)
			set_keys("b");
		start();
		for (uint32_t n = 0; n < SESSIONS; n++)
			unit_check(moment, has(sessions, n));
		stop();
	}
}

// What could not be written is tried again without another change.
static void test_again(void **state)
{
	(void)state;
	start();
	put_session(1, FAR);
	set_file_limit(true);
	assert_false(resumption_state_step(rs, &keys));
	set_file_limit(false);
	check_crash(0, 0);
	assert_false(resumption_state_step(rs, &keys));
	check_crash(0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(kept),	 TEST(less_room), TEST(crash),
		TEST(forgotten), TEST(bad_files), TEST(missing),
		TEST(rekey),	 TEST(no_room),	  TEST(stop_between_steps),
		TEST(again),
#undef TEST
	};

	return cmocka_run_group_tests_name("resumption_state", tests, NULL, NULL);
}
