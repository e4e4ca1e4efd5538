// SPDX-License-Identifier: BSD-3-Clause
#include "plane.h"

#include <rte_malloc.h>
#include <stdlib.h>

#include "aead_mb.h"
#include "record.h"

#define LISTEN_PORT  4433
#define BACKEND_PORT 7
#define NAT_PORTS    (NAT_PORT_NB - NAT_PORT_MIN)
#define FRAME_MAX    2048
#define SEED	     UINT64_C(0x5eed)

static void add_addr(struct config_port *port, const char *text, uint8_t prefix_len)
{
	struct config_addr *a = &port->addr[port->addr_nb++];

	bench_check(ip_parse(text, &a->addr) == 0);
	a->prefix_len = prefix_len;
}

static void configure(struct plane *p, uint32_t window, uint16_t lcores)
{
	struct config *config = &p->config;
	char text[IP_TEXT_LEN];

	*config = (struct config){
		.port_nb = 2,
		.port = {{.name = "outside", .role = CONFIG_OUTSIDE},
			 {.name = "inside", .role = CONFIG_INSIDE}},
		.listener_nb = 1,
		.listener = {{.name = "main", .addr_nb = 2, .port = LISTEN_PORT}},
		.sessions = p->v4_nb + p->v6_nb,
		.half_open = 1024,
		.idle_timeout_s = 3600,
		.handshake_timeout_s = 30,
		.replay_window = window,
		.control_rate = 1000,
		.neighbours = 16,
	};
	config->lcore_nb = lcores;
	for (int side = 0; side < 2; side++) {
		config->port[side].device = (char *)(uintptr_t)mem_port_device[side];
		config->port[side].mtu = 1500;
		config->port[side].rx_descs = config->port[side].tx_descs = 64;
	}
	add_addr(&config->port[0], "198.51.100.1", 24);
	add_addr(&config->port[0], "2001:db8:1::1", 64);
	for (uint32_t i = 0; i <= (p->v4_nb - 1) / NAT_PORTS; i++) {
		bench_check(config->port[1].addr_nb < CONFIG_ADDR_MAX);
		snprintf(text, sizeof(text), "192.0.2.%u", i + 1);
		add_addr(&config->port[1], text, 24);
	}
	if (p->v6_nb > 0)
		add_addr(&config->port[1], "2001:db8:2::1", 64);
	config->listener[0].addr[0] = config->port[0].addr[0].addr;
	config->listener[0].addr[1] = config->port[0].addr[1].addr;
}

struct traffic_keys plane_keys(uint32_t i)
{
	struct traffic_keys keys = {.suite = AEAD_AES_128_GCM};
	uint64_t seed = SEED + i;

	bench_random_bytes(&seed, keys.client_key, 16);
	bench_random_bytes(&seed, keys.server_key, 16);
	bench_random_bytes(&seed, keys.client_iv, 4);
	bench_random_bytes(&seed, keys.server_iv, 4);
	return keys;
}

static bool is_v6(const struct plane *p, uint32_t i)
{
	return i >= p->v4_nb;
}

static struct ip_addr client(const struct plane *p, uint32_t i)
{
	uint8_t byte[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 3};
	rte_be32_t low = rte_cpu_to_be_32(i + 1);
	struct ip_addr a;

	if (is_v6(p, i)) {
		memcpy(byte + 12, &low, 4);
		ip_from_v6(&a, byte);
	} else {
		low |= rte_cpu_to_be_32(UINT32_C(10) << 24);
		ip_from_v4(&a, &low);
	}
	return a;
}

struct flow_key plane_flow(const struct plane *p, uint32_t i, uint16_t client_port)
{
	return (struct flow_key){.remote = client(p, i),
				 .local = p->config.port[0].addr[is_v6(p, i)].addr,
				 .remote_port = rte_cpu_to_be_16(client_port),
				 .local_port = rte_cpu_to_be_16(LISTEN_PORT),
				 .port_id = p->dp->port_id[PLANE_OUTSIDE]};
}

