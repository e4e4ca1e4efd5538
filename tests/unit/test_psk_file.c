// SPDX-License-Identifier: BSD-3-Clause
#include "psk_file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "unit.h"

#define KEY  "00112233445566778899aabbccddeeff"
#define MANY 50000

static struct config config = {
	.backend_nb = 2,
	.backend = {{.name = "coap"}, {.name = "other"}},
};
static char dir[64];
static char error[256];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_psk_file-XXXXXX");
	return mkdtemp(dir) == NULL || chdir(dir) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink("psk");
	return chdir("/") < 0 || rmdir(dir) < 0;
}

static struct psk_file *load(const char *text, size_t len)
{
	FILE *f = fopen("psk", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
	error[0] = '\0';
	return psk_file_load("psk", &config, error, sizeof(error));
}

static void test_good(void **state)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "  \t# another\r\n"
				   "client-1 " KEY "\n"
				   "\tclient-2\t0A0b \t other \r\n"
				   "urn:dev:os:32473-123456 01 coap\n"
				   "\"two words \\x22\\x5c\\xc3\\xbc\" ff\n"
				   "\"\" 77\n"
				   "last 99";
	static const struct {
		const char *identity;
		uint8_t key_len, first, last;
		uint16_t backend;
		unsigned int line;
	} rows[] = {
		{"client-1", 16, 0x00, 0xff, CONFIG_BACKEND_NONE, 4},
		{"client-2", 2, 0x0a, 0x0b, 1, 5},
		{"urn:dev:os:32473-123456", 1, 1, 1, 0, 6},
		{"two words \"\\\xc3\xbc", 1, 0xff, 0xff, CONFIG_BACKEND_NONE, 7},
		{"", 1, 0x77, 0x77, CONFIG_BACKEND_NONE, 8},
		{"last", 1, 0x99, 0x99, CONFIG_BACKEND_NONE, 9},
	};
	struct psk_file *psk = load(text, strlen(text));

	(void)state;
	assert_string_equal(error, "");
	assert_non_null(psk);
	assert_int_equal(psk_file_count(psk), UNIT_NB(rows));
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		const struct psk_entry *e = psk_file_find(psk, rows[i].identity);

		unit_check(i, e != NULL);
		unit_check(i, e->key_len == rows[i].key_len && e->backend == rows[i].backend);
		unit_check(i, e->key[0] == rows[i].first && e->line == rows[i].line);
		unit_check(i, e->key[e->key_len - 1] == rows[i].last);
	}
	assert_null(psk_file_find(psk, "client-"));
	assert_null(psk_file_find(psk, "client-11"));
	psk_file_release(psk);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"a", "psk:1: no key; expected IDENTITY KEY [BACKEND]"},
		{"a 0", "psk:1: key of 1 digits; expected an even number of 2 to 128"},
		{"a 00\nb 0g\n",
		 "psk:2: key is not hexadecimal; expected digits 0 to 9 and a to f"},
		{"a 00 coap x", "psk:1: \"coap x\" is unknown; expected a name from backends"},
		{"a 00 none", "psk:1: \"none\" is unknown; expected a name from backends"},
		{"a 00\n\nb 00\na 01\n",
		 "psk:4: the identity stands in line 1 too; expected it once"},
		{"\"a 00", "psk:1: identity without its end; expected a closing \" before a blank"},
		{"\"a\"00",
		 "psk:1: identity without its end; expected a closing \" before a blank"},
		{"\"\\x00\" 00", "psk:1: \\ in an identity; expected \\xHH, not \\x00"},
		{"\"\\n\" 00", "psk:1: \\ in an identity; expected \\xHH, not \\x00"},
		{"\"\\x1", "psk:1: \\ in an identity; expected \\xHH, not \\x00"},
		{"\"\\", "psk:1: \\ in an identity; expected \\xHH, not \\x00"},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		assert_null(load(rows[i].text, strlen(rows[i].text)));
		assert_string_equal(error, rows[i].error);
	}
	assert_null(load("a 00\nb\0 00\n", 11));
	assert_string_equal(error, "psk:2: NUL byte; expected text without it");
	memset(text, 'a', sizeof(text));
	for (size_t len = 128; len <= 129; len++) { // of the identity
		struct psk_file *psk;

		memcpy(text + len, " 00", 3);
		psk = load(text, len + 3);
		assert_true((psk != NULL) == (len == 128));
		psk_file_release(psk);
		text[len] = 'a';
	}
	assert_string_equal(error, "psk:1: identity too long; expected at most 128 bytes");
	for (size_t len = 128; len <= 130; len += 2) { // of the key
		struct psk_file *psk;

		memset(text, 'a', sizeof(text));
		text[1] = ' ';
		psk = load(text, 2 + len);
		assert_true((psk != NULL) == (len == 128));
		psk_file_release(psk);
	}
	assert_null(psk_file_load("none", &config, error, sizeof(error)));
	assert_string_equal(error, "none:1: No such file or directory; expected a readable file of "
				   "identities");
	assert_int_equal(errno, ENOENT);
	assert_null(psk_file_load(".", &config, error, sizeof(error)));
	assert_string_equal(error, ".:1: Is a directory; expected a readable file of identities");
	assert_null(psk_file_load("/dev/null", &config, error, sizeof(error)));
	assert_string_equal(error, "/dev/null:1: Operation not supported; expected a readable file "
				   "of identities");
}

