// SPDX-License-Identifier: BSD-3-Clause
#include "rig.h"

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_random.h>
#include <rte_udp.h>
#include <stdio.h>

#include "packet.h"
#include "unit.h"

#define WIRE_SIZE 1024
#define POLLS	  4

static const char *const ring_device[2] = {"net_ring_out", "net_ring_in"};
static const char *const nic_device[2] = {"net_null_out", "net_null_in"};
static struct rte_ring *wire[2][2];

static void start_eal(void)
{
	static bool started;
	char *argv[] = {"rig", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",  "256",	    "--lcores", "0@0",	       "--log-level=error"};

	if (started)
		return;
	assert_true(rte_eal_init(RTE_DIM(argv), argv) >= 0);
	started = true;
}

static void add_addr(struct config_port *port, const char *text, uint8_t prefix_len)
{
	struct config_addr *a = &port->addr[port->addr_nb++];

	assert_int_equal(ip_parse(text, &a->addr), 0);
	a->prefix_len = prefix_len;
}

static void configure(struct config *config, uint16_t lcores)
{
	static const struct config base = {
		// static: too much for a stack
		.port_nb = 2,
		.port = {{.name = "outside", .role = CONFIG_OUTSIDE},
			 {.name = "inside", .role = CONFIG_INSIDE}},
		.listener_nb = 1,
		.listener = {{.name = "main",
			      .addr_nb = 2,
			      .port = RIG_LISTEN_PORT,
			      .media = CONFIG_BACKEND_NONE}},
		.sessions = 256,
		.half_open = 8,
		.half_open_per_address = 100000,
		.sessions_per_address = 1000000,
		.handshake_nb = 1,
		.idle_timeout_s = 300,
		.handshake_timeout_s = 30,
		.retransmit_ms = 1000,
		.replay_window = 1024,
		.fragments = 16,
		.fragment_bytes = 8192,
		.fragment_timeout_ms = 1000,
		.control_rate = 16,
		.neighbours = 16,
		.relays = RIG_RELAYS,
		.relays_per_address = 2 * RIG_RELAYS,
		.relay_timeout_s = 30,
	};

	*config = base;
	config->lcore_nb = lcores;
	for (int side = 0; side < 2; side++) {
		config->port[side].device = (char *)(uintptr_t)ring_device[side];
		config->port[side].mtu = 1500;
		config->port[side].rx_descs = config->port[side].tx_descs = 64;
	}
	add_addr(&config->port[0], RIG_GATEWAY, 24);
	add_addr(&config->port[0], RIG_GATEWAY6, 64);
	add_addr(&config->port[1], RIG_INSIDE_IP, 24);
	add_addr(&config->port[1], RIG_INSIDE_IP6, 64);
	ip_parse(RIG_GATEWAY, &config->listener[0].addr[0]);
	ip_parse(RIG_GATEWAY6, &config->listener[0].addr[1]);
}

static void make_ports(struct rig *rig)
{
	for (int side = 0; side < 2; side++) {
		char name[RTE_RING_NAMESIZE];

		for (int dir = 0; dir < 2; dir++) {
			snprintf(name, sizeof(name), "wire_%d_%d", side, dir);
			if (wire[side][dir] == NULL)
				wire[side][dir] = rte_ring_create(name, WIRE_SIZE, 0, 0);
			assert_non_null(wire[side][dir]);
		}
		rig->to_gateway[side] = wire[side][0];
		rig->from_gateway[side] = wire[side][1];
		if (rig->rss) {
			rig->config.port[side].device = (char *)(uintptr_t)nic_device[side];
			nic_create(&rig->nic[side], nic_device[side]);
			continue;
		}
		assert_true(rte_eth_from_rings(side == 0 ? "out" : "in", &wire[side][0], 1,
					       &wire[side][1], 1, 0) >= 0);
	}
}

static void start(struct rig *rig, uint16_t lcores)
{
	uint8_t secret[COOKIE_SECRET_LEN];

	start_eal();
	configure(&rig->config, lcores);
	make_ports(rig);
	rig->aead = aead_create();
	assert_non_null(rig->aead);
	for (int i = 0; i < 2; i++) {
		memset(secret, 0x40 + i, sizeof(secret));
		cookie_secret_init(&rig->secrets.secret[i], rig->aead, secret);
	}
	rig->dp = dp_create(&rig->config);
	assert_non_null(rig->dp);
	rig->mbufs = rte_mempool_avail_count(rig->dp->mbuf_pool);
	atomic_store(&rig->dp->cookie, &rig->secrets);
	for (uint16_t i = 0; i < rig->config.neighbours; i++) {
		struct rte_ether_addr mac = {{2, 0, 0, 0, 0, (uint8_t)i}};

		next_hop_set(&rig->dp->next_hops, i, &mac);
	}
}

void rig_start(struct rig *rig, uint16_t lcores)
{
	memset(rig, 0, sizeof(*rig));
	start(rig, lcores);
}

void rig_start_rss(struct rig *rig, uint16_t lcores)
{
	memset(rig, 0, sizeof(*rig));
	rig->rss = true;
	start(rig, lcores);
	for (int side = 0; side < 2; side++)
		nic_attach(&rig->nic[side], rig->dp->port_id[side], rig->from_gateway[side]);
}

void rig_stop(struct rig *rig)
{
	for (int side = 0; side < 2; side++) {
		struct rte_mbuf *m;

		while ((m = rig_take(rig, side)) != NULL)
			rte_pktmbuf_free(m);
	}
	assert_int_equal(rte_mempool_avail_count(rig->dp->mbuf_pool), rig->mbufs);
	dp_destroy(rig->dp);
	for (int side = 0; side < 2; side++) {
		if (rig->rss)
			nic_destroy(&rig->nic[side], nic_device[side]);
		else
			rte_vdev_uninit(ring_device[side]);
	}
	aead_destroy(rig->aead);
}

struct rte_mbuf *rig_frame(struct rig *rig, const void *bytes, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig->dp->mbuf_pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, len), bytes, len);
	return m;
}

