// SPDX-License-Identifier: BSD-3-Clause
// A start that fails leaves nothing behind that a telemetry client could reach.
#include "telemetry.h"

#include <errno.h>
#include <rte_telemetry.h>

#include "unit.h"

#define COMMANDS 6

static telemetry_cb command[COMMANDS];
static unsigned int command_nb;
static unsigned int room; // commands that EAL still takes

// In place of EAL's.
int rte_telemetry_register_cmd(const char *cmd, telemetry_cb fn, const char *help)
{
	(void)cmd;
	(void)help;
	if (command_nb == room)
		return -ENOMEM;
	assert_true(command_nb < COMMANDS);
	command[command_nb++] = fn;
	return 0;
}

static int ask(telemetry_cb fn)
{
	struct rte_tel_data *d = rte_tel_data_alloc();
	int ret;

	assert_non_null(d);
	ret = fn("/dtlsgw", "lcore=0", d);
	rte_tel_data_free(d);
	return ret;
}

static void lets_go_after_a_failure(void **state)
{
	static struct config config;
	static struct dp dp = {.config = &config};
	static struct cp cp = {.dp = &dp, .config = &config};

	(void)state;
	pthread_mutex_init(&cp.lock, NULL);
	for (room = 0; room < COMMANDS; room++) {
		command_nb = 0;
		assert_int_equal(telemetry_start(&cp), -ENOMEM);
		for (unsigned int i = 0; i < command_nb; i++)
			assert_int_equal(ask(command[i]), -EBUSY);
	}
	command_nb = 0;
	assert_int_equal(telemetry_start(&cp), 0);
	assert_int_equal(ask(command[0]), -EINVAL); // there is no lcore 0
	telemetry_stop();
	assert_int_equal(ask(command[0]), -EBUSY);
	pthread_mutex_destroy(&cp.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lets_go_after_a_failure)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
