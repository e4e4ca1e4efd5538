// SPDX-License-Identifier: BSD-3-Clause
// Files with secrets: what is read of them, and that no freed memory keeps it.
#include "secret_file.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"
#include "pki.h"
#include "psk_file.h"
#include "ticket_keys.h"
#include "unit.h"

#define DIGITS "5ec2e7115ec2e7125ec2e7135ec2e714"
#define BYTES  "\x5e\xc2\xe7\x11\x5e\xc2\xe7\x12\x5e\xc2\xe7\x13\x5e\xc2\xe7\x14"

static char dir[64], error[512];
static const void *secret[2]; // NULL: none
static size_t secret_len[2];
static unsigned int kept; // blocks that held a secret as they were freed

void __libc_free(void *p);

// In place of libc's, for all libraries.  What was seen once is not seen again in a new block.
void free(void *p)
{
	size_t size = p != NULL ? malloc_usable_size(p) : 0;

	for (size_t i = 0; i < UNIT_NB(secret); i++)
		if (size > 0 && secret[i] != NULL &&
		    memmem(p, size, secret[i], secret_len[i]) != NULL)
			kept++;
	if (size > 0)
		explicit_bzero(p, size);
	__libc_free(p);
}

// Moves always, so that what is left behind is looked at.
void *realloc(void *p, size_t size)
{
	size_t old = p != NULL ? malloc_usable_size(p) : 0;
	void *to = size > 0 ? malloc(size) : NULL;

	if (to == NULL && size > 0)
		return NULL;
	if (to != NULL && p != NULL)
		memcpy(to, p, old < size ? old : size);
	free(p);
	return to;
}

static void look_for(const void *first, size_t first_len, const void *second, size_t second_len)
{
	secret[0] = first;
	secret_len[0] = first_len;
	secret[1] = second;
	secret_len[1] = second_len;
	kept = 0;
}

static unsigned int found(void)
{
	secret[0] = secret[1] = NULL;
	return kept;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_secret_file-XXXXXX");
	return mkdtemp(dir) == NULL || chdir(dir) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink("f");
	return chdir("/") < 0 || rmdir(dir) < 0;
}

static void store(const char *text, size_t len)
{
	FILE *f = fopen("f", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *line[4];
		size_t line_len[4];
	} rows[] = {
		{"", 0, {NULL}, {0}},
		{"\n", 1, {""}, {0}},
		{"a", 1, {"a"}, {1}},
		{"a\nbc\n", 5, {"a", "bc"}, {1, 2}},
		{"\r\n\n c", 5, {"\r", "", " c"}, {1, 0, 2}},
		{"a\0b\nc", 5, {"a", "c"}, {3, 1}},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct secret_file s;
		size_t len, nb = 0;
		char *line;

		store(rows[i].text, rows[i].len);
		unit_check(i, secret_file_read(&s, "f") == 0);
		unit_check(i, s.len == rows[i].len && s.text[s.len] == '\0');
		unit_check(i, memcmp(s.text, rows[i].text, s.len) == 0);
		while ((line = secret_file_line(&s, &len)) != NULL) {
			unit_check(i, rows[i].line[nb] != NULL && len == rows[i].line_len[nb]);
			unit_check(i, strcmp(line, rows[i].line[nb++]) == 0);
		}
		unit_check(i, rows[i].line[nb] == NULL);
		secret_file_wipe(&s);
		unit_check(i, s.text == NULL && s.len == 0);
	}
}

static void test_refused(void **state)
{
	struct secret_file s = {.len = 1};

	(void)state;
	assert_int_equal(secret_file_read(&s, "f"), -ENOENT);
	assert_null(s.text);
	assert_int_equal(s.len, 0);
	assert_int_equal(secret_file_read(&s, "."), -EISDIR);
	assert_int_equal(secret_file_read(&s, "/dev/null"), -ENOTSUP);
	assert_int_equal(mkfifo("f", 0600), 0);
	assert_int_equal(secret_file_read(&s, "f"), -ENOTSUP); // at once
	unlink("f");
	store("", 0);
	assert_int_equal(truncate("f", SECRET_FILE_MAX + (off_t)1), 0);
	assert_int_equal(secret_file_read(&s, "f"), -EFBIG);
	assert_null(s.text);
	secret_file_wipe(&s);
}

// One that says it is empty, and is not.
static void test_grows(void **state)
{
	struct secret_file s;

	(void)state;
	assert_int_equal(secret_file_read(&s, "/proc/self/smaps"), 0);
	assert_true(s.len > 2 * 4096);
	assert_int_equal(s.len, strlen(s.text));
	secret_file_wipe(&s);
}

static void test_psk_wiped(void **state)
{
	static const struct config config;
	static char text[64 * 600];
	static const char *const end[] = {"", "# end\n", "bad " DIGITS " nowhere\n", "bad\n"};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(end); i++) {
		struct psk_file *psk;
		size_t len = 0;

		for (unsigned int n = 0; n < 600; n++)
			len += (size_t)sprintf(text + len, "client-%u " DIGITS "\n", n);
		len += (size_t)sprintf(text + len, "%s", end[i]);
		store(text, len);
		look_for(DIGITS, 32, BYTES, 16);
		psk = psk_file_load("f", &config, error, sizeof(error));
		psk_file_release(psk);
		unit_check(i, found() == 0);
		unit_check(i, (psk != NULL) == (i < 2));
	}
}

static void test_ticket_keys_wiped(void **state)
{
	static const char line[] = DIGITS DIGITS DIGITS DIGITS DIGITS "\n";
	struct ticket_keys keys;
	char text[1024];

	(void)state;
	for (int lines = 1; lines <= 3; lines++) {
		snprintf(text, sizeof(text), "%s%s%s", line, lines > 1 ? line : "",
			 lines > 2 ? line : "");
		store(text, strlen(text));
		look_for(DIGITS, 32, BYTES, 16);
		unit_check(lines, (ticket_keys_load(&keys, "f", error, sizeof(error)) == 0) ==
					  (lines < 3));
		unit_check(lines, found() == 0);
	}
}

// Both from one file.
static void test_certificate_wiped(void **state)
{
	const struct config_certificate files = {.certificate = (char *)(uintptr_t) "f",
						 .key = (char *)(uintptr_t) "f"};
	struct certificate certificate;
	struct pki pki;
	char *text[2], both[4096], *base64;
	const char *part;

	(void)state;
	pki_make(&pki, NULL, &(struct pki_wish){.name = "gateway"});
	text[0] = pki_certificate(&pki);
	text[1] = pki_key(&pki);
	base64 = strchr(text[1], '\n') + 1;
	for (int i = 0; i < 2; i++) { // the second time behind something that is no PEM
		snprintf(both, sizeof(both), "%s%s%s", i == 0 ? "" : "# both\n", text[0], text[1]);
		store(both, strlen(both));
		look_for(base64 + 64, 40, base64, 40);
		unit_check(i, certificate_load(&certificate, &files, &part, error, sizeof(error)) ==
				      0);
		certificate_release(&certificate);
		unit_check(i, found() == 0);
	}
	free(text[0]);
	free(text[1]);
	pki_free(&pki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(lines),	 TEST(refused),		  TEST(grows),
		TEST(psk_wiped), TEST(ticket_keys_wiped), TEST(certificate_wiped),
#undef TEST
	};

	return cmocka_run_group_tests_name("secret_file", tests, NULL, NULL);
}