struct rte_mbuf *rig_take_mbufs(struct rig *rig)
{
	struct rte_mbuf *list = NULL, *m;

	while ((m = rte_pktmbuf_alloc(rig->dp->mbuf_pool)) != NULL) {
		m->next = list;
		list = m;
	}
	return list;
}

void rig_give_mbufs(struct rte_mbuf *list)
{
	while (list != NULL) {
		struct rte_mbuf *m = list;

		list = m->next;
		m->next = NULL;
		rte_pktmbuf_free(m);
	}
}

struct rte_mbuf *rig_udp(struct rig *rig, int side, const char *src, uint16_t src_port,
			 const char *dst, uint16_t dst_port, const void *payload, uint16_t len)
{
	uint8_t frame[PACKET_MAX];
	uint16_t frame_len = packet_udp(frame, &rig->dp->port[rig->dp->port_id[side]].mac, src,
					src_port, dst, dst_port, payload, len);

	return rig_frame(rig, frame, frame_len);
}

struct rte_mbuf *rig_from_client(struct rig *rig, uint16_t client_port, const void *payload,
				 uint16_t len)
{
	return rig_udp(rig, RIG_OUTSIDE, RIG_CLIENT, client_port, RIG_GATEWAY, RIG_LISTEN_PORT,
		       payload, len);
}

struct rte_mbuf *rig_from_backend(struct rig *rig, uint16_t nat_port, const void *payload,
				  uint16_t len)
{
	return rig_udp(rig, RIG_INSIDE, RIG_BACKEND, RIG_BACKEND_PORT, RIG_INSIDE_IP, nat_port,
		       payload, len);
}

void rig_put(struct rig *rig, int side, struct rte_mbuf *m)
{
	if (rig->rss)
		nic_put(&rig->nic[side], m);
	else
		assert_int_equal(rte_ring_enqueue(rig->to_gateway[side], m), 0);
}