static struct psk_file *load_many(void)
{
	static char text[MANY * 64];
	struct psk_file *psk;
	size_t len = 0;

	for (unsigned int i = 0; i < MANY; i++)
		len += (size_t)sprintf(text + len, "client-%u %032x\n", i, i);
	psk = load(text, len);
	assert_non_null(psk);
	assert_int_equal(psk_file_count(psk), MANY);
	return psk;
}

// Thousands of identities; none is found that is not there.
static void test_many(void **state)
{
	struct psk_file *psk = load_many();
	char identity[32];

	(void)state;
	for (unsigned int i = 0; i < 2 * MANY; i++) {
		uint8_t key[PSK_KEY_MAX], key_len;
		const struct psk_entry *e;
		bool known;

		sprintf(identity, "client-%u", i);
		e = psk_file_find(psk, identity);
		known = psk_file_key(psk, identity, key, &key_len);
		unit_check(i, (e != NULL) == (i < MANY) && known == (i < MANY) && key_len == 16);
		unit_check(i, e == NULL || (e->key[15] == (i & 0xff) && e->line == i + 1));
		unit_check(i, e == NULL || memcmp(e->key, key, key_len) == 0);
	}
	psk_file_release(psk);
}

// Calls of what a lookup is made of; see meson.build.
static struct {
	unsigned int digests, compares;
	size_t bytes; // of both
} work;

int __real_EVP_Digest(const void *data, size_t len, unsigned char *md, unsigned int *size,
		      const EVP_MD *type, ENGINE *engine);
int __wrap_EVP_Digest(const void *data, size_t len, unsigned char *md, unsigned int *size,
		      const EVP_MD *type, ENGINE *engine);
int __real_CRYPTO_memcmp(const void *a, const void *b, size_t len);
int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len);

int __wrap_EVP_Digest(const void *data, size_t len, unsigned char *md, unsigned int *size,
		      const EVP_MD *type, ENGINE *engine)
{
	work.digests++;
	work.bytes += len;
	return __real_EVP_Digest(data, len, md, size, type, engine);
}

int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
	work.compares++;
	work.bytes += len;
	return __real_CRYPTO_memcmp(a, b, len);
}

// A lookup is the same work whether the identity is known or not; perf/bench_psk takes the time.
static void test_same_work(void **state)
{
	static const char *const name[] = {"client-1", "client-25000", "nobody-1", "nobody-25000",
					   ""};
	struct psk_file *psk = load_many();
	uint8_t key[PSK_KEY_MAX], key_len;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(name); i++) {
		memset(&work, 0, sizeof(work));
		unit_check(i, psk_file_key(psk, name[i], key, &key_len) == (i < 2));
		unit_check(i, work.digests == 1 && work.compares == 1);
		unit_check(i, work.bytes == strlen(name[i]) + PSK_IDENTITY_MAX + 1);
	}
	psk_file_release(psk);
}

// What an unknown identity gets: a key of a length that stands in the file, always the same, that
// is nobody's.
static void test_nobodys_key(void **state)
{
	static const char text[] = "a aa\nb bbbb\nc cccccc\nd 00\n";
	unsigned int nb[PSK_KEY_MAX + 1] = {0};
	struct psk_file *psk = load(text, strlen(text)), *empty;
	uint8_t key[PSK_KEY_MAX], again[PSK_KEY_MAX], key_len, again_len;
	char identity[PSK_IDENTITY_MAX + 64];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		sprintf(identity, "nobody %d", i);
		assert_false(psk_file_key(psk, identity, key, &key_len));
		assert_false(psk_file_key(psk, identity, again, &again_len));
		assert_int_equal(key_len, again_len);
		assert_memory_equal(key, again, sizeof(key));
		nb[key_len]++;
	}
	assert_int_equal(nb[1] + nb[2] + nb[3], 1000);
	assert_true(nb[1] > 0 && nb[2] > 0 && nb[3] > 0);
	assert_true(psk_file_key(psk, "b", key, &key_len));
	assert_int_equal(key_len, 2);
	assert_memory_equal(key, "\xbb\xbb\0\0", 4);
	memset(identity, 'a', sizeof(identity));
	identity[sizeof(identity) - 1] = '\0';
	assert_false(psk_file_key(psk, identity, key, &key_len));
	assert_false(psk_file_key(psk, "", key, &key_len));
	empty = load("# none\n", 7);
	assert_non_null(empty);
	assert_false(psk_file_key(empty, "a", key, &key_len));
	assert_int_equal(key_len, 16);
	assert_null(psk_file_find(empty, "a"));
	psk_file_release(psk_file_ref(empty));
	psk_file_release(empty);
	psk_file_release(psk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_same_work, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobodys_key, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("psk_file", tests, NULL, NULL);
}
