// SPDX-License-Identifier: BSD-3-Clause
#include "dial.h"

#include <errno.h>
#include <openssl/err.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "dial_bio.h"
#include "dial_tls.h"
#include "keyblock.h"

#define TIMER_MS   20	// between two looks at the retransmission timers
#define IDLE_US	   50	// sleep without a packet: the server may share our CPU
#define MESSAGE_NB 5	// failures told in full
#define FLIGHT_MAX 1400 // bytes of UDP payload; some stacks stop there

struct dialing;

// One handshake under way.
struct dial {
	struct dialing *all;
	struct client *client;
	SSL *ssl;
	struct dial_bio bio;
	uint64_t start_tsc;
	bool over;
};

// All of them.
struct dialing {
	struct gen *g;
	struct dial_result *result;
	SSL_CTX *ctx;
	struct dial *slot; // o->handshakes of them; ssl NULL: free
	uint32_t active;
	uint32_t next; // client
	uint64_t timeout_tsc;
};

static void fail(struct dial *d, const char *what)
{
	struct gen *g = d->all->g;
	struct ip_addr addr;
	rte_be16_t port;
	char text[IP_PORT_TEXT_LEN];

	if (d->all->result->failed++ < MESSAGE_NB) {
		const char *reason = ERR_reason_error_string(ERR_peek_last_error());

		gen_client_addr(g, (uint32_t)(d->client - g->client), &addr, &port);
		fprintf(stderr, "dtlsgw-gen: handshake of %s: %s%s%s, in state: %s\n",
			ip_port_format(&addr, port, text), what, reason != NULL ? ": " : "",
			reason != NULL ? reason : "", SSL_state_string_long(d->ssl));
	}
	ERR_clear_error();
}

// A server's session seals with the server's key, ours with the client's.
static void swap_sides(struct traffic_keys *keys)
{
	struct traffic_keys other = *keys;

	memcpy(keys->client_key, other.server_key, sizeof(keys->client_key));
	memcpy(keys->server_key, other.client_key, sizeof(keys->server_key));
	memcpy(keys->client_iv, other.server_iv, sizeof(keys->client_iv));
	memcpy(keys->server_iv, other.client_iv, sizeof(keys->server_iv));
	keys_wipe(&other);
}

// Makes the client's session.  It goes on behind the sequence numbers that libssl has used.
static int take_over(struct dial *d)
{
	struct gen *g = d->all->g;
	struct traffic_keys keys;
	struct session *s;
	int rc = keyblock_derive(d->ssl, &keys);

	if (rc != 0)
		return rc;
	s = aligned_alloc(RTE_CACHE_LINE_SIZE, session_size(GEN_REPLAY_WINDOW));
	if (s == NULL) {
		keys_wipe(&keys);
		return -ENOMEM;
	}
	memset(s, 0, sizeof(*s));
	swap_sides(&keys);
	session_init(s, g->aead, &keys, GEN_REPLAY_WINDOW);
	g->suite = keys.suite;
	keys_wipe(&keys);
	s->tx.seq = d->bio.epoch1_next;
	s->tx.encap = d->bio.encap;
	d->client->session = s;
	return 0;
}

static void finish(struct dial *d)
{
	struct dial_result *result = d->all->result;
	int rc = take_over(d);

	if (rc != 0) {
		fail(d, strerror(-rc));
		return;
	}
	result->completed++;
	delay_add(&result->delay, rte_rdtsc() - d->start_tsc);
	snprintf(result->suite, sizeof(result->suite), "%s",
		 SSL_CIPHER_get_name(SSL_get_current_cipher(d->ssl)));
}

// One turn of a handshake.
static void turn(struct dial *d)
{
	int rc = SSL_do_handshake(d->ssl);

	if (rc == 1) {
		finish(d);
		d->over = true;
	} else if (SSL_get_error(d->ssl, rc) != SSL_ERROR_WANT_READ) {
		fail(d, "failed");
		d->over = true;
	}
	ERR_clear_error();
}

static void slot_free(struct dial *d)
{
	d->client->dial = NULL;
	SSL_free(d->ssl);
	d->ssl = NULL;
	d->all->active--;
}

void dial_datagram(struct dial *d, const uint8_t *payload, uint16_t len)
{
	if (d->over || len == 0) // libssl takes an empty read for the end
		return;
	dgram_bio_offer(&d->bio.dgram, payload, len);
	turn(d);
	dgram_bio_offer(&d->bio.dgram, NULL, 0);
}