void rig_put_fragments(struct rig *rig, const char *src, uint16_t src_port, const char *dst,
		       const void *payload, uint16_t len)
{
	static uint8_t frame[PACKET_MAX + 16384];
	static uint16_t id;
	uint16_t left = len + sizeof(struct rte_udp_hdr), at = 0;
	uint8_t part[PACKET_MAX];

	packet_udp(frame, &rig->dp->port[rig->dp->port_id[RIG_OUTSIDE]].mac, src, src_port, dst,
		   RIG_LISTEN_PORT, payload, len);
	id++;
	while (left > 0) {
		uint16_t n = RTE_MIN(left, 1448);

		left -= n;
		rig_put(rig, RIG_OUTSIDE,
			rig_frame(rig, part, packet_fragment(part, frame, at, n, left > 0, id)));
		at += n;
	}
}

void rig_poll(struct rig *rig)
{
	for (int n = 0; n < POLLS; n++) {
		for (uint16_t i = 0; i < rig->dp->lcore_nb; i++)
			lcore_poll(dp_lcore(rig->dp, i));
	}
}

struct rte_mbuf *rig_take(struct rig *rig, int side)
{
	void *m;

	return rte_ring_dequeue(rig->from_gateway[side], &m) == 0 ? m : NULL;
}

bool rig_message(struct rig *rig, struct msg *msg)
{
	for (uint16_t i = 0; i < rig->dp->lcore_nb; i++) {
		if (dp_receive(rig->dp, i, msg, 1) == 1)
			return true;
	}
	return false;
}

uint64_t rig_drops(const struct rig *rig, enum drop reason)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < rig->dp->lcore_nb; i++)
		n += rig->dp->stats[i]->drop[reason];
	return n;
}

void rig_check_balance(const struct rig *rig)
{
	for (uint16_t i = 0; i < rig->dp->lcore_nb; i++) {
		const struct stats *s = rig->dp->stats[i];
		uint64_t in =
			s->rx + s->handoff_in + s->inject + s->split + s->made + s->reassembled;
		uint64_t out = s->tx + s->punt + s->handoff + s->merged + s->fragments;

		DROP_FOREACH (r) {
			out += s->drop[r];
		}
		assert_int_equal(in, out);
	}
}

struct flow_key rig_flow(const struct rig *rig, uint16_t client_port)
{
	struct flow_key flow = {.remote_port = rte_cpu_to_be_16(client_port),
				.local_port = rte_cpu_to_be_16(RIG_LISTEN_PORT),
				.port_id = rig->dp->port_id[RIG_OUTSIDE]};

	ip_parse(RIG_CLIENT, &flow.remote);
	ip_parse(RIG_GATEWAY, &flow.local);
	return flow;
}

static void fill_encaps(struct rig *rig, struct session *s, const struct flow_key *flow,
			uint16_t nat_port)
{
	struct encap_addr inside = {.dst_port = s->backend_port,
				    .src_port = rte_cpu_to_be_16(nat_port)};
	struct encap_addr outside = {.src = flow->local,
				     .dst = flow->remote,
				     .src_port = flow->local_port,
				     .dst_port = flow->remote_port};
	uint16_t in = rig->dp->port_id[RIG_INSIDE], out = rig->dp->port_id[RIG_OUTSIDE];

	ip_parse(RIG_INSIDE_IP, &inside.src);
	inside.dst = s->backend;
	encap_init(&s->rx.encap, &rig->dp->port[in], in, 1, &inside);
	encap_init(&s->tx.encap, &rig->dp->port[out], out, 2, &outside);
	s->tx.plain_max = 1500 - 28 - record_overhead(s->suite);
}

void rig_install(struct rig *rig, struct rig_session *rs, uint16_t client_port, uint16_t nat_port)
{
	rig_install_suite(rig, rs, client_port, nat_port, AEAD_AES_128_GCM);
}

