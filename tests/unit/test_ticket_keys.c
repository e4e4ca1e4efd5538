// SPDX-License-Identifier: BSD-3-Clause
#include "ticket_keys.h"

#include <errno.h>
#include <unistd.h>

#include "unit.h"

static char dir[64];
static char error[256];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_ticket_keys-XXXXXX");
	return mkdtemp(dir) == NULL || chdir(dir) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink("keys");
	return chdir("/") < 0 || rmdir(dir) < 0;
}

static int load(struct ticket_keys *keys, const char *text)
{
	FILE *f = fopen("keys", "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	error[0] = '\0';
	return ticket_keys_load(keys, "keys", error, sizeof(error));
}

// A line of 160 digits.
static const char *line(char digit)
{
	static char text[2][162];
	static int turn;

	turn = 1 - turn;
	memset(text[turn], digit, 160);
	text[turn][160] = '\n';
	return text[turn];
}

static void test_load(void **state)
{
	struct ticket_keys keys = {.nb = 7};
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "# keys\n\n%s", line('a'));
	assert_int_equal(load(&keys, text), 0);
	assert_int_equal(keys.nb, 1);
	assert_int_equal(keys.key[0].name[0], 0xaa);
	assert_int_equal(keys.key[0].mac[TICKET_KEY_LEN - 1], 0xaa);
	snprintf(text, sizeof(text), "%s# previous\n%s", line('1'), line('2'));
	assert_int_equal(load(&keys, text), 0);
	assert_int_equal(keys.nb, 2);
	assert_int_equal(keys.key[1].cipher[0], 0x22);
	snprintf(text, sizeof(text), "%s%s\n%s", line('1'), line('2'), line('3'));
	assert_int_equal(load(&keys, text), -EINVAL);
	assert_string_equal(error, "keys:4: third key; expected at most two");
	assert_int_equal(load(&keys, "\n# none\n"), -EINVAL);
	assert_string_equal(error, "keys:2: no key; expected one or two");
	assert_int_equal(load(&keys, "00\n"), -EINVAL);
	assert_string_equal(error, "keys:1: no key; expected 160 hexadecimal digits, as openssl "
				   "rand -hex 80 prints");
	snprintf(text, sizeof(text), "%s%s", line('1'), line('g'));
	assert_int_equal(load(&keys, text), -EINVAL);
	assert_memory_equal(error, "keys:2: no key", 14);
	assert_int_equal(ticket_keys_load(&keys, "none", error, sizeof(error)), -ENOENT);
	assert_string_equal(error, "none:1: No such file or directory; expected a readable file of "
				   "ticket keys");
	assert_int_equal(ticket_keys_load(&keys, ".", error, sizeof(error)), -EISDIR);
	assert_int_equal(keys.nb, 2); // as it was
	assert_int_equal(keys.key[1].cipher[0], 0x22);
}

static void test_rotate(void **state)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
	uint8_t name[TICKET_KEY_NAME_LEN], iv[16], other[16] = {0};
	struct ticket_keys keys = {.nb = 0};

	(void)state;
	assert_int_equal(ticket_keys_seal(&keys, name, iv, cipher, mac), -1);
	for (int n = 0; n < 3; n++) {
		assert_int_equal(ticket_keys_rotate(&keys), 0);
		assert_int_equal(keys.nb, n == 0 ? 1 : 2);
		if (n == 0)
			assert_int_equal(ticket_keys_seal(&keys, name, iv, cipher, mac), 1);
		assert_int_equal(ticket_keys_open(&keys, name, iv, cipher, mac), n == 0	  ? 1
										 : n == 1 ? 2
											  : 0);
	}
	assert_memory_not_equal(iv, other, sizeof(iv));
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(hmac);
	EVP_CIPHER_CTX_free(cipher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load, set_up, tear_down),
		cmocka_unit_test(test_rotate),
	};

	return cmocka_run_group_tests_name("ticket_keys", tests, NULL, NULL);
}