static void address(struct plane *p, struct session *s, uint32_t i)
{
	bool v6 = is_v6(p, i);
	uint32_t k = v6 ? i - p->v4_nb : i;

	s->nat_addr = v6 ? p->config.port[1].addr_nb - 1 : (uint16_t)(k / NAT_PORTS);
	s->nat_port = rte_cpu_to_be_16(NAT_PORT_MIN + k % NAT_PORTS);
	bench_check(ip_parse(v6 ? "2001:db8:2::2" : "192.0.2.250", &s->backend) == 0);
	s->backend_port = rte_cpu_to_be_16(BACKEND_PORT);
}

static void set_headers(struct plane *p, struct session *s, const struct flow_key *flow)
{
	uint16_t out = p->dp->port_id[PLANE_OUTSIDE], in = p->dp->port_id[PLANE_INSIDE];
	struct encap_addr inside = {.src = p->dp->nat.addr[s->nat_addr].addr,
				    .dst = s->backend,
				    .src_port = s->nat_port,
				    .dst_port = s->backend_port};
	struct encap_addr outside = {.src = flow->local,
				     .dst = flow->remote,
				     .src_port = flow->local_port,
				     .dst_port = flow->remote_port};

	encap_init(&s->rx.encap, &p->dp->port[in], in, 1, &inside);
	encap_init(&s->tx.encap, &p->dp->port[out], out, 2, &outside);
	s->tx.plain_max = s->tx.encap.payload_max - record_overhead(s->suite);
	s->tx.blocks_left = UINT64_MAX / 2;
}

// Gives the session's port to the lcore of its flow.
static void take_port(struct plane *p, struct session *s, const struct flow_key *flow)
{
	s->lcore = p->config.lcore_nb > 1 ? dp_flow_lcore(p->dp, flow) : 0;
	atomic_store(&p->dp->nat.addr[s->nat_addr].slot[rte_be_to_cpu_16(s->nat_port)].lcore,
		     s->lcore);
}

static struct session *build(struct plane *p, uint32_t i)
{
	struct traffic_keys keys = plane_keys(i);
	struct session *s = session_pool_get(p->dp->sessions, 0);

	bench_check(s != NULL);
	session_init(s, p->aead, &keys, p->config.replay_window);
	address(p, s, i);
	return s;
}

struct session *plane_session_new(struct plane *p, uint32_t i, const struct flow_key *flow,
				  uint16_t nat_port)
{
	struct session *s = build(p, i);

	s->nat_port = rte_cpu_to_be_16(nat_port);
	s->id = (UINT64_C(2) << 32) | i;
	set_headers(p, s, flow);
	take_port(p, s, flow);
	return s;
}

void plane_session_free(struct plane *p, struct session *s)
{
	session_pool_put(p->dp->sessions, s);
}

static void install(struct plane *p, uint32_t i)
{
	struct msg msg = {.type = MSG_SESSION_INSTALL,
			  .session = build(p, i),
			  .flow = plane_flow(p, i, PLANE_CLIENT_PORT)};
	uint16_t lcore;

	p->session[i] = msg.session;
	msg.session->id = (UINT64_C(1) << 32) | i;
	set_headers(p, msg.session, &msg.flow);
	take_port(p, msg.session, &msg.flow);
	lcore = msg.session->lcore;
	bench_check(dp_send(p->dp, lcore, &msg));
	lcore_poll(p->lane[lcore].lc);
	bench_check(dp_receive(p->dp, lcore, &msg, 1) == 1 && msg.type == MSG_INSTALLED);
}

// The linked ipsec-mb and no copy of it (mb_copy.h): a manager runs the code of the library whose
// function initialised it.
static void use_avx2(struct lcore *lc)
{
	aead_destroy(lc->aead);
	lc->aead = aead_create();
	bench_check(lc->aead != NULL);
	init_mb_mgr_avx2(lc->aead->mgr);
}