static void install(struct rig *rig, struct rig_session *rs, uint16_t client_port,
		    uint16_t nat_port, enum aead_suite suite, uint16_t owner)
{
	struct msg msg = {.type = MSG_SESSION_INSTALL};
	struct session *s;

	memset(rs, 0, sizeof(*rs));
	rs->keys.suite = suite;
	for (int i = 0; i < AEAD_KEY_MAX; i++) {
		rs->keys.client_key[i] = (uint8_t)(i + client_port);
		rs->keys.server_key[i] = (uint8_t)(3 * i + client_port);
	}
	memset(rs->keys.client_iv, 0x11, aead_info[suite].fixed_iv_len);
	memset(rs->keys.server_iv, 0x22, aead_info[suite].fixed_iv_len);
	aead_key_expand(rig->aead, rs->keys.suite, rs->keys.client_key, &rs->client_key);
	aead_key_expand(rig->aead, rs->keys.suite, rs->keys.server_key, &rs->server_key);
	s = session_pool_get(rig->dp->sessions, 0);
	assert_non_null(s);
	session_init(s, rig->aead, &rs->keys, rig->config.replay_window);
	rs->flow = rig_flow(rig, client_port);
	s->id = (UINT64_C(1) << 32) | client_port;
	ip_parse(RIG_BACKEND, &s->backend);
	s->backend_port = rte_cpu_to_be_16(RIG_BACKEND_PORT);
	s->nat_port = rte_cpu_to_be_16(nat_port);
	fill_encaps(rig, s, &rs->flow, nat_port);
	s->lcore = owner;
	atomic_store(&rig->dp->nat.addr[0].slot[nat_port].lcore, owner);
	rs->session = s;
	msg.session = s;
	msg.flow = rs->flow;
	assert_true(dp_send(rig->dp, owner, &msg));
	rig_poll(rig);
	assert_true(rig_message(rig, &msg));
	assert_int_equal(msg.type, MSG_INSTALLED);
}

void rig_install_on(struct rig *rig, struct rig_session *rs, uint16_t client_port,
		    uint16_t nat_port, uint16_t lcore)
{
	install(rig, rs, client_port, nat_port, AEAD_AES_128_GCM, lcore);
}

void rig_install_suite(struct rig *rig, struct rig_session *rs, uint16_t client_port,
		       uint16_t nat_port, enum aead_suite suite)
{
	struct flow_key flow = rig_flow(rig, client_port);

	install(rig, rs, client_port, nat_port, suite,
		rig->dp->lcore_nb == 1 ? 0 : dp_flow_lcore(rig->dp, &flow));
}

uint16_t rig_seal(struct rig *rig, struct rig_session *rs, uint8_t type, uint16_t epoch,
		  uint64_t seq, const void *plain, uint16_t len, uint8_t *out)
{
	struct record rec = {.type = type,
			     .version = DTLS_VERSION_1_2,
			     .epoch = epoch,
			     .seq = seq,
			     .plain_len = len};
	struct aead_op op;

	memcpy(out + DTLS_RECORD_HEADER_LEN + aead_info[rs->keys.suite].explicit_nonce_len, plain,
	       len);
	record_seal_prepare(rs->keys.suite, rs->keys.client_iv, out, &rec, &op);
	op.key = &rs->client_key;
	aead_seal_burst(rig->aead, &op, 1);
	return DTLS_RECORD_HEADER_LEN + rec.fragment_len;
}

int rig_open(struct rig *rig, struct rig_session *rs, const uint8_t *record, uint16_t len,
	     struct record *rec, uint8_t *plain)
{
	uint8_t copy[2048];
	struct aead_op op;

	memcpy(copy, record, len);
	assert_true(record_parse(copy, len, rec));
	assert_true(record_open_prepare(rs->keys.suite, rs->keys.server_iv, copy, rec, &op));
	op.key = &rs->server_key;
	aead_open_burst(rig->aead, &op, 1);
	if (!op.ok)
		return -1;
	memcpy(plain, op.data, op.data_len);
	return (int)op.data_len;
}

const uint8_t *rig_payload(struct rte_mbuf *m, uint16_t *len)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
								sizeof(struct rte_ether_hdr));
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);

	assert_true(packet_checksum_good(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len));
	*len = rte_be_to_cpu_16(udp->dgram_len) - sizeof(*udp);
	assert_int_equal(m->pkt_len,
			 sizeof(struct rte_ether_hdr) + sizeof(*ip) + sizeof(*udp) + *len);
	return (const uint8_t *)(udp + 1);
}

void rig_expect_ended(struct rig *rig, const struct rig_session *rs, enum session_end end)
{
	struct msg msg;

	assert_true(rig_message(rig, &msg));
	assert_int_equal(msg.type, MSG_SESSION_ENDED);
	assert_ptr_equal(msg.session, rs->session);
	assert_int_equal(msg.session->end, end);
}
