// SPDX-License-Identifier: BSD-3-Clause
#include "keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <rte_errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char dir[] = "/tmp/dtlsgw-keylog-XXXXXX";
static char file[64], other[64];

static int set_up(void **state)
{
	(void)state;
	memcpy(strstr(dir, "keylog-") + 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/keys", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	return rmdir(dir);
}

static void write_line(const char *line)
{
	struct keylog *keylog = keylog_create(file);

	assert_non_null(keylog);
	keylog_write(keylog, line);
	keylog_destroy(keylog);
}

static void test_append(void **state)
{
	char text[64] = "";
	struct stat st;
	FILE *f;

	(void)state;
	umask(0);
	write_line("CLIENT_RANDOM 01 02");
	assert_int_equal(chmod(file, 0644), 0);
	write_line("CLIENT_RANDOM 03 04");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	f = fopen(file, "r");
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), 40);
	fclose(f);
	assert_string_equal(text, "CLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 04\n");
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(close(open(other, O_CREAT | O_WRONLY, 0644)), 0);
	assert_int_equal(symlink(other, file), 0);
	assert_null(keylog_create(file));
	assert_int_equal(rte_errno, ELOOP);
	unlink(file);
	assert_int_equal(link(other, file), 0);
	assert_null(keylog_create(file));
	assert_int_equal(rte_errno, EPERM);
	unlink(file);
	if (geteuid() == 0) {
		assert_int_equal(chown(other, 1, 1), 0);
		assert_null(keylog_create(other));
		assert_int_equal(rte_errno, EPERM);
	}
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_null(keylog_create(file));
	assert_int_equal(rte_errno, ENXIO);
	assert_null(keylog_create(dir));
	assert_int_equal(rte_errno, EISDIR);
	assert_null(keylog_create("/nowhere/keys"));
	assert_int_equal(rte_errno, ENOENT);
	assert_null(keylog_create("/dev/null"));
	assert_int_equal(rte_errno, EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("keylog", tests, NULL, NULL);
}
