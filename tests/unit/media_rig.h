// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_MEDIA_RIG_H
#define DTLSGW_UNIT_MEDIA_RIG_H

// What the tests of STUN and RTP share: a rig whose listener has a media server, and as much of the
// control plane as makes relays.
#include "rig.h"

#undef LOG_TYPE
#include "cp.h"
#include "loop.h"
#include "media.h"
#include "nat_pool.h"
#include "neigh.h"
#include "packet.h"
#include "relay_dir.h"
#include "route.h"
#include "unit.h"

#define MEDIA_PORT 5000
#define OPEN_MAX   (RIG_RELAYS - relay_spare(RIG_RELAYS)) // relays of flows without session

// The addresses of one family.
struct family {
	const char *client, *gateway, *inside, *media;
};

static const struct family v4 = {RIG_CLIENT, RIG_GATEWAY, RIG_INSIDE_IP, RIG_BACKEND};
static const struct family v6 = {RIG_CLIENT6, RIG_GATEWAY6, RIG_INSIDE_IP6, RIG_BACKEND6};

static struct rig rig;
static struct cp cp;
static uint32_t nat_ports;  // free at the start
static uint64_t references; // of neighbours at the start

// A Binding request without attributes, then what makes it RTP, ZRTP and so on.
static const uint8_t stun[20] = {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 1,  2,
				 3,    4,    5,	   6,	 7,    8,    9,	   10,	 11, 12};
static const uint8_t response[20] = {0x01, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 1,	 2,
				     3,	   4,	 5,    6,    7,	   8,	 9,    10,   11, 12};
static const uint8_t rtp[200] = {0x80, 0x60, 0x00, 0x07, 0xff};
static const uint8_t rtcp[28] = {0x80, 0xc8, 0x00, 0x06};

static inline void start(uint16_t lcores, const struct family *media)
{
	rig_start(&rig, lcores);
	rig.config.backend_nb = 1;
	ip_parse(media->media, &rig.config.backend[0].addr);
	rig.config.backend[0].port = MEDIA_PORT;
	rig.config.listener[0].media = 0;
	memset(&cp, 0, sizeof(cp));
	pthread_mutex_init(&cp.lock, NULL);
	cp.dp = rig.dp;
	cp.config = &rig.config;
	cp.nat = nat_pool_create(&rig.dp->nat, rig.dp->port);
	cp.neigh = neigh_create(&cp);
	cp.relays = relay_dir_create();
	assert_true(cp.nat != NULL && cp.neigh != NULL && cp.relays != NULL);
	nat_ports = nat_pool_free_count(cp.nat);
	references = neigh_stats(&cp)->referenced;
	for (uint16_t i = 0; i < lcores; i++) {
		struct lcore *lc = dp_lcore(rig.dp, i);

		lc->media.credit_tsc = lc->media.session_credit_tsc = lc->second_tsc;
	}
}

static inline int set_up(void **state)
{
	(void)state;
	start(1, &v4);
	return 0;
}

static inline int set_up_v6(void **state)
{
	(void)state;
	start(1, &v6);
	return 0;
}

static inline int set_up_two_lcores(void **state)
{
	(void)state;
	start(2, &v4);
	return 0;
}

static inline int set_up_four_lcores(void **state)
{
	(void)state;
	start(4, &v4);
	return 0;
}

static inline uint64_t stat_sum(size_t at)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < rig.dp->lcore_nb; i++)
		n += *(const uint64_t *)((const uint8_t *)rig.dp->stats[i] + at);
	return n;
}

#define STAT(name) stat_sum(offsetof(struct stats, name))

// Moves what there is between the planes until nothing moves any more.  ARP and NDP questions are
// dropped: every next hop of the rig is resolved.
static inline void pump(void)
{
	struct msg msg;
	bool moved;

	do {
		moved = false;
		rig_poll(&rig);
		while (rig_message(&rig, &msg)) {
			loop_dispatch(&cp, &msg);
			moved = true;
		}
	} while (moved);
}

// Lets the lcores' clock run ahead; each walks its whole table.
static inline void pass(unsigned int seconds)
{
	for (uint16_t i = 0; i < rig.dp->lcore_nb; i++) {
		struct lcore *lc = dp_lcore(rig.dp, i);

		for (uint32_t n = 0, cursor = 0; n < table_slots(lc->media.table); n++) {
			struct flow *flow = table_walk(lc->media.table, &cursor);

			if (flow == NULL)
				continue;
			flow->relay->used_tsc -= seconds * lc->second_tsc;
			if (flow->relay->replied_tsc != 0)
				flow->relay->replied_tsc -= seconds * lc->second_tsc;
		}
		lc->media.walked_tsc -= lc->second_tsc;
		lc->walked_tsc -= lc->second_tsc;
		lc->stats.polls = 0;
	}
	pump();
}

