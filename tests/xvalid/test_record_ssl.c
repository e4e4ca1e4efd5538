// SPDX-License-Identifier: BSD-3-Clause
#include "record.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <rte_common.h>

#include "keys.h"
#include "unit.h"

// Two SSLs shake hands in memory.  Then their records are opened here, and records made here are
// read by them, in both directions: this test holds the keys of both ends.

#define RECORD_MAX	(DTLS_RECORD_HEADER_LEN + DTLS_FRAGMENT_MAX)
#define HANDSHAKE_TURNS 20

struct end {
	SSL *ssl;
	BIO *in;	     // what it reads
	BIO *out;	     // what it wrote
	struct aead_key key; // of its records
	const uint8_t *iv;
	uint64_t seq; // of the next record made here in its name
};

static const struct {
	const char *name; // OpenSSL's
	enum aead_suite suite;
} suites[] = {
	{"ECDHE-ECDSA-AES128-GCM-SHA256", AEAD_AES_128_GCM},
	{"ECDHE-ECDSA-AES256-GCM-SHA384", AEAD_AES_256_GCM},
	{"ECDHE-ECDSA-CHACHA20-POLY1305", AEAD_CHACHA20_POLY1305},
	{"ECDHE-ECDSA-AES128-CCM", AEAD_AES_128_CCM},
	{"ECDHE-ECDSA-AES256-CCM", AEAD_AES_256_CCM},
	{"ECDHE-ECDSA-AES128-CCM8", AEAD_AES_128_CCM_8},
	{"ECDHE-ECDSA-AES256-CCM8", AEAD_AES_256_CCM_8},
};

static struct aead *aead;
static struct end client, server;
static struct traffic_keys keys;
static uint64_t seed;

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();

	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	return cert;
}

static SSL_CTX *make_ctx(bool is_server, const char *suite)
{
	SSL_CTX *ctx = SSL_CTX_new(is_server ? DTLS_server_method() : DTLS_client_method());

	assert_int_equal(SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION), 1);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, suite), 1);
	SSL_CTX_set_security_level(ctx, 0); // for CCM_8, with OpenSSL 3.2 and later
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
	if (is_server) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		X509 *cert = make_certificate(key);

		assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	return ctx;
}

static void make_end(struct end *end, bool is_server, const char *suite)
{
	SSL_CTX *ctx = make_ctx(is_server, suite);

	end->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	end->in = BIO_new(BIO_s_mem());
	end->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(end->in, -1);
	BIO_set_mem_eof_return(end->out, -1);
	SSL_set_bio(end->ssl, end->in, end->out);
	SSL_set_mtu(end->ssl, 1400);
	if (is_server)
		SSL_set_accept_state(end->ssl);
	else
		SSL_set_connect_state(end->ssl);
}

// Everything that from wrote is put before to.  A memory BIO forgets where datagrams end, which
// matters to nobody here.
static void carry(struct end *from, struct end *to)
{
	static uint8_t p[65536];
	int len = BIO_read(from->out, p, sizeof(p));

	if (len > 0)
		assert_int_equal(BIO_write(to->in, p, len), len);
}

static void shake_hands(void)
{
	int done = 0;

	for (size_t turn = 0; turn < HANDSHAKE_TURNS && done != 2; turn++) {
		done = SSL_do_handshake(client.ssl) == 1;
		carry(&client, &server);
		done += SSL_do_handshake(server.ssl) == 1;
		carry(&server, &client);
	}
	assert_int_equal(done, 2);
}

// Copies the next len bytes of the key block and returns what follows.
static const uint8_t *part(uint8_t *to, const uint8_t *next, size_t len)
{
	memcpy(to, next, len);
	return next + len;
}

// RFC 5246 section 6.3.
static void derive(enum aead_suite suite, const char *digest)
{
	const struct aead_info *info = &aead_info[suite];
	uint8_t master[48], client_random[32], server_random[32];
	uint8_t block[2 * (AEAD_KEY_MAX + AEAD_NONCE_LEN)];
	const uint8_t *next = block;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof(master)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, "key expansion", 13),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server_random, 32),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client_random, 32),
		OSSL_PARAM_construct_end(),
	};

	assert_int_equal(
		SSL_SESSION_get_master_key(SSL_get0_session(server.ssl), master, sizeof(master)),
		sizeof(master));
	SSL_get_client_random(server.ssl, client_random, sizeof(client_random));
	SSL_get_server_random(server.ssl, server_random, sizeof(server_random));
	assert_int_equal(EVP_KDF_derive(ctx, block, sizeof(block), params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);

	keys_wipe(&keys); // no rest of a longer IV
	keys.suite = suite;
	next = part(keys.client_key, next, info->key_len);
	next = part(keys.server_key, next, info->key_len);
	next = part(keys.client_iv, next, info->fixed_iv_len);
	part(keys.server_iv, next, info->fixed_iv_len);
	aead_key_expand(aead, suite, keys.client_key, &client.key);
	aead_key_expand(aead, suite, keys.server_key, &server.key);
	client.iv = keys.client_iv;
	server.iv = keys.server_iv;
	client.seq = server.seq = 1; // Finished had 0
}

