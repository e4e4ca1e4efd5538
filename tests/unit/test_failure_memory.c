// SPDX-License-Identifier: BSD-3-Clause
// 10,000 handshakes that come to nothing, of mixed kinds: memory, pools, files, counters and what
// their address has are what they were.
#include "failure.h"

#include <dirent.h>
#include <malloc.h>
#include <rte_cycles.h>
#include <rte_malloc.h>
#include <unistd.h>

#include "hs_table.h"
#include "unit.h"

#define WARM_UP	 10 // rounds of every kind; what is made once and kept is there then
#define FAILURES 10000
// Bytes.  Every kind comes some 400 times, and no object of malloc() takes less than 32 bytes, so
// that a kind which leaves a single one behind each time leaves more than 12,000.
#define TOLERANCE 4096

// Everything that handshakes can take and not give back.
struct holdings {
	size_t heap;	    // bytes of malloc()
	size_t huge;	    // bytes of rte_malloc()
	unsigned int files; // open
};

static struct holdings holdings_now(void)
{
	struct holdings h = {.heap = mallinfo2().uordblks};
	struct rte_malloc_socket_stats stats;
	DIR *files = opendir("/proc/self/fd");

	assert_non_null(files);
	while (readdir(files) != NULL)
		h.files++;
	closedir(files);
	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	h.huge = stats.heap_allocsz_bytes;
	return h;
}

static int set_up(void **state)
{
	(void)state;
	failure_start();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	failure_stop();
	return 0;
}

static uint64_t ended(void)
{
	const struct handshake_stats *hs = lab_stats(&failure_lab);

	return hs->failed + hs->expired + hs->replaced;
}

// Every kind in turn, and each as it has to be.
static void run(size_t nb)
{
	for (size_t i = 0; i < nb; i++) {
		const struct failure *f = &failures[i % failure_nb];

		int alert = f->run();

		if (alert != f->alert)
			fail_msg("%s, failure %zu: alert %d, not %d", f->name, i, alert, f->alert);
	}
	failure_lab.backend.nb = 0;
	lab_check_idle(&failure_lab);
}

static void test_memory(void **state)
{
	struct holdings before, after;
	uint64_t completed, failed;

	(void)state;
	run(WARM_UP * failure_nb);
	completed = lab_stats(&failure_lab)->completed;
	failed = ended();
	before = holdings_now();
	run(FAILURES);
	after = holdings_now();
	assert_true(failure_lab.cp.config->half_open_per_address > 0); // or nothing was counted
	assert_true(failure_lab.cp.config->sessions_per_address > 0);
	assert_true(hs_quota_is_empty(&failure_lab.cp.quota));
	print_message("%" PRIu64
		      " failures of %zu kinds: malloc %zu to %zu, rte_malloc %zu to %zu, "
		      "files %u to %u\n",
		      ended() - failed, failure_nb, before.heap, after.heap, before.huge,
		      after.huge, before.files, after.files);
	assert_true(ended() - failed >= FAILURES - FAILURES / failure_nb - 1); // one starts nothing
	assert_int_equal(lab_stats(&failure_lab)->completed, completed);
	assert_true(after.heap <= before.heap + TOLERANCE);
	assert_int_equal(after.huge, before.huge);
	assert_int_equal(after.files, before.files);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
	};

	(void)argc;
	// Or freed chunks in the thread's cache count as used, and how many there are varies.
	if (setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0) == 0 &&
	    getenv("FAILURE_MEMORY") == NULL && setenv("FAILURE_MEMORY", "again", 1) == 0)
		execv("/proc/self/exe", argv);
	return cmocka_run_group_tests_name("failure_memory", tests, NULL, NULL);
}
