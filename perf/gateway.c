// SPDX-License-Identifier: BSD-3-Clause
#include "gateway.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hs_worker.h"
#include "loop.h"
#include "nat_pool.h"
#include "session_dir.h"
#include "suites.h"

#define FRAME_MAX   2048
#define CLIENT_PORT 40000
#define IPV4_LEN    42 // bytes of Ethernet, IPv4 and UDP headers
#define QUIET_POLLS 2  // until whatever was sent has left
#define DATA	    "a datagram"
#define IDLE_US	    200 // how often threads are looked at: seldom, they share the CPU

static struct encap_addr addresses(const struct gateway *g, uint32_t i)
{
	rte_be32_t address = rte_cpu_to_be_32((UINT32_C(10) << 24) + i);
	struct encap_addr addr = {.dst = g->plane.config.port[PLANE_OUTSIDE].addr[0].addr,
				  .src_port = rte_cpu_to_be_16(CLIENT_PORT),
				  .dst_port = rte_cpu_to_be_16(g->plane.config.listener[0].port)};

	ip_from_v4(&addr.src, &address);
	return addr;
}

// A frame of the gateway's: its datagram is the client's.
static void to_client(void *arg, struct rte_mbuf *m)
{
	struct gateway *g = arg;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(p + 14);
	uint32_t i;

	if (p[12] != 8 || p[13] != 0) // ARP
		return;
	i = rte_be_to_cpu_32(ip->dst_addr) & 0xffffff;
	bench_check(i < GATEWAY_CLIENT_MAX);
	mail_put(&g->client[i].in, p + IPV4_LEN, m->data_len - IPV4_LEN);
}

static void to_backend(void *arg, struct rte_mbuf *m)
{
	struct gateway *g = arg;

	g->echoed += m->data_len == IPV4_LEN + strlen(DATA) &&
		     memcmp(rte_pktmbuf_mtod_offset(m, void *, IPV4_LEN), DATA, strlen(DATA)) == 0;
}

// Everything that clients have put out becomes frames, and the lcore takes them.
static void run_lcore(struct gateway *g, uint32_t n)
{
	struct mem_port *port = &g->plane.lane[0].port[PLANE_OUTSIDE];

	g->frames.nb = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct encap_addr addr = addresses(g, i);
		struct mail *out = &g->client[i].out;

		for (; out->read < out->nb; out->read++) {
			uint32_t k = g->frames.nb++;

			g->frames.len[k] =
				plane_frame(&g->plane, PLANE_OUTSIDE, &addr, out->byte[out->read],
					    out->len[out->read], frames_at(&g->frames, k));
		}
		out->nb = out->read = 0;
	}
	if (g->frames.nb > 0) {
		mem_port_load(port, &g->frames, MEM_PORT_COPY);
		mem_port_offer(port, g->frames.nb);
	}
	for (int quiet = 0; quiet < QUIET_POLLS;)
		quiet = lcore_poll(g->plane.lane[0].lc) > 0 ? 0 : quiet + 1;
}

static bool idle(const struct cp *cp)
{
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		if (!rte_ring_empty(cp->worker[i]->queue) || !atomic_load(&cp->worker[i]->asleep))
			return false;
	return true;
}

// TSC cycles that the threads have run.
static uint64_t threads_tsc(const struct cp *cp)
{
	uint64_t sum = 0;
	clockid_t clock;

	for (uint16_t i = 0; i < cp->worker_nb; i++) {
		bench_check(pthread_getcpuclockid(cp->worker[i]->thread, &clock) == 0);
		sum += bench_clock_tsc(clock);
	}
	return sum;
}

// Runs the control plane until it has nothing to do.  Returns the TSC cycles.
static uint64_t run_cp(struct gateway *g)
{
	struct cp *cp = g->cp;
	uint64_t start = bench_thread_tsc();
	bool work = true;

	if (!cp->worker[0]->started) {
		while (work) {
			work = loop_drain(cp);
			for (uint16_t i = 0; i < cp->worker_nb; i++)
				work |= hs_worker_turn(cp->worker[i]);
		}
		return bench_thread_tsc() - start;
	}
	g->threads_cycles -= threads_tsc(cp);
	start = bench_tsc();
	while (loop_drain(cp))
		continue;
	while (!idle(cp))
		usleep(IDLE_US);
	g->threads_cycles += threads_tsc(cp);
	return bench_tsc() - start;
}

static uint32_t step_all(struct gateway *g, uint32_t n)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < n; i++)
		done += client_step(&g->client[i]);
	return done;
}

uint64_t gateway_handshakes(struct gateway *g, SSL_CTX *ctx, SSL_SESSION *session, uint32_t n)
{
	uint64_t installs = g->plane.dp->stats[0]->installs + n, cycles = 0;

	for (uint32_t i = 0; i < n; i++)
		client_start(&g->client[i], ctx, session);
	step_all(g, n);
	run_lcore(g, n); // HelloVerifyRequest
	step_all(g, n);
	for (int flight = 0; flight < 2; flight++) {
		run_lcore(g, n); // HELLO, then the client's next flight
		cycles += run_cp(g);
		run_lcore(g, n);
		step_all(g, n);
	}
	cycles += run_cp(g); // INSTALLED
	bench_check(g->plane.dp->stats[0]->installs == installs && cp_half_open(g->cp) == 0);
	run_lcore(g, n); // the last flight
	bench_check(step_all(g, n) == n);
	return cycles;
}