// Makes a record in the name of from and lets to read it.
static void make(struct end *from, struct end *to, uint8_t type, const void *plain, uint16_t len)
{
	static uint8_t p[RECORD_MAX];
	struct record rec = {
		.type = type,
		.version = DTLS_VERSION_1_2,
		.epoch = 1,
		.seq = from->seq++,
		.plain_len = len,
	};
	struct aead_op op = {.key = &from->key};

	memcpy(p + DTLS_RECORD_HEADER_LEN + aead_info[keys.suite].explicit_nonce_len, plain, len);
	record_seal_prepare(keys.suite, from->iv, p, &rec, &op);
	aead_seal_burst(aead, &op, 1);
	assert_int_equal(BIO_write(to->in, p, len + record_overhead(keys.suite)),
			 len + record_overhead(keys.suite));
}

// Opens what from's SSL wrote, one record of len bytes.  Returns the plaintext.
static const uint8_t *take(struct end *from, uint8_t type, uint16_t len)
{
	static uint8_t p[RECORD_MAX];
	struct record rec;
	struct aead_op op = {.key = &from->key};
	int got = BIO_read(from->out, p, sizeof(p));

	assert_int_equal(got, len + record_overhead(keys.suite));
	assert_true(record_parse(p, (size_t)got, &rec));
	assert_int_equal(rec.type, type);
	assert_int_equal(rec.epoch, 1);
	assert_true(record_open_prepare(keys.suite, from->iv, p, &rec, &op));
	assert_int_equal(rec.plain_len, len);
	aead_open_burst(aead, &op, 1);
	assert_true(op.ok);
	return op.data;
}

static void reads(struct end *end, const uint8_t *plain, int len)
{
	static uint8_t p[DTLS_PLAIN_MAX];

	assert_int_equal(SSL_read(end->ssl, p, sizeof(p)), len);
	assert_memory_equal(p, plain, (size_t)len);
}

static void both_ways(struct end *us, struct end *them, int len)
{
	static uint8_t plain[DTLS_PLAIN_MAX];

	unit_random_bytes(&seed, plain, (size_t)len);
	make(us, them, DTLS_APPLICATION_DATA, plain, (uint16_t)len);
	if (len > 0) {
		reads(them, plain, len);
		assert_int_equal(SSL_write(them->ssl, plain, len), len);
		assert_memory_equal(take(them, DTLS_APPLICATION_DATA, (uint16_t)len), plain,
				    (size_t)len);
		return;
	}
	// An empty record reads as nothing, and is no end: the next one arrives.
	assert_true(SSL_read(them->ssl, plain, sizeof(plain)) <= 0);
	assert_int_equal(SSL_get_shutdown(them->ssl), 0);
	make(us, them, DTLS_APPLICATION_DATA, "next", 4);
	reads(them, (const uint8_t *)"next", 4);
}

// A spoilt and a repeated record say nothing to an SSL; the one behind them arrives.
static void refused(struct end *us, struct end *them)
{
	uint8_t p[1];

	make(us, them, DTLS_APPLICATION_DATA, "again", 5);
	reads(them, (const uint8_t *)"again", 5);
	us->seq--;
	make(us, them, DTLS_APPLICATION_DATA, "again", 5);
	assert_int_equal(SSL_read(them->ssl, p, sizeof(p)), -1);
	us->iv = us == &client ? keys.server_iv : keys.client_iv;
	make(us, them, DTLS_APPLICATION_DATA, "wrong", 5);
	us->iv = us == &client ? keys.client_iv : keys.server_iv;
	assert_int_equal(SSL_read(them->ssl, p, sizeof(p)), -1);
	make(us, them, DTLS_APPLICATION_DATA, "right", 5);
	reads(them, (const uint8_t *)"right", 5);
}

static void closes(struct end *us, struct end *them)
{
	static const uint8_t alert[] = {DTLS_ALERT_WARNING, DTLS_ALERT_CLOSE_NOTIFY};
	uint8_t p[1];
	int r;

	make(us, them, DTLS_ALERT, alert, sizeof(alert));
	r = SSL_read(them->ssl, p, sizeof(p));
	assert_int_equal(SSL_get_error(them->ssl, r), SSL_ERROR_ZERO_RETURN);
	assert_int_equal(SSL_shutdown(them->ssl), 1);
	assert_memory_equal(take(them, DTLS_ALERT, sizeof(alert)), alert, sizeof(alert));
}

static void with_suite(size_t i)
{
	make_end(&client, false, suites[i].name);
	make_end(&server, true, suites[i].name);
	shake_hands();
	derive(suites[i].suite, EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(
					SSL_get_current_cipher(server.ssl))));

	for (int len = 0; len <= DTLS_PLAIN_MAX; len++) {
		both_ways(&server, &client, len);
		both_ways(&client, &server, len);
		if (len >= 80 && len != DTLS_PLAIN_MAX)
			len = RTE_MIN(len + (int)(unit_random(&seed) % 100), DTLS_PLAIN_MAX - 1);
	}
	refused(&server, &client);
	refused(&client, &server);
	closes(&server, &client);
	closes(&client, &server);
	SSL_free(client.ssl);
	SSL_free(server.ssl);
}

static void openssl_and_us(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(suites); i++)
		with_suite(i);
}

static int set_up(void **state)
{
	(void)state;
	seed = unit_seed();
	aead = aead_create();
	return aead == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	aead_destroy(aead);
	keys_wipe(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_and_us),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
