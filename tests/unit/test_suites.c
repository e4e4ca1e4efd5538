// SPDX-License-Identifier: BSD-3-Clause
#include "suites.h"

#include <errno.h>

#include "keyblock.h"
#include "unit.h"

#define BOTH (SUITES_RSA | SUITES_ECDSA)

static const struct {
	const char *list;
	int rc;
	unsigned int keys;
	const char *name; // of what is refused
} rows[] = {
	{SUITES_DEFAULT, 0, BOTH | SUITES_PSK, NULL},
	{"PSK-AES128-CCM8", 0, SUITES_PSK, NULL},
	{"DHE-PSK-AES256-GCM-SHA384:ECDHE-PSK-CHACHA20-POLY1305", 0, SUITES_PSK, NULL},
	{"PSK-AES128-CBC-SHA256", -ENOTSUP, 0, "PSK-AES128-CBC-SHA256"},
	{"RSA-PSK-AES128-GCM-SHA256", -ENOTSUP, 0, "RSA-PSK-AES128-GCM-SHA256"},
	{"ECDHE-ECDSA-CHACHA20-POLY1305", 0, SUITES_ECDSA, NULL},
	{"ECDHE-ECDSA-AES128-CCM8", 0, SUITES_ECDSA, NULL},
	{"DHE-RSA-AES256-CCM8", 0, SUITES_RSA, NULL},
	{"ECDHE+aRSA+AESGCM", 0, SUITES_RSA, NULL},
	{"ECDHE+AESCCM:DHE-RSA-AES128-GCM-SHA256", 0, BOTH, NULL},
	{"NONSENSE", -EINVAL, 0, NULL},
	{"TLS_AES_128_GCM_SHA256", -EINVAL, 0, NULL},				     // of TLS 1.3
	{"ECDHE-ECDSA-AES128-SHA256", -ENOTSUP, 0, "ECDHE-ECDSA-AES128-SHA256"},     // CBC
	{"ECDHE+AESGCM:AES128-GCM-SHA256", -ENOTSUP, 0, "AES128-GCM-SHA256"},	     // static RSA
	{"AES128-CCM8", -ENOTSUP, 0, "AES128-CCM8"},				     // static RSA
	{"ECDHE-RSA-NULL-SHA:@SECLEVEL=0", -ENOTSUP, 0, "ECDHE-RSA-NULL-SHA"},	     // NULL
	{"ADH-AES128-GCM-SHA256:@SECLEVEL=0", -ENOTSUP, 0, "ADH-AES128-GCM-SHA256"}, // anonymous
	{"DHE-DSS-AES128-GCM-SHA256", -ENOTSUP, 0, "DHE-DSS-AES128-GCM-SHA256"},     // DSS
	{"ECDHE-ECDSA-ARIA128-GCM-SHA256", -ENOTSUP, 0, "ECDHE-ECDSA-ARIA128-GCM-SHA256"},
};

static void test_lists(void **state)
{
	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());
		const char *name = NULL;

		unit_check(row, suites_set(ctx, rows[row].list, &name) == rows[row].rc);
		if (rows[row].rc == 0)
			unit_check(row, suites_keys(ctx) == rows[row].keys);
		if (rows[row].name != NULL)
			unit_check(row, strcmp(name, rows[row].name) == 0);
		SSL_CTX_free(ctx);
	}
}

// Every AEAD the record layer has is in the default list, but CCM_8.
static void test_default(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());
	bool has[AEAD_SUITE_NB] = {false};
	STACK_OF(SSL_CIPHER) * suites;
	const char *name;

	(void)state;
	assert_int_equal(suites_set(ctx, SUITES_DEFAULT, &name), 0);
	suites = SSL_CTX_get_ciphers(ctx);
	assert_int_equal(sk_SSL_CIPHER_num(suites), 24);
	for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++)
		has[keyblock_suite(sk_SSL_CIPHER_value(suites, i))] = true;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
		unit_check(suite, has[suite] == (aead_info[suite].tag_len == 16));
	SSL_CTX_free(ctx);
}

// What the level allows, of the suites a context has.
static int supported(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);
	STACK_OF(SSL_CIPHER) *suites = SSL_get1_supported_ciphers(ssl);
	int nb = sk_SSL_CIPHER_num(suites);

	sk_SSL_CIPHER_free(suites);
	SSL_free(ssl);
	return nb > 0 ? nb : 0;
}

// CCM_8 passes up to the level of its key, and no level falls.
static void test_security_level(void **state)
{
	static const struct {
		const char *list;
		int level;
		int nb;
	} levels[] = {
		{"ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES256-CCM8", 0, 2},
		{"ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES256-CCM8", 2, 2},
		{"ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES256-CCM8", 3, 2},
		{"ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES256-CCM8", 4, 1},
		{"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384", 4, 1},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(levels); row++) {
		SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());
		const char *name;

		SSL_CTX_set_security_level(ctx, levels[row].level);
		for (int twice = 0; twice < 2; twice++)
			unit_check(row, suites_set(ctx, levels[row].list, &name) == 0);
		unit_check(row, SSL_CTX_get_security_level(ctx) == levels[row].level);
		unit_check(row, supported(ctx) == levels[row].nb);
		SSL_CTX_free(ctx);
	}
}

static void test_signatures(void **state)
{
	static const struct {
		const char *list;
		unsigned int kinds;
	} lists[] = {
		{SUITES_SIGNATURES_DEFAULT, BOTH},
		{"ECDSA+SHA256", SUITES_ECDSA},
		{"ecdsa_secp384r1_sha384:ed25519", SUITES_ECDSA},
		{"RSA+SHA256", SUITES_RSA},
		{"PSS+SHA256:RSA-PSS+SHA512", SUITES_RSA},
		{"rsa_pkcs1_sha256", SUITES_RSA},
		{"rsa_pss_rsae_sha256", SUITES_RSA},
		{"rsa_pss_pss_sha256", 0},
		{"ed25519", 0},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(lists); row++) {
		SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());

		unit_check(row, SSL_CTX_set1_sigalgs_list(ctx, lists[row].list) == 1);
		unit_check(row, suites_signers(lists[row].list) == lists[row].kinds);
		SSL_CTX_free(ctx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_security_level),
		cmocka_unit_test(test_signatures),
	};

	return cmocka_run_group_tests_name("suites", tests, NULL, NULL);
}