void gateway_check(struct gateway *g, uint32_t n)
{
	uint64_t echoed = g->echoed + n;

	for (uint32_t i = 0; i < n; i++)
		bench_check(SSL_write(g->client[i].ssl, DATA, sizeof(DATA) - 1) > 0);
	run_lcore(g, n);
	bench_check(g->echoed == echoed);
}

void gateway_close(struct gateway *g, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		SSL_shutdown(g->client[i].ssl);
	run_lcore(g, n);
	run_cp(g);
	bench_check(session_dir_count(g->cp->sessions) == 0);
	for (uint32_t i = 0; i < n; i++)
		client_stop(&g->client[i]);
}

static X509 *certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	bench_check(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static char *file_name(const char *dir, const char *name)
{
	char *file;

	bench_check(asprintf(&file, "%s/%s", dir, name) > 0);
	return file;
}

static void write_certificate(const char *dir, const char *name, EVP_PKEY *key,
			      struct config_certificate *c, SSL_CTX *bare)
{
	X509 *x = certificate(key);
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s.pem", name);
	c->certificate = file_name(dir, path);
	snprintf(path, sizeof(path), "%s.key", name);
	c->key = file_name(dir, path);
	f = fopen(c->certificate, "w");
	bench_check(f != NULL && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	f = fopen(c->key, "w");
	bench_check(f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		    fclose(f) == 0);
	bench_check(bare == NULL || (SSL_CTX_use_certificate(bare, x) == 1 &&
				     SSL_CTX_use_PrivateKey(bare, key) == 1));
	X509_free(x);
	EVP_PKEY_free(key);
}

static void write_files(struct config_listener *l, const char *dir, SSL_CTX *bare)
{
	FILE *f;

	write_certificate(dir, "ecdsa", EVP_EC_gen("P-256"), &l->certificate[0], bare);
	write_certificate(dir, "rsa", EVP_RSA_gen(2048), &l->certificate[1], bare);
	l->certificate_nb = 2;
	l->psk_file = file_name(dir, "psk");
	f = fopen(l->psk_file, "w");
	bench_check(f != NULL && fputs(CLIENT_IDENTITY " " CLIENT_KEY "\n", f) > 0 &&
		    fclose(f) == 0);
}

// The gateway has read them.
static void remove_files(struct config_listener *l, const char *dir)
{
	char *file[] = {l->certificate[0].certificate, l->certificate[0].key,
			l->certificate[1].certificate, l->certificate[1].key, l->psk_file};

	for (size_t i = 0; i < RTE_DIM(file); i++) {
		unlink(file[i]);
		free(file[i]);
	}
	rmdir(dir);
}

void gateway_init(struct gateway *g, SSL_CTX *bare, uint32_t sessions)
{
	struct config *config = &g->plane.config;
	struct config_listener *l = &config->listener[0];
	char dir[] = "/tmp/dtlsgw-bench-XXXXXX";

	plane_configure(&g->plane, sessions, 0, 1024);
	bench_check(mkdtemp(dir) != NULL);
	write_files(l, dir, bare);
	l->suites = (char *)(uintptr_t)SUITES_DEFAULT;
	l->signatures = (char *)(uintptr_t)SUITES_SIGNATURES_DEFAULT;
	l->groups = (char *)(uintptr_t)SUITES_GROUPS_DEFAULT;
	config->retransmit_ms = CLIENT_TIMER_MS;
	config->early_data_bytes = 16384;
	config->tickets = true;
	config->resumption_lifetime_s = 7200;
	config->session_cache = 1000;
	config->backend_nb = 1;
	bench_check(ip_parse("192.0.2.250", &config->backend[0].addr) == 0);
	config->backend[0].port = 7;
	bench_check(ip_parse("198.51.100.254", &config->port[PLANE_OUTSIDE].gateway_v4) == 0);
	config->handshake_nb = GATEWAY_THREADS;
	for (uint16_t i = 0; i < GATEWAY_THREADS; i++)
		config->handshake_cpu[i] = i;
	plane_start(&g->plane);
	rte_log_set_level(log_cp, RTE_LOG_ERR);
	g->cp = cp_create(g->plane.dp);
	bench_check(g->cp != NULL);
	remove_files(l, dir);
	frames_init(&g->frames, GATEWAY_CLIENT_MAX * CLIENT_MAIL_MAX, FRAME_MAX);
	mem_port_sink(&g->plane.lane[0].port[PLANE_OUTSIDE], to_client, g);
	mem_port_sink(&g->plane.lane[0].port[PLANE_INSIDE], to_backend, g);
	gateway_threads(g, 0);
}

void gateway_threads(struct gateway *g, uint16_t nb)
{
	cp_stop(g->cp);
	g->cp->worker_nb = nb > 0 ? nb : 1; // nothing is under way that the others could have
	if (nb > 0)
		bench_check(cp_start(g->cp) == 0);
}

void gateway_fini(struct gateway *g)
{
	cp_stop(g->cp);
	g->cp->worker_nb = GATEWAY_THREADS;
	cp_destroy(g->cp);
	frames_fini(&g->frames);
	plane_fini(&g->plane);
}
