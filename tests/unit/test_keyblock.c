// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <rte_common.h>

#include "keyblock.h"
#include "record.h"
#include "unit.h"

#define VECTOR_MAX 256 // bytes

// The next line of f as bytes.
static size_t read_hex(FILE *f, uint8_t bytes[VECTOR_MAX])
{
	char line[2 * VECTOR_MAX + 2];

	assert_non_null(fgets(line, sizeof(line), f));
	line[strcspn(line, "\n")] = '\0';
	return unit_hex(line, bytes, VECTOR_MAX);
}

static void test_prf(void **state)
{
	const char *dir = getenv("VECTORS");
	char line[128], digest[16], label[32], path[256];
	unsigned int nb = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/tls12_prf.txt", dir != NULL ? dir : "../vectors");
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	for (; fgets(line, sizeof(line), f) != NULL; nb++) {
		uint8_t secret[VECTOR_MAX], first[VECTOR_MAX], second[VECTOR_MAX];
		uint8_t expected[VECTOR_MAX], got[VECTOR_MAX];
		struct keyblock_seed seed = {.label = label};
		size_t secret_len, len;

		assert_int_equal(sscanf(line, "%15s %31s", digest, label), 2);
		*strchr(label, '_') = ' ';
		secret_len = read_hex(f, secret);
		assert_int_equal(read_hex(f, first), 32);
		assert_int_equal(read_hex(f, second), 32);
		len = read_hex(f, expected);
		memcpy(seed.random[0], first, 32);
		memcpy(seed.random[1], second, 32);
		assert_int_equal(
			keyblock_prf(OBJ_sn2nid(digest), secret, secret_len, &seed, got, len), 0);
		assert_memory_equal(got, expected, len);
	}
	fclose(f);
	assert_int_equal(nb, 2);
}

static bool openssl_prf(const char *digest, const uint8_t *secret, size_t secret_len,
			const struct keyblock_seed *seed, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret,
						  secret_len),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed->label, strlen(seed->label)),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed->random, sizeof(seed->random)),
		OSSL_PARAM_construct_end(),
	};
	bool ok = EVP_KDF_derive(ctx, out, len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

// Secrets and results of every length, longer than a block of either hash too.
static void test_prf_against_openssl(void **state)
{
	static const char *const digests[] = {"SHA256", "SHA384"};
	struct keyblock_seed seed = {.label = "key expansion"};
	uint64_t random = unit_seed();

	(void)state;
	for (size_t n = 0; n < 600; n++) {
		const char *digest = digests[n % UNIT_NB(digests)];
		uint8_t secret[200], want[300], got[300];
		size_t secret_len = 1 + n % sizeof(secret), len = 1 + n % sizeof(want);

		unit_random_bytes(&random, secret, secret_len);
		unit_random_bytes(&random, seed.random, sizeof(seed.random));
		unit_check(n, openssl_prf(digest, secret, secret_len, &seed, want, len));
		unit_check(n, keyblock_prf(OBJ_sn2nid(digest), secret, secret_len, &seed, got,
					   len) == 0);
		unit_check(n, memcmp(got, want, len) == 0);
	}
}

static void test_prf_refused(void **state)
{
	static const int digests[] = {NID_undef, NID_md5_sha1, NID_sha512};
	struct keyblock_seed seed = {.label = "key expansion"};
	uint8_t secret[48] = {0}, out[12];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(digests); i++)
		unit_check(i, keyblock_prf(digests[i], secret, sizeof(secret), &seed, out,
					   sizeof(out)) == -EIO);
}

struct pair {
	SSL *client;
	SSL *server;
	BIO *to_server;
	BIO *to_client;
};

static BIO *wire(void)
{
	BIO *bio = BIO_new(BIO_s_mem());

	BIO_set_mem_eof_return(bio, -1);
	return bio;
}

static SSL *endpoint(const SSL_METHOD *method, const char *cipher, EVP_PKEY *key, X509 *x)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	SSL *ssl;

	assert_int_equal(SSL_CTX_set_cipher_list(ctx, cipher), 1);
	SSL_CTX_set_security_level(ctx, 0); // for CCM_8
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	if (x != NULL) {
		assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	}
	ssl = SSL_new(ctx);
	SSL_set_mtu(ssl, 1400);
	SSL_CTX_free(ctx);
	return ssl;
}

