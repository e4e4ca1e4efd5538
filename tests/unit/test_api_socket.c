// SPDX-License-Identifier: BSD-3-Clause
// The control socket's place: who may connect, and what was there before.
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "api_socket.h"
#include "unit.h"

static struct lab lab;

static void edit(struct lab *l)
{
	l->rig.config.control_socket = lab_file(l, "control", "");
	unlink(l->rig.config.control_socket);
}

static void edit_group(struct lab *l)
{
	edit(l);
	l->rig.config.control_group_rw = true;
	l->rig.config.control_group = (char *)(uintptr_t) "daemon";
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

static int set_up_group(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit_group);
	return 0;
}

static int set_up_off(void **state)
{
	(void)state;
	lab_start(&lab);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	return 0;
}

static const char *path(void)
{
	return lab.rig.config.control_socket;
}

static void test_off(void **state)
{
	(void)state;
	assert_null(lab.rig.config.control_socket);
	assert_null(lab.cp.api);
}

static void expect_mode(mode_t mode, gid_t gid)
{
	struct stat st;

	assert_int_equal(lstat(path(), &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, mode);
	assert_int_equal(st.st_gid, gid);
}

static void test_mode(void **state)
{
	(void)state;
	expect_mode(0600, getegid());
}

static void test_group_mode(void **state)
{
	(void)state;
	expect_mode(0660, getgrnam("daemon")->gr_gid);
}

// What is already there when the gateway starts.
static void test_place(void **state)
{
	struct config *config = &lab.rig.config;
	struct api_socket s;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(api_socket_open(&s, config), -EADDRINUSE); // the lab's own
	api_destroy(lab.cp.api);
	assert_int_equal(lstat(path(), &st), -1);

	fd = api_socket_open(&s, config); // nobody listens
	close(fd);
	fd = api_socket_open(&s, config); // a stale one
	assert_true(fd >= 0);
	api_socket_remove(&s);
	assert_int_equal(lstat(path(), &st), -1);
	close(fd);

	assert_int_equal(symlink("/dev/null", path()), 0);
	assert_int_equal(api_socket_open(&s, config), -EEXIST);
	assert_int_equal(lstat(path(), &st), 0);
	unlink(path());

	fd = open(path(), O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "keep", 4), 4);
	close(fd);
	assert_int_equal(api_socket_open(&s, config), -EEXIST);
	assert_int_equal(stat(path(), &st), 0);
	assert_int_equal(st.st_size, 4);
	api_socket_remove(&s); // not what it made
	assert_int_equal(stat(path(), &st), 0);
	unlink(path());

	lab.cp.api = api_create(&lab.cp);
	assert_non_null(lab.cp.api);
}

static void test_bad_place(void **state)
{
	static struct config config;
	struct api_socket s;
	char text[200];
	struct stat st;

	(void)state;
	config.control_user = (char *)(uintptr_t) "no such user";
	config.control_socket = (char *)(uintptr_t) "/nowhere/control";
	assert_int_equal(api_socket_open(&s, &config), -ENOENT);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	config.control_socket = text;
	assert_int_equal(api_socket_open(&s, &config), -ENAMETOOLONG);
	snprintf(text, sizeof(text), "%s/other", lab.dir);
	assert_int_equal(api_socket_open(&s, &config), -ENOENT);
	assert_int_equal(lstat(text, &st), -1); // and nothing left
}

#define TEST(f, set_up) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off, set_up_off),	     TEST(test_mode, set_up),
		TEST(test_group_mode, set_up_group), TEST(test_place, set_up),
		TEST(test_bad_place, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
