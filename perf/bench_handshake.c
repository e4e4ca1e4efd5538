// SPDX-License-Identifier: BSD-3-Clause

// Handshakes of the server alone.  Clients, the lcore and HelloVerifyRequests are not timed.
//
// The gateway: the control plane from the ClientHello with a good cookie to the session installed.
//
// OpenSSL as it comes, in memory, with the same certificates, key, suites, groups and signature
// algorithms, from the same ClientHello to a finished handshake: SSL_new(), DTLSv1_listen(),
// SSL_do_handshake(), SSL_free(); as many side by side.  Its tickets are its own.  "openssl" ends
// there, with keys that nobody outside of it knows.  "openssl_keys" does the same as the gateway
// with OpenSSL: it derives the key block as well, with EVP_KDF's TLS1-PRF.
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include <unistd.h>

#include "cookie.h"
#include "gateway.h"
#include "suites.h"

#define AT_ONCE	  8 // handshakes in one sample
#define TURNS_MAX 300

static const struct client_kind kinds[] = {
	{.name = "ecdhe_ecdsa", .suite = "ECDHE-ECDSA-AES128-GCM-SHA256", .groups = "X25519:P-256"},
	{.name = "ecdhe_ecdsa_p256", .suite = "ECDHE-ECDSA-AES128-GCM-SHA256", .groups = "P-256"},
	{.name = "ecdhe_rsa", .suite = "ECDHE-RSA-AES128-GCM-SHA256", .groups = "X25519:P-256"},
	{.name = "psk", .suite = "PSK-AES128-GCM-SHA256"},
	{.name = "ticket",
	 .suite = "ECDHE-ECDSA-AES128-GCM-SHA256",
	 .groups = "X25519:P-256",
	 .resumed = true},
};

// One kind at both servers.
struct pair {
	const struct client_kind *kind;
	SSL_CTX *ctx;			      // the clients'
	SSL_SESSION *of_gateway, *of_openssl; // to resume, or NULL
};

#define KEY_BLOCK_LEN 40 // bytes, of AES-128-GCM
#define MASTER_LEN    48

static struct gateway gateway;
static SSL_CTX *server_ctx;
static struct client client[AT_ONCE];
static struct mail *server_end[AT_ONCE][2];
static BIO_ADDR *from; // DTLSv1_listen() wants one

static int verify_cookie(SSL *ssl, const unsigned char *cookie, unsigned int len)
{
	(void)ssl;
	(void)cookie;
	(void)len;
	return 1;
}

static int generate_cookie(SSL *ssl, unsigned char *cookie, unsigned int *len)
{
	(void)ssl;
	(void)cookie;
	(void)len;
	return 0;
}

