// SPDX-License-Identifier: BSD-3-Clause
#include "plane.h"

#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_udp.h>
#include <stdlib.h>

#include "aead_mb.h"
#include "aead_ossl.h"
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

static void make_lanes(struct plane *p)
{
	for (uint16_t i = 0; i < p->config.lcore_nb; i++) {
		p->lane[i].lc = dp_lcore(p->dp, i);
		if (p->avx2)
			init_mb_mgr_avx2(p->lane[i].lc->aead->mgr);
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

struct check {
	struct plane *p;
	const uint32_t *pick;
	uint32_t size;
	uint32_t k;
	bool sealed;
};

// Fills the checksums in as a device does that was asked to, and checks what it was given.
static void offload(const struct encap *e, struct rte_mbuf *m)
{
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + m->l3_len);
	bool v4 = encap_l3_len(e) == sizeof(struct rte_ipv4_hdr);

	bench_check(m->l2_len == encap_l2_len(e) && m->l3_len == encap_l3_len(e));
	bench_check((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM);
	bench_check((m->ol_flags & (v4 ? RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6)) != 0);
	if (v4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;

		bench_check(udp->dgram_cksum == rte_ipv4_phdr_cksum(ip, m->ol_flags));
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;

		bench_check(udp->dgram_cksum == rte_ipv6_phdr_cksum(ip, m->ol_flags));
		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
	}
}

// Headers in front of the payload: those of e, with good checksums.
static void check_headers(const struct encap *e, struct rte_mbuf *m)
{
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, encap_l2_len(e));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + encap_l3_len(e));
	rte_be16_t sum;

	bench_check(m->nb_segs == 1 && m->pkt_len == m->data_len);
	bench_check(rte_be_to_cpu_16(udp->dgram_len) ==
		    m->data_len - encap_l2_len(e) - encap_l3_len(e));
	bench_check(memcmp(udp, e->header + ENCAP_HEADER_LEN - 8, 4) == 0);
	sum = udp->dgram_cksum;
	udp->dgram_cksum = 0;
	if (encap_l3_len(e) == sizeof(struct rte_ipv4_hdr)) {
		bench_check(rte_raw_cksum(l3, encap_l3_len(e)) == 0xffff);
		udp->dgram_cksum = rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)l3, udp);
	} else {
		udp->dgram_cksum = rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)l3, udp);
	}
	bench_check(udp->dgram_cksum == sum);
}

static void check_frame(void *arg, struct rte_mbuf *m)
{
	struct check *c = arg;
	uint32_t i = c->pick[c->k];
	const struct session *s = c->p->session[i];
	const struct encap *e = c->sealed ? &s->tx.encap : &s->rx.encap;
	uint8_t *payload = rte_pktmbuf_mtod_offset(m, uint8_t *, encap_len(e));
	uint16_t len = m->data_len - encap_len(e);
	uint8_t plain[FRAME_MAX];

	if (c->p->lane[0].port[0].offload)
		offload(e, m);
	check_headers(e, m);
	plane_payload(c->k++, plain, c->size);
	if (c->sealed) {
		struct traffic_keys keys = plane_keys(i);
		struct aead_ossl_key key = {.suite = keys.suite};
		const struct aead_ossl_key *keyp = &key;
		struct record rec;
		struct aead_op op;

		memcpy(key.key, keys.server_key, 16);
		bench_check(record_parse(payload, len, &rec));
		bench_check(len == DTLS_RECORD_HEADER_LEN + rec.fragment_len);
		bench_check(rec.type == DTLS_APPLICATION_DATA && rec.epoch == 1);
		bench_check(record_open_prepare(keys.suite, keys.server_iv, payload, &rec, &op));
		aead_ossl_open_burst(&keyp, &op, 1);
		bench_check(op.ok);
		payload = op.data;
		len = rec.plain_len;
	}
	bench_check(len == c->size && memcmp(payload, plain, len) == 0);
}

void plane_check(struct plane *p, int side, const uint32_t *pick, uint32_t size)
{
	struct check c = {.p = p, .pick = pick, .size = size, .sealed = side == PLANE_INSIDE};
	struct mem_port *from = &p->lane[0].port[side], *to = &p->lane[0].port[!side];
	uint64_t drops = plane_drops(p);

	if (!c.sealed)
		plane_reset_replay(p, pick, from->frames->nb);
	from->next = 0;
	mem_port_sink(to, check_frame, &c);
	mem_port_offer(from, from->frames->nb);
	while (from->left > 0)
		lcore_poll(p->lane[0].lc);
	bench_check(c.k == from->frames->nb && plane_drops(p) == drops);
	mem_port_sink(to, NULL, NULL);
}
