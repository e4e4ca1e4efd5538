// SPDX-License-Identifier: BSD-3-Clause

// OpenSSL's record layer in memory, without I/O: SSL_write and SSL_read of one DTLS 1.2
// association, the buffers between them copied once each way.  In turns with the seal and the open
// path, I/O included.
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "path.h"

#define RECORDS	 512 // a sample
#define SLOT_LEN 2048
#define SESSIONS 256
#define MEMORY	 512 // MB

// One direction: datagrams in order.
struct pipe {
	uint8_t slot[RECORDS][SLOT_LEN];
	uint16_t len[RECORDS];
	uint32_t head, tail;
};

struct end {
	SSL *ssl;
	struct pipe *in, *out;
};

static struct pipe up, down;
static struct end client = {.in = &down, .out = &up}, server = {.in = &up, .out = &down};
static uint32_t size;
static struct plane plane;
static uint8_t plain[SLOT_LEN];

static int pipe_write(BIO *bio, const char *p, int len)
{
	struct pipe *out = ((struct end *)BIO_get_data(bio))->out;
	uint32_t i = out->tail % RECORDS;

	bench_check(len <= SLOT_LEN && out->tail - out->head < RECORDS);
	memcpy(out->slot[i], p, (size_t)len);
	out->len[i] = (uint16_t)len;
	out->tail++;
	return len;
}

static int pipe_read(BIO *bio, char *p, int len)
{
	struct pipe *in = ((struct end *)BIO_get_data(bio))->in;
	uint32_t i = in->head % RECORDS;

	BIO_clear_retry_flags(bio);
	if (in->head == in->tail) {
		BIO_set_retry_read(bio);
		return -1;
	}
	bench_check(len >= in->len[i]);
	memcpy(p, in->slot[i], in->len[i]);
	in->head++;
	return in->len[i];
}

static long pipe_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO *pipe_bio(struct end *end)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe");
		BIO_meth_set_write(method, pipe_write);
		BIO_meth_set_read(method, pipe_read);
		BIO_meth_set_ctrl(method, pipe_ctrl);
	}
	bio = BIO_new(method);
	bench_check(bio != NULL);
	BIO_set_data(bio, end);
	BIO_set_init(bio, 1);
	return bio;
}

static void set_certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	bench_check(X509_sign(x, key, EVP_sha256()) > 0);
	bench_check(SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void start(struct end *end, bool is_server)
{
	SSL_CTX *ctx = SSL_CTX_new(is_server ? DTLS_server_method() : DTLS_client_method());
	BIO *bio = pipe_bio(end);

	bench_check(ctx != NULL);
	SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
	bench_check(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256") == 1);
	if (is_server)
		set_certificate(ctx);
	end->ssl = SSL_new(ctx);
	bench_check(end->ssl != NULL);
	SSL_set_mtu(end->ssl, SLOT_LEN);
	SSL_set_bio(end->ssl, bio, bio);
	if (is_server)
		SSL_set_accept_state(end->ssl);
	else
		SSL_set_connect_state(end->ssl);
}

static void handshake(void)
{
	start(&client, false);
	start(&server, true);
	for (int i = 0; i < 20; i++) {
		SSL_do_handshake(client.ssl);
		SSL_do_handshake(server.ssl);
	}
	bench_check(SSL_is_init_finished(client.ssl) && SSL_is_init_finished(server.ssl));
	bench_check(SSL_version(client.ssl) == DTLS1_2_VERSION);
}

// Times one half of RECORDS writes and reads and does the other.
static uint64_t transfer(uint32_t n, bool timed_write)
{
	uint8_t got[SLOT_LEN];
	uint64_t write = bench_tsc(), read;

	for (uint32_t i = 0; i < n; i++)
		bench_check(SSL_write(client.ssl, plain, (int)size) == (int)size);
	read = bench_tsc();
	write = read - write;
	for (uint32_t i = 0; i < n; i++)
		bench_check(SSL_read(server.ssl, got, sizeof(got)) == (int)size);
	read = bench_tsc() - read;
	bench_check(memcmp(got, plain, size) == 0);
	return timed_write ? write : read;
}

static uint64_t run_write(void *arg, uint32_t n)
{
	(void)arg;
	return transfer(n, true);
}

static uint64_t run_read(void *arg, uint32_t n)
{
	(void)arg;
	return transfer(n, false);
}

static void measure(uint32_t record_size)
{
	static const char *const name[] = {"SSL_write", "SSL_read"};
	static const char *const ratio_name[] = {"against_seal", "against_open"};
	struct path_pick pick[2];
	struct path path[2];
	struct bench_row row = {.bench = "openssl", .sessions = 1, .burst = 1};
	struct bench_item item[] = {
		{.run = run_write, .n = RECORDS, .samples = 4},
		{.run = run_read, .n = RECORDS, .samples = 4},
		{.run = path_run,
		 .arg = &path[0],
		 .n = RECORDS,
		 .samples = 32,
		 .reset = path_reset},
		{.run = path_run,
		 .arg = &path[1],
		 .n = RECORDS,
		 .samples = 32,
		 .reset = path_reset},
	};

	row.size = size = record_size;
	for (int i = 0; i < 2; i++) {
		path_pick_init(&pick[i], 0, SESSIONS);
		path_init(&path[i], &plane, i == 0 ? PLANE_INSIDE : PLANE_OUTSIDE, size, RECORDS,
			  path_pick_round, &pick[i], MEM_PORT_COPY);
	}
	bench_measure(item, RTE_DIM(item));
	for (int i = 0; i < 2; i++) {
		row.name = name[i];
		row.cycles = item[i].cycles;
		row.ratio_name = ratio_name[i];
		row.ratio = item[i].cycles / item[2 + i].cycles;
		bench_print(&row);
		path_fini(&path[i]);
		path_pick_fini(&pick[i]);
	}
}

int main(int argc, char **argv)
{
	static const uint32_t full[] = {16, 64, 128, 256, 512, 768, 1024, 1350};
	static const uint32_t quick[] = {64, 256, 1350};
	struct bench_options options = bench_options(argc, argv);
	size_t nb = options.quick ? RTE_DIM(quick) : RTE_DIM(full);
	uint64_t seed = 1;

	bench_eal(&options, MEMORY);
	handshake();
	bench_random_bytes(&seed, plain, sizeof(plain));
	plane_init(&plane, SESSIONS, 0, 1024);
	for (size_t i = 0; i < nb; i++)
		measure(options.quick ? quick[i] : full[i]);
	return 0;
}
