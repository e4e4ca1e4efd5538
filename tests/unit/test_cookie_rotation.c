// SPDX-License-Identifier: BSD-3-Clause
// Cookie secrets over time.  The test lets the timer of cp->base fire; nothing sleeps.
#include "cookie_rotation.h"

#include "cookie.h"
#include "unit.h"

#define LIFETIME_S 77

static struct config config = {.cookie_lifetime_s = LIFETIME_S};
static struct dp dp = {.config = &config};
static struct cp cp = {.dp = &dp, .config = &config};

static const struct flow_key flow = {.remote_port = 0x1234, .local_port = 0x5111};
static const uint8_t version[34] = {0xfe, 0xfd, 1, 2, 3};

static int set_up(void **state)
{
	(void)state;
	cp.base = event_base_new();
	cp.aead = aead_create();
	cp.cookies = cookie_rotation_create(&cp);
	return cp.cookies != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	cookie_rotation_destroy(cp.cookies);
	assert_null(atomic_load(&dp.cookie));
	aead_destroy(cp.aead);
	event_base_free(cp.base);
	return 0;
}

// A client's cookie from the secrets of now, or whether the given one is good now.
static bool cookie(uint8_t made[static COOKIE_LEN], bool check)
{
	struct cookie_op op = {.flow = &flow, .hello = {.version = version}};

	if (check) {
		op.hello.cookie = made;
		op.hello.cookie_len = COOKIE_LEN;
	}
	cookie_burst(cp.aead, atomic_load(&dp.cookie), &op, 1);
	if (!check)
		memcpy(made, op.cookie, COOKIE_LEN);
	return op.good;
}

static int take_event(const struct event_base *base, const struct event *event, void *arg)
{
	(void)base;
	*(const struct event **)arg = event;
	return 0;
}

// The one timer; checks that it is due after a lifetime from now.
static struct event *timer(void)
{
	struct event *event = NULL;
	struct timeval due, now;

	event_base_foreach_event(cp.base, take_event, &event);
	assert_non_null(event);
	assert_true(event_pending(event, EV_TIMEOUT, &due));
	gettimeofday(&now, NULL);
	assert_in_range(due.tv_sec, now.tv_sec + LIFETIME_S - 30, now.tv_sec + LIFETIME_S + 1);
	return event;
}

static void rotate(void)
{
	event_active(timer(), 0, 1); // EV_TIMEOUT would count the next lifetime from the old end
	event_base_loop(cp.base, EVLOOP_NONBLOCK);
}

// A cookie is good for one to two lifetimes, and each is made with a secret of its own.
static void cookies_live_for_two_secrets(void **state)
{
	uint8_t made[8][COOKIE_LEN];

	(void)state;
	for (size_t now = 0; now < UNIT_NB(made); now++) {
		cookie(made[now], false);
		for (size_t then = 0; then <= now; then++)
			unit_check(now, cookie(made[then], true) == (now - then < 2));
		rotate();
	}
}

// What lcores still read in the poll in which it is replaced stays as it is.
static void the_replaced_secrets_stay(void **state)
{
	const struct cookie_secrets *old = atomic_load(&dp.cookie);
	struct cookie_secrets copy = *old;

	(void)state;
	rotate();
	assert_ptr_not_equal(atomic_load(&dp.cookie), old);
	assert_memory_equal(old, &copy, sizeof(copy));
	assert_memory_equal(&atomic_load(&dp.cookie)->secret[1], &copy.secret[0],
			    sizeof(copy.secret[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cookies_live_for_two_secrets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_replaced_secrets_stay, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
