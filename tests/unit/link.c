// SPDX-License-Identifier: BSD-3-Clause
#include "link.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ring_elem.h>

#include "neigh.h"
#include "unit.h"

#define MBUFS 63

static struct rte_mempool *pool; // made once, as EAL is
static struct rte_ring *ring[2];

static void start_eal(void)
{
	char *argv[] = {"link", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	"64",	     "--lcores", "0@0",		"--log-level=error"};

	if (pool != NULL)
		return;
	assert_true(rte_eal_init(UNIT_NB(argv), argv) >= 0);
	pool = rte_pktmbuf_pool_create("link", MBUFS, 0, 0, RTE_PKTMBUF_HEADROOM + LINK_FRAME_MAX,
				       SOCKET_ID_ANY);
	ring[0] = rte_ring_create_elem("link_0", sizeof(struct msg), LINK_RING_SIZE, SOCKET_ID_ANY,
				       RING_F_SP_ENQ | RING_F_SC_DEQ);
	ring[1] = rte_ring_create_elem("link_1", sizeof(struct msg), LINK_RING_SIZE, SOCKET_ID_ANY,
				       RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_true(pool != NULL && ring[0] != NULL && ring[1] != NULL);
}

static void add(struct config_port *port, const char *text, uint8_t prefix_len)
{
	struct config_addr *a = &port->addr[port->addr_nb++];

	assert_int_equal(ip_parse(text, &a->addr), 0);
	a->prefix_len = prefix_len;
}

static void configure(struct config *config)
{
	*config = (struct config){
		.lcore_nb = 2,
		.port_nb = 2,
		.port = {{.name = "outside", .role = CONFIG_OUTSIDE, .mtu = 1500},
			 {.name = "inside", .role = CONFIG_INSIDE, .mtu = 1500, .vlan = 7}},
		.backend_nb = 1,
		.backend = {{.name = "echo", .port = 7}},
		.neighbours = LINK_NEIGHBOURS,
	};
	add(&config->port[0], "198.51.100.1", 24);
	add(&config->port[0], "2001:db8:1::1", 64);
	add(&config->port[1], "192.0.2.1", 24);
	add(&config->port[1], "2001:db8:2::1", 64);
	ip_parse("198.51.100.254", &config->port[0].gateway_v4);
	ip_parse("fe80::254", &config->port[0].gateway_v6);
	ip_parse("192.0.2.2", &config->backend[0].addr);
}

static void build_dp(struct link *l)
{
	static const uint16_t port_id[2] = {LINK_OUTSIDE, LINK_INSIDE};
	struct dp *dp = &l->dp;

	dp->config = &l->config;
	dp->lcore_nb = 2;
	dp->mbuf_pool = pool;
	dp->next_hops.nb = LINK_NEIGHBOURS;
	dp->next_hops.hop = calloc(LINK_NEIGHBOURS, sizeof(struct next_hop));
	for (uint16_t i = 0; i < 2; i++) {
		const struct config_port *config = &l->config.port[i];

		dp->install[i] = ring[i];
		dp->port_id[i] = port_id[i];
		dp->port[port_id[i]] = (struct port){
			.config = config,
			.index = i,
			.mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}},
			.mtu = config->mtu,
			.vlan = config->vlan,
			.outside = config->role == CONFIG_OUTSIDE,
			.tx_lcore = {i, i},
		};
	}
}

void link_start(struct link *l)
{
	start_eal();
	memset(l, 0, sizeof(*l));
	configure(&l->config);
	build_dp(l);
	l->cp.dp = &l->dp;
	l->cp.config = &l->config;
	l->cp.neigh = neigh_create(&l->cp);
	assert_non_null(l->cp.neigh);
	l->now_tsc = 1;
	neigh_tick(&l->cp, l->now_tsc);
}

void link_stop(struct link *l)
{
	link_expect_silence(l);
	neigh_destroy(l->cp.neigh);
	free(l->dp.next_hops.hop);
	assert_int_equal(rte_mempool_avail_count(pool), MBUFS);
}