static void make_lanes(struct plane *p)
{
	for (uint16_t i = 0; i < p->config.lcore_nb; i++) {
		p->lane[i].lc = dp_lcore(p->dp, i);
		if (p->avx2)
			use_avx2(p->lane[i].lc);
	}
	for (uint16_t q = 0; q < p->queues; q++) {
		for (int side = 0; side < 2; side++) {
			uint16_t id = p->dp->port_id[side];

			mem_port_attach(&p->lane[p->dp->port[id].rxq_lcore[q]].port[side], id, q,
					p->dp->mbuf_pool);
		}
	}
}

void plane_init(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window)
{
	plane_init_lanes(p, v4_nb, v6_nb, window, 1, 1);
}

static void prepare(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window,
		    uint16_t lcores, uint16_t queues)
{
	*p = (struct plane){.avx2 = p->avx2};
	p->v4_nb = v4_nb;
	p->v6_nb = v6_nb;
	p->queues = queues;
	configure(p, window, lcores);
}

void plane_configure(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window)
{
	prepare(p, v4_nb, v6_nb, window, 1, 1);
}

void plane_start(struct plane *p)
{
	uint8_t secret[COOKIE_SECRET_LEN];
	uint64_t seed = SEED;

	mem_port_devices(p->queues);
	p->aead = aead_create();
	bench_check(p->aead != NULL);
	if (p->avx2)
		init_mb_mgr_avx2(p->aead->mgr);
	for (int i = 0; i < 2; i++) {
		bench_random_bytes(&seed, secret, sizeof(secret));
		cookie_secret_init(&p->secrets.secret[i], p->aead, secret);
	}
	p->dp = dp_create(&p->config);
	bench_check(p->dp != NULL);
	atomic_store(&p->dp->cookie, &p->secrets);
	for (uint16_t i = 0; i < p->config.neighbours; i++) {
		struct rte_ether_addr mac = {{2, 0, 0, 0, 0, (uint8_t)i}};

		next_hop_set(&p->dp->next_hops, i, &mac);
	}
	make_lanes(p);
}

void plane_init_lanes(struct plane *p, uint32_t v4_nb, uint32_t v6_nb, uint32_t window,
		      uint16_t lcores, uint16_t queues)
{
	prepare(p, v4_nb, v6_nb, window, lcores, queues);
	plane_start(p);
	p->session = calloc(v4_nb + v6_nb, sizeof(*p->session));
	bench_check(p->session != NULL);
	for (uint32_t i = 0; i < v4_nb + v6_nb; i++)
		install(p, i);
}

void plane_fini(struct plane *p)
{
	dp_destroy(p->dp);
	mem_port_devices_fini(p->queues);
	aead_destroy(p->aead);
	free(p->session);
}

void plane_payload(uint32_t k, uint8_t *p, uint32_t size)
{
	uint64_t seed = k;

	bench_random_bytes(&seed, p, size);
}

uint16_t plane_frame(struct plane *p, int side, const struct encap_addr *addr, const void *payload,
		     uint16_t len, uint8_t *frame)
{
	const struct port *gateway = &p->dp->port[p->dp->port_id[side]];
	struct port peer = {.mac = {{2, 0, 0, 0, 1, 1}}, .mtu = 1500};
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->dp->mbuf_pool);
	struct encap e;
	uint64_t mac = 0;

	bench_check(m != NULL);
	encap_init(&e, &peer, 0, 0, addr);
	memcpy(rte_pktmbuf_append(m, len), payload, len);
	memcpy(&mac, &gateway->mac, sizeof(gateway->mac));
	encap_push(m, &e, &peer, mac);
	len = m->data_len;
	memcpy(frame, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	return len;
}

