// SPDX-License-Identifier: BSD-3-Clause
#include "sealed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define RECORDS 5
#define HEADER	56

static char dir[64];
static struct ticket_keys keys;
static const char *const text[RECORDS] = {"first secret", "2", "the third one", "x",
					  "the last one"};

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_sealed_file-XXXXXX");
	keys.nb = 2;
	memset(&keys.key[0], 0x11, sizeof(keys.key[0]));
	memset(&keys.key[1], 0x22, sizeof(keys.key[1]));
	return mkdtemp(dir) == NULL || chdir(dir) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink("f");
	unlink("f.new");
	rmdir("f");
	return chdir("/") < 0 || rmdir(dir) < 0;
}

static int count(void *arg, const uint8_t *record, size_t len)
{
	unsigned int *nb = arg;

	if (*nb >= RECORDS || len != strlen(text[*nb]) || memcmp(record, text[*nb], len) != 0)
		return -ERANGE;
	++*nb;
	return 0;
}

static int read_all(unsigned int *nb)
{
	*nb = 0;
	return sealed_file_read("f", &keys, count, nb);
}

// Three records before the commit, two behind it.
static void write_all(const struct ticket_key *key)
{
	struct sealed_file *f = sealed_file_create("f", key);

	assert_non_null(f);
	for (int i = 0; i < RECORDS; i++) {
		assert_int_equal(sealed_file_add(f, text[i], strlen(text[i])), 0);
		if (i == 2)
			assert_int_equal(sealed_file_commit(f, true), 0);
	}
	sealed_file_close(f);
}

static size_t load(uint8_t *bytes, size_t size)
{
	FILE *f = fopen("f", "r");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, size, f);
	fclose(f);
	return len;
}

static void store(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen("f", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void test_written(void **state)
{
	struct stat st;
	uint8_t bytes[1024], again[1024];
	unsigned int nb;
	size_t len;

	(void)state;
	store((const uint8_t *)"old", 3);
	write_all(&keys.key[1]);
	assert_int_equal(read_all(&nb), 0);
	assert_int_equal(nb, RECORDS);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access("f.new", F_OK), -1);
	len = load(bytes, sizeof(bytes));
	for (int i = 0; i < RECORDS; i++)
		assert_true(strlen(text[i]) < 4 ||
			    memmem(bytes, len, text[i], strlen(text[i])) == NULL);
	write_all(&keys.key[1]); // the same under the same key: another salt
	assert_int_equal(load(again, sizeof(again)), len);
	assert_memory_not_equal(bytes + HEADER, again + HEADER, 16);
}

// What is there stays until the commit, and after a file that never came to one.
static void test_not_committed(void **state)
{
	struct sealed_file *f;
	unsigned int nb;

	(void)state;
	write_all(&keys.key[0]);
	f = sealed_file_create("f", &keys.key[0]);
	assert_int_equal(sealed_file_add(f, "other", 5), 0);
	assert_int_equal(sealed_file_flush(f), 0);
	assert_int_equal(read_all(&nb), 0);
	assert_int_equal(access("f.new", F_OK), 0);
	sealed_file_close(f);
	assert_int_equal(access("f.new", F_OK), -1);
	assert_int_equal(symlink("f", "f.new"), 0); // somebody's, or of a crash
	write_all(&keys.key[0]);
	assert_int_equal(read_all(&nb), 0);
	assert_int_equal(nb, RECORDS);
	assert_null(sealed_file_create("no/f", &keys.key[0]));
	assert_int_equal(errno, ENOENT);
	f = sealed_file_create("f", &keys.key[0]);
	assert_int_equal(sealed_file_add(f, "", 0), -EMSGSIZE);
	sealed_file_close(f);
	sealed_file_close(NULL);
}

// Bytes reach the file when they are flushed, not when it is closed.
static void test_flushed(void **state)
{
	struct sealed_file *f = sealed_file_create("f", &keys.key[0]);
	unsigned int nb;

	(void)state;
	assert_int_equal(sealed_file_commit(f, false), 0);
	for (int i = 0; i < RECORDS; i++) {
		assert_int_equal(sealed_file_add(f, text[i], strlen(text[i])), 0);
		assert_int_equal(sealed_file_flush(f), 0);
		assert_int_equal(read_all(&nb), 0);
		assert_int_equal(nb, i + 1);
	}
	sealed_file_close(f);
}

static void test_largest(void **state)
{
	static uint8_t record[SEALED_FILE_RECORD_MAX + 1];
	struct sealed_file *f = sealed_file_create("f", &keys.key[0]);
	unsigned int nb = RECORDS; // of what is read, which count() refuses

	(void)state;
	assert_int_equal(sealed_file_add(f, record, sizeof(record)), -EMSGSIZE);
	assert_int_equal(sealed_file_add(f, record, SEALED_FILE_RECORD_MAX), 0);
	assert_int_equal(sealed_file_commit(f, false), 0);
	sealed_file_close(f);
	assert_int_equal(sealed_file_read("f", &keys, count, &nb), -ERANGE); // take()'s own
}

// Any bit, anywhere: some records, and then an error.
static void test_changed(void **state)
{
	uint8_t bytes[1024], changed[1024];
	unsigned int nb;
	size_t len;

	(void)state;
	write_all(&keys.key[0]);
	len = load(bytes, sizeof(bytes));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		int rc;

		memcpy(changed, bytes, len);
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		store(changed, len);
		rc = read_all(&nb);
		unit_check(bit, rc == -EBADMSG || (rc == -ENOKEY && bit / 8 < 24));
		unit_check(bit, nb < RECORDS);
	}
}