void link_put_bytes(struct link *l, uint16_t port_id, const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	m->port = port_id;
	neigh_frame(&l->cp, m);
}

void link_put(struct link *l, uint16_t port_id, const char *hex)
{
	uint8_t bytes[LINK_FRAME_MAX];

	link_put_bytes(l, port_id, bytes, unit_hex(hex, bytes, sizeof(bytes)));
}

size_t link_take(struct link *l, uint16_t port_id, uint8_t bytes[static LINK_FRAME_MAX])
{
	struct msg msg;
	size_t len;

	if (rte_ring_dequeue_elem(l->dp.install[port_id == LINK_INSIDE], &msg, sizeof(msg)) != 0)
		return 0;
	assert_int_equal(msg.type, MSG_TX_FRAME);
	assert_int_equal(msg.mbuf->port, port_id);
	assert_int_equal(msg.mbuf->ol_flags, 0);
	len = rte_pktmbuf_pkt_len(msg.mbuf);
	assert_int_equal(rte_pktmbuf_data_len(msg.mbuf), len);
	memcpy(bytes, rte_pktmbuf_mtod(msg.mbuf, void *), len);
	rte_pktmbuf_free(msg.mbuf);
	return len;
}

void link_expect(struct link *l, uint16_t port_id, const char *hex)
{
	uint8_t want[LINK_FRAME_MAX], got[LINK_FRAME_MAX];
	size_t len = unit_hex(hex, want, sizeof(want));

	assert_int_equal(link_take(l, port_id, got), len);
	assert_memory_equal(got, want, len);
}

void link_expect_silence(struct link *l)
{
	assert_int_equal(rte_ring_count(l->dp.install[0]), 0);
	assert_int_equal(rte_ring_count(l->dp.install[1]), 0);
}

unsigned int link_flush(struct link *l)
{
	uint8_t bytes[LINK_FRAME_MAX];
	unsigned int n = 0;

	while (link_take(l, LINK_OUTSIDE, bytes) > 0 || link_take(l, LINK_INSIDE, bytes) > 0)
		n++;
	return n;
}

void link_pass(struct link *l, uint32_t ms)
{
	uint64_t tick_tsc = rte_get_tsc_hz() * NEIGH_TICK_MS / 1000;

	for (uint32_t i = 0; i < ms / NEIGH_TICK_MS; i++) {
		l->now_tsc += tick_tsc;
		neigh_tick(&l->cp, l->now_tsc);
	}
}

const char *link_mac(struct link *l, uint16_t next_hop)
{
	static char text[2 * RTE_ETHER_ADDR_LEN + 1];
	struct rte_ether_addr mac;

	if (!next_hop_get(&l->dp.next_hops, next_hop, &mac))
		return "";
	for (int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		snprintf(text + 2 * i, 3, "%02x", mac.addr_bytes[i]);
	return text;
}

void link_send(struct link *l, uint16_t port_id, uint16_t next_hop, const char *src,
	       const char *dst, uint8_t payload)
{
	struct encap_addr addr = {.src_port = RTE_BE16(4433), .dst_port = RTE_BE16(40000)};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct encap e;

	assert_non_null(m);
	*(uint8_t *)rte_pktmbuf_append(m, 1) = payload;
	ip_parse(src, &addr.src);
	ip_parse(dst, &addr.dst);
	encap_init(&e, &l->dp.port[port_id], port_id, next_hop, &addr);
	neigh_send(&l->cp, port_id == LINK_INSIDE, m, &e);
}

uint16_t link_route(struct link *l, const char *addr, bool outside)
{
	struct ip_addr dst;
	struct route route;

	ip_parse(addr, &dst);
	assert_int_equal(neigh_route(&l->cp, &dst, outside, &route), 0);
	assert_int_equal(route.port_id, outside ? LINK_OUTSIDE : LINK_INSIDE);
	return route.next_hop;
}