static void pair_start(struct pair *p, const char *cipher)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_set_pubkey(x, key);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	p->client = endpoint(DTLS_client_method(), cipher, NULL, NULL);
	p->server = endpoint(DTLS_server_method(), cipher, key, x);
	p->to_server = wire();
	p->to_client = wire();
	BIO_up_ref(p->to_server);
	BIO_up_ref(p->to_client);
	SSL_set_bio(p->client, p->to_client, p->to_server);
	SSL_set_bio(p->server, p->to_server, p->to_client);
	SSL_set_connect_state(p->client);
	SSL_set_accept_state(p->server);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void pair_stop(struct pair *p)
{
	SSL_free(p->client);
	SSL_free(p->server);
}

// Opens the last record on its way; returns its plaintext's first byte.
static uint8_t open_last(struct aead *aead, BIO *bio, const struct traffic_keys *keys, bool client)
{
	uint8_t bytes[4096], *p = bytes;
	int len = BIO_read(bio, bytes, sizeof(bytes));
	struct aead_key *key = aligned_alloc(64, RTE_ALIGN(sizeof(*key), 64));
	struct aead_op op;
	struct record rec;

	assert_true(len > 0);
	while (record_parse(p, (size_t)(bytes + len - p), &rec) &&
	       p + DTLS_RECORD_HEADER_LEN + rec.fragment_len < bytes + len)
		p += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
	assert_int_equal(rec.epoch, 1);
	aead_key_expand(aead, keys->suite, client ? keys->client_key : keys->server_key, key);
	assert_true(record_open_prepare(keys->suite, client ? keys->client_iv : keys->server_iv, p,
					&rec, &op));
	op.key = key;
	aead_open_burst(aead, &op, 1);
	assert_true(op.ok);
	free(key);
	return op.data[0];
}

// Both ends' keys, known before the client's Finished, open both Finished.
static void test_derive(void **state)
{
	static const struct {
		const char *cipher;
		enum aead_suite suite;
	} rows[] = {
		{"ECDHE-ECDSA-AES128-GCM-SHA256", AEAD_AES_128_GCM},
		{"ECDHE-ECDSA-AES256-GCM-SHA384", AEAD_AES_256_GCM},
		{"ECDHE-ECDSA-CHACHA20-POLY1305", AEAD_CHACHA20_POLY1305},
		{"ECDHE-ECDSA-AES128-CCM", AEAD_AES_128_CCM},
		{"ECDHE-ECDSA-AES256-CCM", AEAD_AES_256_CCM},
		{"ECDHE-ECDSA-AES128-CCM8", AEAD_AES_128_CCM_8},
		{"ECDHE-ECDSA-AES256-CCM8", AEAD_AES_256_CCM_8},
	};
	struct aead *aead = aead_create();

	(void)state;
	assert_non_null(aead);
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		struct traffic_keys client, server;
		struct pair p;

		pair_start(&p, rows[row].cipher);
		unit_check(row, keyblock_derive(p.server, &server) == -EAGAIN);
		SSL_do_handshake(p.client); // ClientHello
		SSL_do_handshake(p.server); // to ServerHelloDone
		unit_check(row, keyblock_derive(p.server, &server) == -EAGAIN);
		SSL_do_handshake(p.client); // ClientKeyExchange to Finished
		unit_check(row, keyblock_derive(p.client, &client) == 0);
		char copy[4096];
		int len = BIO_read(p.to_server, copy, sizeof(copy));

		BIO_write(p.to_server, copy, len);
		unit_check(row, open_last(aead, p.to_server, &client, true) == DTLS_FINISHED);
		BIO_write(p.to_server, copy, len);
		unit_check(row, SSL_do_handshake(p.server) == 1);
		unit_check(row, keyblock_derive(p.server, &server) == 0);
		unit_check(row, server.suite == rows[row].suite);
		unit_check(row, memcmp(&client, &server, sizeof(client)) == 0);
		unit_check(row, open_last(aead, p.to_client, &server, false) == DTLS_FINISHED);
		pair_stop(&p);
	}
	aead_destroy(aead);
}

static void test_other_suites(void **state)
{
	struct traffic_keys keys;
	struct pair p;

	(void)state;
	assert_int_equal(keyblock_suite(NULL), -1);
	pair_start(&p, "ECDHE-ECDSA-AES128-SHA");
	SSL_do_handshake(p.client);
	SSL_do_handshake(p.server);
	SSL_do_handshake(p.client);
	assert_int_equal(keyblock_suite(SSL_get_pending_cipher(p.client)), -1);
	assert_int_equal(keyblock_derive(p.client, &keys), -ENOTSUP);
	pair_stop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prf),	     cmocka_unit_test(test_prf_against_openssl),
		cmocka_unit_test(test_prf_refused),  cmocka_unit_test(test_derive),
		cmocka_unit_test(test_other_suites),
	};

	return cmocka_run_group_tests_name("keyblock", tests, NULL, NULL);
}