static int start(struct dialing *a, struct dial *d)
{
	struct gen *g = a->g;
	uint32_t i = a->next++;
	struct encap_addr addr = {.dst = g->o->server,
				  .dst_port = rte_cpu_to_be_16(g->o->server_port)};
	BIO *bio;

	*d = (struct dial){.all = a, .client = &g->client[i], .start_tsc = rte_rdtsc()};
	gen_client_addr(g, i, &addr.src, &addr.src_port);
	d->bio.g = g;
	encap_init(&d->bio.encap, &g->outside.port, g->outside.id, g->server_hop, &addr);
	d->bio.dgram.mtu = RTE_MIN(FLIGHT_MAX, d->bio.encap.payload_max);
	d->ssl = SSL_new(a->ctx);
	bio = d->ssl != NULL ? dial_bio_new(&d->bio) : NULL;
	if (bio == NULL) {
		SSL_free(d->ssl);
		d->ssl = NULL;
		return -ENOMEM;
	}
	SSL_set_bio(d->ssl, bio, bio);
	SSL_set_mtu(d->ssl, d->bio.dgram.mtu);
	if (dial_tls_name(d->ssl, g->o) != 0) {
		SSL_free(d->ssl);
		d->ssl = NULL;
		return -EINVAL;
	}
	d->client->dial = d;
	a->active++;
	turn(d);
	return 0;
}

// Starts handshakes in free slots and frees the slots of those that are over.
static int fill_slots(struct dialing *a)
{
	const struct options *o = a->g->o;
	int rc;

	for (uint32_t i = 0; i < o->handshakes; i++) {
		struct dial *d = &a->slot[i];

		if (d->ssl != NULL && d->over)
			slot_free(d);
		if (d->ssl != NULL || a->next == a->g->client_nb || gen_stop)
			continue;
		rc = start(a, d);
		if (rc != 0)
			return rc;
	}
	return 0;
}

// Retransmits what is due and gives up what takes too long.
static void look_at_timers(struct dialing *a, uint64_t now_tsc)
{
	for (uint32_t i = 0; i < a->g->o->handshakes; i++) {
		struct dial *d = &a->slot[i];

		if (d->ssl == NULL || d->over)
			continue;
		if (now_tsc - d->start_tsc > a->timeout_tsc) {
			fail(d, "not finished in time");
			d->over = true;
		} else if (DTLSv1_handle_timeout(d->ssl) < 0) {
			fail(d, "no answer");
			d->over = true;
		}
	}
}

static int run(struct dialing *a)
{
	uint64_t timer_tsc = rte_get_tsc_hz() * TIMER_MS / 1000, due_tsc = rte_rdtsc();
	int rc = 0;

	while (rc == 0 && !gen_stop && (a->active > 0 || a->next < a->g->client_nb)) {
		uint64_t now_tsc;

		rc = fill_slots(a);
		if (gen_receive(a->g) == 0 && a->active > 0)
			usleep(IDLE_US);
		now_tsc = rte_rdtsc();
		if (now_tsc >= due_tsc) {
			due_tsc = now_tsc + timer_tsc;
			look_at_timers(a, now_tsc);
		}
	}
	for (uint32_t i = 0; i < a->g->o->handshakes; i++)
		if (a->slot[i].ssl != NULL)
			slot_free(&a->slot[i]);
	return rc;
}

int dial_all(struct gen *g, struct dial_result *result)
{
	struct dialing a = {.g = g, .result = result};
	uint64_t start_tsc = rte_rdtsc(), hz = rte_get_tsc_hz();
	int rc = -ENOMEM;

	memset(result, 0, sizeof(*result));
	a.timeout_tsc = g->o->handshake_s * hz;
	a.ctx = dial_tls_context(g->o);
	a.slot = calloc(g->o->handshakes, sizeof(*a.slot));
	if (a.ctx == NULL || a.slot == NULL)
		goto out;
	rc = run(&a);
	result->seconds = (double)(rte_rdtsc() - start_tsc) / (double)hz;
	if (rc != 0)
		fprintf(stderr, "dtlsgw-gen: handshakes: %s\n", strerror(-rc));
	else if (result->completed == 0)
		rc = -ECONNREFUSED;
out:
	free(a.slot);
	SSL_CTX_free(a.ctx);
	return rc;
}