static inline void check_idle(void)
{
	assert_int_equal(STAT(relays), 0);
	assert_int_equal(rte_mempool_avail_count(rig.dp->relay_pool), RIG_RELAYS);
	assert_int_equal(nat_pool_free_count(cp.nat), nat_ports);
	assert_int_equal(neigh_stats(&cp)->referenced, references);
	assert_int_equal(relay_dir_stats(&cp)->begun, relay_dir_stats(&cp)->ended);
}

static inline int tear_down(void **state)
{
	(void)state;
	pass(3600);
	check_idle();
	rig_check_balance(&rig);
	relay_dir_destroy(cp.relays);
	neigh_destroy(cp.neigh);
	nat_pool_destroy(cp.nat);
	pthread_mutex_destroy(&cp.lock);
	rig_stop(&rig);
	return 0;
}

static inline void put_from(const struct family *f, uint16_t port, const void *payload,
			    uint16_t len)
{
	rig_put(&rig, RIG_OUTSIDE,
		rig_udp(&rig, RIG_OUTSIDE, f->client, port, f->gateway, RIG_LISTEN_PORT, payload,
			len));
	pump();
}

static inline void put(uint16_t port, const void *payload, uint16_t len)
{
	put_from(&v4, port, payload, len);
}

// The next frame sent on a side that is neither ARP nor NDP, NULL if there is none.
static inline struct rte_mbuf *take(int side)
{
	struct rte_mbuf *m;

	while ((m = rig_take(&rig, side)) != NULL) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

		if ((p[12] == 0x08 && p[13] == 0x00) || (p[12] == 0x86 && p[20] == IPPROTO_UDP))
			return m;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

// The next datagram sent on a side is payload between these addresses and ports.  src_port 0: any.
// Returns its source port.
static inline uint16_t expect(int side, const char *src, uint16_t src_port, const char *dst,
			      uint16_t dst_port, const void *payload, uint16_t len)
{
	static uint8_t want[PACKET_MAX + 64];
	struct rte_mbuf *m = take(side);
	uint16_t l4, port, want_len;
	struct rte_ether_addr mac;
	const uint8_t *got;

	assert_non_null(m);
	got = rte_pktmbuf_mtod(m, const uint8_t *);
	l4 = got[12] == 0x08 ? 34 : 54;
	port = (uint16_t)(got[l4] << 8 | got[l4 + 1]);
	assert_true(src_port == 0 || port == src_port);
	memcpy(&mac, got, sizeof(mac)); // a frame may lie at any address
	want_len = packet_udp(want, &mac, src, port, dst, dst_port, payload, len);
	assert_int_equal(m->data_len, want_len);
	assert_memory_equal(got + l4 - 8, want + l4 - 8, want_len - (l4 - 8)); // from addresses on
	assert_true(packet_checksum_good(got, m->data_len));
	rte_pktmbuf_free(m);
	return port;
}

// The client's datagram arrives at the media server.  Returns the gateway's port.
static inline uint16_t expect_at_media(const struct family *f, const void *payload, uint16_t len)
{
	return expect(RIG_INSIDE, f->inside, 0, f->media, MEDIA_PORT, payload, len);
}

static inline void expect_at_client(const struct family *f, uint16_t port, const void *payload,
				    uint16_t len)
{
	expect(RIG_OUTSIDE, f->gateway, RIG_LISTEN_PORT, f->client, port, payload, len);
}

static inline void expect_nothing(void)
{
	assert_null(take(RIG_INSIDE));
	assert_null(take(RIG_OUTSIDE));
}

static inline void reply_from(const struct family *f, uint16_t nat_port, const void *payload,
			      uint16_t len)
{
	rig_put(&rig, RIG_INSIDE,
		rig_udp(&rig, RIG_INSIDE, f->media, MEDIA_PORT, f->inside, nat_port, payload, len));
	pump();
}

static inline void reply(uint16_t nat_port, const void *payload, uint16_t len)
{
	reply_from(&v4, nat_port, payload, len);
}

// Checks that one more datagram was dropped for the reason.
static inline void expect_drop(enum drop reason, uint64_t before)
{
	assert_int_equal(rig_drops(&rig, reason), before + 1);
	expect_nothing();
}

static inline uint16_t begin_relay(uint16_t port)
{
	put(port, stun, sizeof(stun));
	return expect_at_media(&v4, stun, sizeof(stun));
}

// The first client's port from from on whose flow is that lcore's.
static inline uint16_t port_of(uint16_t lcore, uint16_t from)
{
	struct flow_key flow = rig_flow(&rig, from);

	while (dp_flow_lcore(rig.dp, &flow) != lcore)
		flow = rig_flow(&rig, ++from);
	return from;
}

#endif