// Cut anywhere: whole records only, and an error unless the cut lies between two.
static void test_cut(void **state)
{
	uint8_t bytes[1024];
	size_t len, end = HEADER;
	unsigned int nb, whole = 0;

	(void)state;
	write_all(&keys.key[0]);
	len = load(bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= len; cut++) {
		int rc;

		if (whole < RECORDS && cut == end + 4 + strlen(text[whole]) + 16) {
			end = cut;
			whole++;
		}
		store(bytes, cut);
		rc = read_all(&nb);
		unit_check(cut, rc == (cut == end ? 0 : -EBADMSG));
		unit_check(cut, nb == whole);
	}
}

static void test_swapped(void **state)
{
	uint8_t bytes[1024], swapped[1024];
	size_t first = 4 + strlen(text[0]) + 16, second = 4 + strlen(text[1]) + 16, len;
	unsigned int nb;

	(void)state;
	write_all(&keys.key[0]);
	len = load(bytes, sizeof(bytes));
	memcpy(swapped, bytes, len);
	memcpy(swapped + HEADER, bytes + HEADER + first, second);
	memcpy(swapped + HEADER + second, bytes + HEADER, first);
	store(swapped, len);
	assert_int_equal(read_all(&nb), -EBADMSG);
	assert_int_equal(nb, 0);
	memcpy(swapped, bytes, len); // without the first
	memmove(swapped + HEADER, bytes + HEADER + first, len - HEADER - first);
	store(swapped, len - first);
	assert_int_equal(read_all(&nb), -EBADMSG);
	assert_int_equal(nb, 0);
}

static void test_random(void **state)
{
	uint64_t seed = unit_seed();
	uint8_t bytes[512];
	unsigned int nb;

	(void)state;
	for (int n = 0; n < 2000; n++) {
		size_t len = unit_random(&seed) % sizeof(bytes);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)unit_random(&seed);
		if (n % 2 == 0 && len >= 24) { // with a good start
			memcpy(bytes, "dtlsgw-1", 8);
			memcpy(bytes + 8, keys.key[n % 4 == 0].name, 16);
		}
		store(bytes, len);
		assert_true(read_all(&nb) < 0 || len == HEADER);
		assert_int_equal(nb, 0);
	}
}

static void test_other_files(void **state)
{
	struct ticket_keys others = {.nb = 1};
	unsigned int nb = 0;

	(void)state;
	assert_int_equal(read_all(&nb), -ENOENT);
	write_all(&keys.key[0]);
	assert_int_equal(sealed_file_read("f", &others, count, &nb), -ENOKEY);
	others.nb = 0;
	assert_int_equal(sealed_file_read("f", &others, count, &nb), -ENOKEY);
	others = keys; // its name with another key behind it
	others.key[0].mac[0] ^= 1;
	assert_int_equal(sealed_file_read("f", &others, count, &nb), -EBADMSG);
	unlink("f");
	assert_int_equal(symlink("/etc/passwd", "f"), 0);
	assert_int_equal(read_all(&nb), -ELOOP);
	unlink("f");
	assert_int_equal(mkfifo("f", 0600), 0);
	assert_int_equal(read_all(&nb), -EINVAL);
	unlink("f");
	assert_int_equal(mkdir("f", 0700), 0);
	assert_int_equal(read_all(&nb), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(written), TEST(not_committed), TEST(flushed), TEST(largest),     TEST(changed),
		TEST(cut),     TEST(swapped),	    TEST(random),  TEST(other_files),
#undef TEST
	};

	return cmocka_run_group_tests_name("sealed_file", tests, NULL, NULL);
}
