// SPDX-License-Identifier: BSD-3-Clause
// Threads that revoke sessions while the main thread writes the file of them and changes its keys.
// Run under ThreadSanitizer by tests/run.sh tsan.
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "config.h"
#include "resumption.h"
#include "resumption_state.h"
#include "session_cache.h"
#include "unit.h"

#define THREADS	 3
#define LISTED	 16384 // sessions that there is room for
#define EACH	 6000  // sessions of a thread; all together are more than that
#define RELOADS	 40
#define LIFETIME 1000 // s

static char dir[64];
static struct config config;
static struct event_base *base;
static struct resumption *r;
static time_t now;
static atomic_uint running, revoked_nb;

static void write_keys(const char *digits)
{
	FILE *f = fopen("keys", "w");

	assert_non_null(f);
	for (; *digits != '\0'; digits++) {
		for (int i = 0; i < 160; i++)
			fputc(*digits, f);
		fputc('\n', f);
	}
	fclose(f);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_resumption_threads-XXXXXX");
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return -1;
	write_keys("a");
	config.tickets = true;
	config.ticket_keys = (char *)(uintptr_t) "keys";
	config.state_file = (char *)(uintptr_t) "state";
	config.session_cache = 16;
	config.resumption_lifetime_s = LIFETIME;
	base = event_base_new();
	r = resumption_create(&config, base);
	now = time(NULL);
	return r == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	resumption_destroy(r);
	event_base_free(base);
	unlink("keys");
	unlink("state");
	return chdir("/") < 0 || rmdir(dir) < 0;
}

static struct resumption_tag tag_of(uint32_t thread, uint32_t n)
{
	struct resumption_tag tag = {.expires = now + LIFETIME + n};

	tag.byte[0] = (uint8_t)(thread + 1);
	memcpy(&tag.byte[1], &n, sizeof(n));
	return tag;
}

static void *revoke_each(void *arg)
{
	const uint32_t *thread = arg;
	struct resumption_stats stats;

	for (uint32_t n = 0; n < EACH; n++) {
		struct resumption_tag tag = tag_of(*thread, n);

		resumption_revoke(r, &tag);
		revoked_nb++;
		if (n % 100 == 0)
			resumption_stats(r, &stats);
	}
	running--;
	return NULL;
}

// What the file says: each session is one of the list, or expires with those that are not.
static void check_file(void)
{
	static const struct ticket_keys none;
	struct session_cache *revoked = session_cache_create(LISTED);
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct resumption_state *state;
	struct ticket_keys keys = none;
	char error[256];

	assert_int_equal(ticket_keys_load(&keys, "keys", error, sizeof(error)), 0);
	state = resumption_state_create("state", &keys, NULL, revoked, &lock);
	assert_non_null(state);
	assert_int_equal(session_cache_count(revoked), LISTED);
	for (uint32_t i = 0; i < THREADS * EACH; i++) {
		struct resumption_tag tag = tag_of(i / EACH, i % EACH);

		unit_check(i,
			   session_cache_find(revoked, tag.byte, sizeof(tag.byte), now) != NULL ||
				   tag.expires <= session_cache_forgotten(revoked));
	}
	assert_true(session_cache_forgotten(revoked) < now + LIFETIME + EACH);
	resumption_state_destroy(state, &keys);
	session_cache_destroy(revoked);
}

static void test_revoke(void **state)
{
	static const char *const keys[] = {"ba", "cb", "ac"};
	pthread_t thread[THREADS];
	uint32_t number[THREADS];
	struct resumption_stats stats;
	unsigned int reloads = 0;

	(void)state;
	running = THREADS;
	for (uint32_t i = 0; i < THREADS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, revoke_each, &number[i]), 0);
	}
	while (running > 0) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (revoked_nb / (THREADS * EACH / RELOADS) > reloads) {
			write_keys(keys[reloads++ % UNIT_NB(keys)]);
			resumption_reload(r);
		}
	}
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	resumption_stats(r, &stats);
	assert_int_equal(stats.revoked, THREADS * EACH);
	assert_int_equal(stats.revoked_listed, LISTED);
	assert_true(stats.revoked_full > 0);
	resumption_destroy(r);
	r = NULL;
	check_file();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_revoke, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("resumption_threads", tests, NULL, NULL);
}
