// SPDX-License-Identifier: BSD-3-Clause
// A start that fails leaves nothing behind that a telemetry client could reach; what a device says
// of itself stands with its port.
#include "telemetry.h"

#include <errno.h>
#include <inttypes.h>
#include <rte_ethdev.h>
#include <rte_telemetry.h>
#include <rte_version.h>
#include <stdlib.h>

#include "session_dir.h"
#include "unit.h"

#define COMMANDS	 7
#define PORT_ID		 5
#define SESSIONS	 300
#define SLOTS		 1000
#define SESSIONS_COMMAND 2 // index

#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define DICT_ADD rte_tel_data_add_dict_uint
#else
#define DICT_ADD rte_tel_data_add_dict_u64
#endif

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

static struct {
	const char *name;
	uint64_t value;
} answer[32];
static unsigned int answer_nb;

// In place of EAL's, which nobody can read.
int DICT_ADD(struct rte_tel_data *d, const char *name, uint64_t value)
{
	(void)d;
	assert_true(answer_nb < UNIT_NB(answer));
	answer[answer_nb].name = name;
	answer[answer_nb++].value = value;
	return 0;
}

static struct cp *listed; // whose sessions are listed
static unsigned int list_nb;
static uint64_t list_ids; // sum

// In place of EAL's.  Nobody waits for the lock while a list is printed.
int rte_tel_data_add_array_string(struct rte_tel_data *d, const char *text)
{
	(void)d;
	assert_int_equal(pthread_mutex_trylock(&listed->lock), 0);
	cp_unlock(listed);
	list_nb++;
	list_ids += strtoull(text, NULL, 10);
	return 0;
}

static char next[32]; // of the answer, ""

// In place of EAL's.
int rte_tel_data_add_dict_string(struct rte_tel_data *d, const char *name, const char *text)
{
	(void)d;
	if (strcmp(name, "next") == 0)
		snprintf(next, sizeof(next), "%s", text);
	return 0;
}

static int stats_rc;

// In place of ethdev's.
int rte_eth_stats_get(uint16_t port_id, struct rte_eth_stats *stats)
{
	assert_int_equal(port_id, PORT_ID);
	*stats = (struct rte_eth_stats){
		.imissed = 11, .rx_nombuf = 12, .ierrors = 13, .oerrors = 14};
	return stats_rc;
}

static int ask(telemetry_cb fn, const char *params)
{
	struct rte_tel_data *d = rte_tel_data_alloc();
	int ret;

	assert_non_null(d);
	answer_nb = 0;
	next[0] = '\0';
	ret = fn("/dtlsgw", params, d);
	rte_tel_data_free(d);
	return ret;
}

// The answer has this number, or with value 0 none of this name.
static void expect(const char *name, uint64_t value)
{
	uint64_t got = 0;

	for (unsigned int i = 0; i < answer_nb; i++)
		if (strcmp(answer[i].name, name) == 0)
			got = answer[i].value;
	assert_int_equal(got, value);
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
			assert_int_equal(ask(command[i], "lcore=0"), -EBUSY);
	}
	command_nb = 0;
	assert_int_equal(telemetry_start(&cp), 0);
	assert_int_equal(ask(command[0], "lcore=0"), -EINVAL); // there is no lcore 0
	telemetry_stop();
	assert_int_equal(ask(command[0], "lcore=0"), -EBUSY);
	pthread_mutex_destroy(&cp.lock);
}

static void shows_what_devices_drop(void **state)
{
	static struct config config = {.port_nb = 1, .port = {{.name = "outside"}}};
	static struct dp dp = {.config = &config, .port_id = {PORT_ID}, .lcore_nb = 1};
	static struct stats stats = {.port = {{.rx_packets = 7}}};
	static struct cp cp = {.dp = &dp, .config = &config};

	(void)state;
	dp.stats[0] = &stats;
	pthread_mutex_init(&cp.lock, NULL);
	room = COMMANDS;
	command_nb = 0;
	assert_int_equal(telemetry_start(&cp), 0);
	assert_int_equal(ask(command[0], "port=outside"), 0);
	expect("rx_packets", 7);
	expect("rx_missed", 11);
	expect("rx_no_mbuf", 12);
	expect("rx_errors", 13);
	expect("tx_errors", 14);
	stats_rc = -ENOTSUP;
	assert_int_equal(ask(command[0], "port=outside"), 0);
	expect("rx_packets", 7);
	expect("rx_missed", 0);
	telemetry_stop();
	pthread_mutex_destroy(&cp.lock);
}

// Pages of sessions; the lock is somebody else's only for a step of the directory each.
static void lists_sessions(void **state)
{
	static struct config config = {.listener_nb = 1, .listener = {{.name = "main"}}};
	static struct dp dp = {.config = &config};
	static struct cp cp = {.dp = &dp, .config = &config};
	static struct session session[SESSIONS];
	char params[32] = "cursor=0";
	unsigned int pages = 0;
	uint64_t ids = 0;

	(void)state;
	cp.sessions = session_dir_create(SLOTS, 0);
	listed = &cp;
	for (size_t i = 0; i < SESSIONS; i++) {
		session_dir_enter(cp.sessions, &session[i], false)->live = true;
		ids += session[i].id;
	}
	pthread_mutex_init(&cp.lock, NULL);
	room = COMMANDS;
	command_nb = 0;
	assert_int_equal(telemetry_start(&cp), 0);
	do {
		assert_int_equal(ask(command[SESSIONS_COMMAND], params), 0);
		expect("sessions", SESSIONS);
		strcpy(params, next);
		pages++;
	} while (params[0] != '\0');
	assert_int_equal(pages, (SESSIONS + 127) / 128);
	assert_int_equal(list_nb, SESSIONS);
	assert_int_equal(list_ids, ids);
	cp_lock(&cp); // for good
	assert_int_equal(ask(command[SESSIONS_COMMAND], NULL), -EBUSY);
	assert_int_equal(ask(command[SESSIONS_COMMAND], "1"), -EBUSY);
	cp_unlock(&cp);
	assert_int_equal(ask(command[SESSIONS_COMMAND], "1"), -ENOENT);
	snprintf(params, sizeof(params), "%" PRIu64, session[5].id);
	assert_int_equal(ask(command[SESSIONS_COMMAND], params), 0);
	expect("id", session[5].id);
	telemetry_stop();
	pthread_mutex_destroy(&cp.lock);
	session_dir_destroy(cp.sessions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lets_go_after_a_failure),
					   cmocka_unit_test(shows_what_devices_drop),
					   cmocka_unit_test(lists_sessions)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
