// SPDX-License-Identifier: BSD-3-Clause
// Every kind of handshake that comes to nothing: what the client hears, what is counted, what
// stands in the log, and that nothing is left behind.
#include "failure.h"

#include <rte_cycles.h>

#include "hs_table.h"
#include "unit.h"

#define LOG_BURST 15 // lines that surely get through the limit at once, and a second

static FILE *log_stream;
static char *log_text;
static size_t log_len;
static uint64_t log_lines;

static int set_up(void **state)
{
	(void)state;
	log_stream = open_memstream(&log_text, &log_len);
	assert_non_null(log_stream);
	failure_start();
	assert_int_equal(rte_openlog_stream(log_stream), 0);
	rte_log_set_global_level(RTE_LOG_NOTICE); // EAL was started with less
	assert_int_equal(rte_log_set_level(log_cp, RTE_LOG_NOTICE), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rte_openlog_stream(NULL);
	fclose(log_stream);
	free(log_text);
	failure_stop();
	return 0;
}

// True if text stands in a line since the last call.
static bool logged(const char *text)
{
	static size_t from;
	bool found;

	fflush(log_stream);
	found = text == NULL || strstr(log_text + from, text) != NULL;
	if (!found)
		print_message("%s\n", log_text + from);
	for (; from < log_len; from++)
		log_lines += log_text[from] == '\n';
	return found;
}

// The gateway writes 20 lines at once, then 5 a second: waits until it may write again.
static void wait_for_log(void)
{
	static uint64_t begin_tsc;

	if (begin_tsc == 0)
		begin_tsc = rte_rdtsc();
	while (log_lines > LOG_BURST + 4 * (rte_rdtsc() - begin_tsc) / rte_get_tsc_hz())
		lab_wait(&failure_lab);
}

static uint64_t counter(const struct failure *f)
{
	const char *stats = (const char *)lab_stats(&failure_lab);

	if (f->counter == FAILURE_NO_COUNTER)
		return 0;
	return *(const uint64_t *)(const void *)(stats + f->counter);
}

static uint64_t drops(const struct failure *f)
{
	return f->drop < 0 ? 0 : rig_drops(&failure_lab.rig, (enum drop)f->drop);
}

static void test_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < failure_nb; i++) {
		const struct failure *f = &failures[i];
		uint64_t completed = lab_stats(&failure_lab)->completed;
		uint64_t counted = counter(f), dropped = drops(f);
		int alert;

		wait_for_log();
		alert = f->run();
		print_message("%s: alert %d\n", f->name, alert);

		assert_int_equal(alert, f->alert);
		assert_true(f->counter == FAILURE_NO_COUNTER || counter(f) > counted);
		assert_true(f->drop < 0 || drops(f) > dropped);
		assert_true(logged(f->log));
		assert_int_equal(lab_stats(&failure_lab)->completed, completed);
		lab_check_idle(&failure_lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