static unsigned int find_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned int max)
{
	long len;
	unsigned char *bytes = OPENSSL_hexstr2buf(CLIENT_KEY, &len);

	(void)ssl;
	bench_check(strcmp(identity, CLIENT_IDENTITY) == 0 && len <= (long)max);
	memcpy(key, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return (unsigned int)len;
}

static void make_server(void)
{
	server_ctx = SSL_CTX_new(DTLS_server_method());
	bench_check(server_ctx != NULL);
	SSL_CTX_set_max_proto_version(server_ctx, DTLS1_2_VERSION);
	bench_check(SSL_CTX_set_cipher_list(server_ctx, SUITES_DEFAULT) == 1 &&
		    SSL_CTX_set1_groups_list(server_ctx, SUITES_GROUPS_DEFAULT) == 1 &&
		    SSL_CTX_set1_sigalgs_list(server_ctx, SUITES_SIGNATURES_DEFAULT) == 1);
	SSL_CTX_set_options(server_ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_cookie_generate_cb(server_ctx, generate_cookie);
	SSL_CTX_set_cookie_verify_cb(server_ctx, verify_cookie);
	SSL_CTX_set_psk_server_callback(server_ctx, find_psk);
	from = BIO_ADDR_new();
	for (uint32_t i = 0; i < AT_ONCE; i++) {
		server_end[i][0] = &client[i].out;
		server_end[i][1] = &client[i].in;
	}
}

// The client's first ClientHello is answered as the lcore does.
static void verify_hello(struct client *c)
{
	static const uint8_t cookie[COOKIE_LEN];
	uint8_t answer[HELLO_VERIFY_LEN];

	bench_check(!client_step(c) && c->out.nb == 1);
	c->out.nb = 0;
	hello_verify_write(answer, 0, cookie);
	mail_put(&c->in, answer, sizeof(answer));
	bench_check(!client_step(c) && c->out.nb == 1);
}

// The server of one client reads its ClientHello.
static SSL *serve(struct client *c)
{
	struct mail *const *end = server_end[c - client];
	BIO *bio = mail_bio(end);
	SSL *ssl = SSL_new(server_ctx);

	SSL_set_bio(ssl, bio, bio);
	SSL_set_mtu(ssl, CLIENT_DATAGRAM_MAX - 100);
	SSL_set_accept_state(ssl);
	bench_check(DTLSv1_listen(ssl, from) == 1);
	SSL_do_handshake(ssl);
	return ssl;
}

static void derive_keys(const SSL *ssl)
{
	const EVP_MD *digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
	uint8_t master[MASTER_LEN], seed[2 * SSL3_RANDOM_SIZE], block[KEY_BLOCK_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)(uintptr_t)EVP_MD_get0_name(digest), 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof(master)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (char[]){"key expansion"},
						  strlen("key expansion")),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	SSL_SESSION_get_master_key(SSL_get0_session(ssl), master, sizeof(master));
	SSL_get_server_random(ssl, seed, SSL3_RANDOM_SIZE);
	SSL_get_client_random(ssl, seed + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
	bench_check(EVP_KDF_derive(ctx, block, sizeof(block), params) == 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

// n handshakes with OpenSSL, side by side as in the gateway.  Returns the cycles of the server.
static uint64_t openssl_handshakes(const struct pair *pair, uint32_t n, bool keys)
{
	SSL *ssl[AT_ONCE];
	uint64_t cycles, start;

	for (uint32_t i = 0; i < n; i++) {
		client_start(&client[i], pair->ctx, pair->of_openssl);
		verify_hello(&client[i]);
	}
	start = bench_thread_tsc();
	for (uint32_t i = 0; i < n; i++)
		ssl[i] = serve(&client[i]);
	cycles = bench_thread_tsc() - start;
	for (uint32_t i = 0; i < n; i++)
		client_step(&client[i]);
	start = bench_thread_tsc();
	for (uint32_t i = 0; i < n; i++) {
		bench_check(SSL_do_handshake(ssl[i]) == 1);
		if (keys)
			derive_keys(ssl[i]);
		SSL_set_shutdown(ssl[i], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(ssl[i]);
	}
	cycles += bench_thread_tsc() - start;
	for (uint32_t i = 0; i < n; i++)
		bench_check(client_step(&client[i]));
	return cycles;
}

static void openssl_close(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		client_stop(&client[i]);
}

static uint64_t run_openssl(void *arg, uint32_t n)
{
	uint64_t cycles = openssl_handshakes(arg, n, false);

	openssl_close(n);
	return cycles;
}

static uint64_t run_openssl_keys(void *arg, uint32_t n)
{
	uint64_t cycles = openssl_handshakes(arg, n, true);

	openssl_close(n);
	return cycles;
}

static uint64_t run_gateway(void *arg, uint32_t n)
{
	const struct pair *pair = arg;
	uint64_t cycles = gateway_handshakes(&gateway, pair->ctx, pair->of_gateway, n);

	gateway_close(&gateway, n);
	return cycles;
}

static void check(const struct client_kind *kind, const SSL *ssl)
{
	bench_check(strcmp(SSL_get_cipher(ssl), kind->suite) == 0);
	bench_check(SSL_session_reused(ssl) == kind->resumed);
}

// Both servers do what the kind says, with and without the session that is resumed.
static void prepare(struct pair *pair, const struct client_kind *kind)
{
	*pair = (struct pair){.kind = kind, .ctx = client_ctx(kind)};
	for (int round = 0; round <= kind->resumed; round++) {
		openssl_handshakes(pair, AT_ONCE, false);
		if (round < kind->resumed)
			pair->of_openssl = SSL_get1_session(client[0].ssl);
		for (uint32_t i = 0; round == kind->resumed && i < AT_ONCE; i++)
			check(kind, client[i].ssl);
		openssl_close(AT_ONCE);
		gateway_handshakes(&gateway, pair->ctx, pair->of_gateway, AT_ONCE);
		gateway_check(&gateway, AT_ONCE);
		if (round < kind->resumed)
			pair->of_gateway = SSL_get1_session(gateway.client[0].ssl);
		for (uint32_t i = 0; round == kind->resumed && i < AT_ONCE; i++)
			check(kind, gateway.client[i].ssl);
		gateway_close(&gateway, AT_ONCE);
	}
}

static void pair_fini(struct pair *pair)
{
	SSL_SESSION_free(pair->of_gateway);
	SSL_SESSION_free(pair->of_openssl);
	SSL_CTX_free(pair->ctx);
}

static double micros(double cycles)
{
	return cycles / (double)rte_get_tsc_hz() * 1e6;
}

static void print(const char *name, uint32_t at_once, double cycles, const char *ratio_name,
		  double ratio)
{
	struct bench_row row = {.bench = "handshake",
				.name = name,
				.burst = at_once,
				.cycles = cycles,
				.ratio_name = ratio_name,
				.ratio = ratio};

	bench_print(&row);
}

// Takes a sample of each server in turn, so that all see the same machine, and prints medians: of
// the cycles, and of what a turn's samples make of the ratio.
static void against_openssl(const struct client_kind *kind, uint32_t turns)
{
	static uint64_t (*const run[])(void *, uint32_t) = {run_openssl, run_openssl_keys,
							    run_gateway};
	static double cycles[RTE_DIM(run)][TURNS_MAX], ratio[RTE_DIM(run)][TURNS_MAX];
	double median[RTE_DIM(run)], ratio_median[RTE_DIM(run)], p99;
	struct pair pair;
	char name[64];

	prepare(&pair, kind);
	for (uint32_t turn = 0; turn < turns; turn++) {
		for (size_t i = 0; i < RTE_DIM(run); i++) {
			run[i](&pair, AT_ONCE); // takes the caches from the server before
			cycles[i][turn] = (double)run[i](&pair, AT_ONCE) / AT_ONCE;
		}
		for (size_t i = 0; i < RTE_DIM(run); i++)
			ratio[i][turn] = cycles[i][turn] / cycles[2][turn];
	}
	for (size_t i = 0; i < RTE_DIM(run); i++) {
		bench_percentiles(cycles[i], turns, &median[i], &p99);
		bench_percentiles(ratio[i], turns, &ratio_median[i], &p99);
	}
	snprintf(name, sizeof(name), "%s:openssl", kind->name);
	print(name, AT_ONCE, median[0], "openssl/gateway", ratio_median[0]);
	snprintf(name, sizeof(name), "%s:openssl_keys", kind->name);
	print(name, AT_ONCE, median[1], "microseconds", micros(median[1]));
	print(kind->name, AT_ONCE, median[2], "openssl_keys/measured", ratio_median[1]);
	pair_fini(&pair);
}

static uint64_t run_thread(void *arg, uint32_t n)
{
	gateway_threads(&gateway, 1);
	return run_gateway(arg, n);
}

static uint64_t run_threads(void *arg, uint32_t n)
{
	gateway_threads(&gateway, GATEWAY_THREADS);
	return run_gateway(arg, n);
}

static uint64_t run_thread_cpu(void *arg, uint32_t n)
{
	uint64_t cycles = gateway.threads_cycles;

	run_thread(arg, n);
	return gateway.threads_cycles - cycles;
}

static uint64_t run_threads_cpu(void *arg, uint32_t n)
{
	uint64_t cycles = gateway.threads_cycles;

	run_threads(arg, n);
	return gateway.threads_cycles - cycles;
}

// What many handshakes take with one thread and with more: the time that passes, and that of the
// threads' CPUs, which grows where they wait for each other's cache lines.
static void by_threads(const struct client_kind *kind, uint32_t samples)
{
	struct pair pair;
	struct bench_item item[] = {
		{.run = run_thread, .arg = &pair, .n = GATEWAY_CLIENT_MAX, .samples = samples},
		{.run = run_threads, .arg = &pair, .n = GATEWAY_CLIENT_MAX, .samples = samples},
		{.run = run_thread_cpu, .arg = &pair, .n = GATEWAY_CLIENT_MAX, .samples = samples},
		{.run = run_threads_cpu, .arg = &pair, .n = GATEWAY_CLIENT_MAX, .samples = samples},
	};

	if (sysconf(_SC_NPROCESSORS_ONLN) < GATEWAY_THREADS)
		return;
	prepare(&pair, kind);
	bench_measure(item, RTE_DIM(item));
	gateway_threads(&gateway, 0);
	print("threads_1", GATEWAY_CLIENT_MAX, item[0].cycles, "microseconds",
	      micros(item[0].cycles));
	print("threads_2", GATEWAY_CLIENT_MAX, item[1].cycles, "threads_1/measured",
	      item[0].cycles / item[1].cycles);
	print("threads_1:cpu", GATEWAY_CLIENT_MAX, item[2].cycles, "microseconds",
	      micros(item[2].cycles));
	print("threads_2:cpu", GATEWAY_CLIENT_MAX, item[3].cycles, "threads_1/measured",
	      item[2].cycles / item[3].cycles);
	pair_fini(&pair);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);

	bench_eal(&options, 512);
	make_server();
	gateway_init(&gateway, server_ctx, 2 * GATEWAY_CLIENT_MAX);
	for (size_t i = 0; i < RTE_DIM(kinds); i++)
		against_openssl(&kinds[i], options.quick ? TURNS_MAX / 5 : TURNS_MAX);
	by_threads(&kinds[0], options.quick ? 1 : 3);
	gateway_fini(&gateway);
	SSL_CTX_free(server_ctx);
	BIO_ADDR_free(from);
	return 0;
}