void plane_backend_frames(struct plane *p, struct frames *f, const uint32_t *pick, uint32_t size)
{
	uint8_t payload[FRAME_MAX];

	for (uint32_t k = 0; k < f->nb; k++) {
		const struct session *s = p->session[pick[k]];
		struct encap_addr addr = {.src = s->backend,
					  .dst = p->dp->nat.addr[s->nat_addr].addr,
					  .src_port = s->backend_port,
					  .dst_port = s->nat_port};

		plane_payload(k, payload, size);
		f->len[k] = plane_frame(p, PLANE_INSIDE, &addr, payload, (uint16_t)size,
					frames_at(f, k));
	}
}

void plane_client_frames(struct plane *p, struct frames *f, const uint32_t *pick, uint32_t size)
{
	uint32_t *seq = rte_calloc("seq", p->v4_nb + p->v6_nb, sizeof(*seq), 0);
	uint8_t record[FRAME_MAX];

	bench_check(seq != NULL);
	for (uint32_t k = 0; k < f->nb; k++) {
		const struct session *s = p->session[pick[k]];
		struct flow_key flow = plane_flow(p, pick[k], PLANE_CLIENT_PORT);
		struct encap_addr addr = {.src = flow.remote,
					  .dst = flow.local,
					  .src_port = flow.remote_port,
					  .dst_port = flow.local_port};
		struct record rec = {.type = DTLS_APPLICATION_DATA,
				     .version = DTLS_VERSION_1_2,
				     .epoch = 1,
				     .seq = ++seq[pick[k]],
				     .plain_len = (uint16_t)size};
		struct aead_op op;

		plane_payload(k, record + DTLS_RECORD_HEADER_LEN + 8, size);
		record_seal_prepare(s->suite, s->rx.iv, record, &rec, &op);
		op.key = &s->rx.key;
		aead_seal_burst(p->aead, &op, 1);
		f->len[k] = plane_frame(p, PLANE_OUTSIDE, &addr, record,
					DTLS_RECORD_HEADER_LEN + rec.fragment_len, frames_at(f, k));
	}
	rte_free(seq);
}

void plane_load(struct plane *p, int side, const struct frames *f, enum mem_port_kind kind)
{
	mem_port_load(&p->lane[0].port[side], f, kind);
	mem_port_load(&p->lane[0].port[!side], NULL, kind);
}

void plane_unload(struct plane *p, int side)
{
	mem_port_unload(&p->lane[0].port[side]);
	mem_port_unload(&p->lane[0].port[!side]);
}

void plane_offload(struct plane *p, bool offload)
{
	for (int side = 0; side < 2; side++) {
		struct port *port = &p->dp->port[p->dp->port_id[side]];

		for (uint16_t i = 0; i < p->config.lcore_nb; i++)
			p->lane[i].port[side].offload = offload;
		port->tx_ipv4_flags = offload ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
							RTE_MBUF_F_TX_UDP_CKSUM
					      : 0;
		port->tx_ipv6_flags = offload ? RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM : 0;
	}
	for (uint32_t i = 0; i < p->v4_nb + p->v6_nb; i++) {
		struct flow_key flow = plane_flow(p, i, PLANE_CLIENT_PORT);

		set_headers(p, p->session[i], &flow);
	}
}

void plane_reset_replay(struct plane *p, const uint32_t *pick, uint32_t nb)
{
	for (uint32_t k = 0; k < nb; k++) {
		struct session *s = p->session[pick[k]];

		replay_init(&s->rx.replay, s->replay_bitmap, p->config.replay_window);
		replay_accept(&s->rx.replay, 0); // the client's Finished
	}
}

uint64_t plane_drops(const struct plane *p)
{
	uint64_t n = 0;

	DROP_FOREACH (r) {
		for (uint16_t i = 0; i < p->config.lcore_nb; i++)
			n += p->lane[i].lc->stats.drop[r];
	}
	return n;
}
