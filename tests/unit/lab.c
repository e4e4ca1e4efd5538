// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <rte_cycles.h>
#include <unistd.h>

#include "api.h"
#include "arp.h"
#include "handshake.h"
#include "hs_table.h"
#include "hs_worker.h"
#include "loop.h"
#include "nat_pool.h"
#include "neigh.h"
#include "relay_dir.h"
#include "resumption.h"
#include "session_dir.h"
#include "suites.h"
#include "tls.h"
#include "unit.h"

#define PUMP_ROUNDS 64
#define TICK_US	    10000

static void write_certificate(struct lab *lab, uint16_t i, EVP_PKEY *key)
{
	struct config_certificate *c = &lab->rig.config.listener[0].certificate[i];
	X509 *x = X509_new();
	FILE *f;

	assert_true(asprintf(&c->certificate, "%s/%u.crt", lab->dir, i) > 0);
	assert_true(asprintf(&c->key, "%s/%u.key", lab->dir, i) > 0);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), i + 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"lab", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	f = fopen(c->certificate, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	f = fopen(c->key, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void configure(struct lab *lab)
{
	struct config *config = &lab->rig.config;
	struct config_listener *l = &config->listener[0];
	const char *text = getenv("HANDSHAKES");

	snprintf(lab->dir, sizeof(lab->dir), "/tmp/dtlsgw-lab-XXXXXX");
	assert_non_null(mkdtemp(lab->dir));
	write_certificate(lab, 0, EVP_EC_gen("P-256"));
	write_certificate(lab, 1, EVP_RSA_gen(2048));
	l->certificate_nb = 2;
	l->suites = (char *)(uintptr_t)LAB_SUITES;
	l->groups = (char *)(uintptr_t) "X25519:P-256";
	l->signatures = (char *)(uintptr_t)SUITES_SIGNATURES_DEFAULT;
	config->early_data_bytes = 4096;
	config->handshake_nb = (uint16_t)(text != NULL ? atoi(text) : 1);
	config->backend_nb = 1;
	ip_parse(RIG_BACKEND, &config->backend[0].addr);
	config->backend[0].port = RIG_BACKEND_PORT;
}

// The host on one side sends an ARP message.
static void put_arp(struct lab *lab, int side, struct arp *arp)
{
	uint8_t frame[14 + ARP_LEN] = {[12] = 0x08, [13] = 0x06};

	arp->sender_mac = (struct rte_ether_addr){{2, 0, 0, 0, 1, (uint8_t)side}};
	memset(frame, 0xff, 6);
	memcpy(frame + 6, &arp->sender_mac, 6);
	arp_write(frame + 14, arp);
	rig_put(&lab->rig, side, rig_frame(&lab->rig, frame, sizeof(frame)));
}

// A host on one side asks for the gateway's MAC address and so tells its own.
static void introduce(struct lab *lab, int side, const char *host, const char *gateway)
{
	struct arp arp = {.op = ARP_REQUEST};

	ip_parse(host, &arp.sender);
	ip_parse(gateway, &arp.target);
	put_arp(lab, side, &arp);
}

// Or the gateway would forget a host after some seconds.
static void answer_arp(struct lab *lab, int side, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct arp asked, arp = {.op = ARP_REPLY};

	if (p[12] != 0x08 || p[13] != 0x06 || !arp_parse(p + 14, m->data_len - 14u, &asked) ||
	    asked.op != ARP_REQUEST)
		return;
	arp.sender = asked.target;
	arp.target = asked.sender;
	arp.target_mac = asked.sender_mac;
	put_arp(lab, side, &arp);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

char *lab_file(struct lab *lab, const char *name, const char *text)
{
	char path[sizeof(lab->path[0])];
	uint16_t i = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	while (lab->path[i][0] != '\0' && strcmp(lab->path[i], path) != 0)
		assert_true(++i < LAB_FILE_MAX);
	strcpy(lab->path[i], path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
	return lab->path[i];
}

static void create_workers(struct lab *lab)
{
	struct cp *cp = &lab->cp;

	cp->room.handshakes = cp->config->half_open;
	cp->room.early = LAB_EARLY_MAX;
	for (; cp->worker_nb < cp->config->handshake_nb; cp->worker_nb++) {
		cp->worker[cp->worker_nb] = hs_worker_create(cp, cp->worker_nb);
		assert_non_null(cp->worker[cp->worker_nb]);
	}
}

void lab_start(struct lab *lab)
{
	lab_start_edited(lab, NULL);
}

void lab_start_edited(struct lab *lab, void (*edit)(struct lab *lab))
{
	static const struct timeval tick = {.tv_usec = TICK_US};
	struct cp *cp = &lab->cp;

	memset(lab, 0, sizeof(*lab));
	rig_start(&lab->rig, 1);
	configure(lab);
	if (edit != NULL)
		edit(lab);
	cp->dp = lab->rig.dp;
	cp->config = &lab->rig.config;
	pthread_mutex_init(&cp->lock, NULL);
	cp->base = event_base_new();
	cp->aead = aead_create();
	cp->resumption = resumption_create(cp->config, cp->base);
	assert_non_null(cp->resumption);
	cp->tls[0] = tls_create(cp->config, 0, NULL, cp->resumption);
	cp->sessions = session_dir_create(cp->config->sessions, cp->config->half_open);
	cp->relays = relay_dir_create();
	cp->nat = nat_pool_create(&cp->dp->nat, cp->dp->port);
	cp->neigh = neigh_create(cp);
	assert_non_null(cp->tls[0]);
	assert_non_null(cp->neigh);
	create_workers(lab);
	if (cp->config->control_socket != NULL) {
		cp->api = api_create(cp);
		assert_non_null(cp->api);
	}
	lab->tick = event_new(cp->base, -1, EV_PERSIST, on_tick, NULL);
	event_add(lab->tick, &tick);
	introduce(lab, RIG_OUTSIDE, RIG_CLIENT, RIG_GATEWAY);
	introduce(lab, RIG_INSIDE, RIG_BACKEND, RIG_INSIDE_IP);
	lab_pump(lab);
	lab->mbufs = rte_mempool_avail_count(cp->dp->mbuf_pool);
	lab->sessions = session_pool_count(cp->dp->sessions);
	lab->nat_ports = nat_pool_free_count(cp->nat);
	lab->references = neigh_stats(cp)->referenced;
}

void lab_stop(struct lab *lab)
{
	struct config_listener *l = &lab->rig.config.listener[0];
	struct cp *cp = &lab->cp;

	lab_check_idle(lab);
	rig_check_balance(&lab->rig);
	event_free(lab->tick);
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		hs_worker_destroy(cp->worker[i]);
	api_destroy(cp->api);
	neigh_destroy(cp->neigh);
	nat_pool_destroy(cp->nat);
	assert_null(cp->srtp.root);
	relay_dir_destroy(cp->relays);
	session_dir_destroy(cp->sessions);
	tls_destroy(cp->tls[0]);
	resumption_destroy(cp->resumption);
	aead_destroy(cp->aead);
	event_base_free(cp->base);
	pthread_mutex_destroy(&cp->lock);
	rig_stop(&lab->rig);
	for (uint16_t i = 0; i < l->certificate_nb; i++) {
		unlink(l->certificate[i].certificate);
		unlink(l->certificate[i].key);
		free(l->certificate[i].certificate);
		free(l->certificate[i].key);
	}
	for (uint16_t i = 0; i < LAB_FILE_MAX && lab->path[i][0] != '\0'; i++)
		unlink(lab->path[i]);
	assert_int_equal(rmdir(lab->dir), 0);
}

void lab_chain(struct lab *lab, unsigned int nb)
{
	struct config_listener *l = &lab->rig.config.listener[0];
	FILE *f = fopen(l->certificate[1].certificate, "r");
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);

	fclose(f);
	f = fopen(l->certificate[0].certificate, "a");
	for (unsigned int i = 0; i < nb; i++)
		assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	X509_free(x);
	tls_destroy(lab->cp.tls[0]);
	lab->cp.tls[0] = tls_create(lab->cp.config, 0, NULL, lab->cp.resumption);
	assert_non_null(lab->cp.tls[0]);
}

static bool pump_clients(struct lab *lab)
{
	bool moved = false;

	for (uint16_t i = 0; i < LAB_CLIENT_MAX; i++) {
		struct lab_client *c = lab->client[i];

		for (; c != NULL && !c->hold && c->out.nb > 0; lab_queue_shift(&c->out)) {
			if (c->sent >= 32 || (c->lose_out & 1u << c->sent) == 0)
				lab_inject(c, c->out.datagram[0].bytes, c->out.datagram[0].len);
			c->sent++;
			moved = true;
		}
	}
	return moved;
}

// The UDP ports and the payload of a frame of the gateway; false for ARP and the like.
static bool is_udp(struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	return p[12] == 0x08 && p[13] == 0x00 && p[23] == IPPROTO_UDP;
}

static uint16_t udp_port(struct rte_mbuf *m, int at)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *) + 34 + at;

	return (uint16_t)(p[0] << 8 | p[1]);
}

static void deliver(struct lab *lab, struct rte_mbuf *m)
{
	uint16_t port = udp_port(m, 2), len;
	const uint8_t *p = rig_payload(m, &len);

	for (uint16_t i = 0; i < LAB_CLIENT_MAX; i++) {
		struct lab_client *c = lab->client[i];

		if (c == NULL || c->port != port)
			continue;
		lab_queue_put(&c->seen, p, len);
		if ((c->received >= 32 || (c->lose & 1u << c->received) == 0) &&
		    (c->path_max == 0 || len <= c->path_max))
			lab_queue_put(&c->in, p, len);
		c->received++;
	}
}

static bool pump_frames(struct lab *lab)
{
	struct rte_mbuf *m;
	bool moved = false;
	uint16_t len;

	while ((m = rig_take(&lab->rig, RIG_OUTSIDE)) != NULL) {
		moved = true;
		if (is_udp(m))
			deliver(lab, m);
		else
			answer_arp(lab, RIG_OUTSIDE, m);
		rte_pktmbuf_free(m);
	}
	while ((m = rig_take(&lab->rig, RIG_INSIDE)) != NULL) {
		moved = true;
		if (is_udp(m)) {
			const uint8_t *p = rig_payload(m, &len);

			lab->nat_port = udp_port(m, 0);
			lab->backend_port = udp_port(m, 2);
			lab_queue_put(&lab->backend, p, len);
		} else {
			answer_arp(lab, RIG_INSIDE, m);
		}
		rte_pktmbuf_free(m);
	}
	return moved;
}

static void turn_workers(struct lab *lab)
{
	for (uint16_t i = 0; i < lab->cp.worker_nb; i++)
		while (!lab->cp.worker[i]->started && hs_worker_turn(lab->cp.worker[i]))
			continue;
}

void lab_dispatch(struct lab *lab, const struct msg *msg)
{
	loop_dispatch(&lab->cp, msg);
	turn_workers(lab);
}

uint16_t lab_worker_of(const struct lab *lab, uint16_t port)
{
	struct flow_key flow = rig_flow(&lab->rig, port);

	return dp_flow_spread(lab->cp.dp, &flow, lab->cp.worker_nb);
}

uint16_t lab_port_of(const struct lab *lab, uint16_t worker, uint16_t from)
{
	while (lab_worker_of(lab, from) != worker)
		from++;
	return from;
}

bool lab_dispatch_all(struct lab *lab)
{
	bool any = false;
	struct msg msg;

	while (rig_message(&lab->rig, &msg)) {
		lab_dispatch(lab, &msg);
		any = true;
	}
	return any;
}

void lab_pump(struct lab *lab)
{
	bool moved = true;

	for (int round = 0; moved && round < PUMP_ROUNDS; round++) {
		moved = pump_clients(lab);
		rig_poll(&lab->rig);
		moved |= lab_dispatch_all(lab);
		event_base_loop(lab->cp.base, EVLOOP_NONBLOCK);
		turn_workers(lab);
		rig_poll(&lab->rig);
		moved |= pump_frames(lab);
	}
}

void lab_age(struct lab *lab, unsigned int ms)
{
	for (uint16_t i = 0; i < lab->cp.worker_nb; i++) {
		struct handshake *hs = hs_table_first(lab->cp.worker[i]->handshakes);

		for (; hs != NULL; hs = hs_table_next(hs))
			hs->begun_tsc -= ms * rte_get_tsc_hz() / 1000;
	}
}

struct handshake *lab_handshake_first(const struct lab *lab)
{
	struct handshake *hs = NULL;

	for (uint16_t i = 0; hs == NULL && i < lab->cp.worker_nb; i++)
		hs = hs_table_first(lab->cp.worker[i]->handshakes);
	return hs;
}

void lab_expire(struct lab *lab)
{
	lab_age(lab, 1000 * (lab->rig.config.handshake_timeout_s + 1));
	for (uint16_t i = 0; i < lab->cp.worker_nb; i++) {
		struct handshake *hs = hs_table_first(lab->cp.worker[i]->handshakes);

		for (; hs != NULL; hs = hs_table_next(hs))
			event_active(hs->timer, EV_TIMEOUT, 1);
	}
	lab_pump(lab);
}

void lab_fill_ring(struct lab *lab)
{
	struct msg filler = {.type = MSG_HANDSHAKE_REMOVE};

	while (dp_send(lab->rig.dp, 0, &filler))
		continue;
}

int lab_set_up(void **state)
{
	lab_start(*state);
	return 0;
}

int lab_tear_down(void **state)
{
	lab_stop(*state);
	return 0;
}

void lab_wait(struct lab *lab)
{
	event_base_loop(lab->cp.base, EVLOOP_ONCE);
	turn_workers(lab);
}

void lab_check_idle(struct lab *lab)
{
	const struct handshake_stats *hs;
	struct cp *cp = &lab->cp;

	lab_pump(lab);
	hs = lab_stats(lab);
	assert_int_equal(hs->started, hs->completed + hs->failed + hs->expired + hs->replaced);
	assert_int_equal(cp_half_open(cp), 0);
	assert_int_equal(session_dir_count(cp->sessions), 0);
	assert_true(hs_quota_is_empty(&cp->quota));
	for (int i = 0; i < LCORE_CLIENTS; i++)
		assert_int_equal(dp_lcore(cp->dp, 0)->half_open_of[i], 0);
	assert_int_equal(cp->dp->stats[0]->handshakes, 0);
	assert_int_equal(cp->dp->stats[0]->sessions, 0);
	assert_int_equal(cp->dp->stats[0]->relays, 0);
	assert_int_equal(rte_mempool_avail_count(cp->dp->relay_pool), RIG_RELAYS);
	assert_int_equal(nat_pool_free_count(cp->nat), lab->nat_ports);
	assert_int_equal(neigh_stats(cp)->referenced, lab->references);
	assert_int_equal(session_pool_count(cp->dp->sessions), lab->sessions);
	assert_int_equal(rte_mempool_avail_count(cp->dp->mbuf_pool), lab->mbufs);
}

const struct handshake_stats *lab_stats(const struct lab *lab)
{
	static struct handshake_stats stats;

	cp_handshake_stats(&lab->cp, 0, &stats);
	return &stats;
}
