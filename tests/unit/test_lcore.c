// SPDX-License-Identifier: BSD-3-Clause

// lcore_run() with `poll: adaptive` and `busy`: when it sleeps, and for how long.
#include <pthread.h>
#include <unistd.h>

#include "rig.h"
#include "unit.h"

#define SLEEPS 100

static struct rig rig;
static unsigned int sleeps, us_max;
static uint64_t polls; // before the first sleep

int __wrap_usleep(useconds_t us);

// Does not sleep, and stops the lcore after so many calls.
int __wrap_usleep(useconds_t us)
{
	if (sleeps++ == 0)
		polls = dp_lcore(rig.dp, 0)->stats.polls;
	us_max = RTE_MAX(us_max, us);
	if (sleeps == SLEEPS)
		atomic_store(&rig.dp->stop, true);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	sleeps = us_max = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

// Sleeps of at most 100 us as long as the last packet is not long ago.
static void an_idle_lcore_sleeps(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);

	(void)state;
	rig.config.poll_adaptive = true;
	lc->second_tsc = UINT64_MAX / 1000; // so that 100 ms do not go by
	lcore_run(lc);
	assert_int_equal(sleeps, SLEEPS);
	assert_in_range(us_max, 1, 100);
	assert_in_range(polls, 256, 1024);
}

static void a_resting_lcore_sleeps_longer(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);

	(void)state;
	rig.config.poll_adaptive = true;
	lc->second_tsc = 1000; // 100 ms are over at once
	lcore_run(lc);
	assert_int_equal(sleeps, SLEEPS);
	assert_in_range(us_max, 101, 1000);
}

static void *run(void *lc)
{
	lcore_run(lc);
	return NULL;
}

static void a_busy_lcore_never_sleeps(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);
	pthread_t thread;

	(void)state;
	rig.config.poll_adaptive = false;
	assert_int_equal(pthread_create(&thread, NULL, run, lc), 0);
	while (*(volatile uint64_t *)&lc->stats.polls < 4096)
		sched_yield();
	atomic_store(&rig.dp->stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(sleeps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_idle_lcore_sleeps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_resting_lcore_sleeps_longer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_busy_lcore_never_sleeps, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("lcore", tests, NULL, NULL);
}
