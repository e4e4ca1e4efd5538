// SPDX-License-Identifier: BSD-3-Clause
#include "reassemble.h"

#include "life.h"
#include "packet.h"
#include "rig.h"
#include "unit.h"

#define ETH	    14
#define UDP	    8
#define PARTS	    3
#define DATAGRAMS   16 // that rig_start() allows
#define PAYLOAD_MAX 8192
#define FRAME_MAX   (PACKET_MAX + PAYLOAD_MAX)

static struct rig rig;
static struct lcore *lc;
static uint8_t payload[PAYLOAD_MAX]; // starts as a record of a handshake
static unsigned int mbufs, large;

// Flows of both families are in handshake, so that their datagrams go to cp as they are.
static void begin_handshakes(void)
{
	struct flow_key flow = rig_flow(&rig, RIG_CLIENT_PORT);
	uint32_t id;
	bool live;

	assert_int_equal(life_handshake_begin(lc, &flow, &id, &live), BURST_PASS);
	ip_parse(RIG_CLIENT6, &flow.remote);
	ip_parse(RIG_GATEWAY6, &flow.local);
	assert_int_equal(life_handshake_begin(lc, &flow, &id, &live), BURST_PASS);
}

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	lc = dp_lcore(rig.dp, 0);
	rig_poll(&rig);
	begin_handshakes();
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + (i >> 8));
	payload[0] = DTLS_HANDSHAKE;
	payload[3] = payload[4] = 0;
	payload[13] = 16; // ClientKeyExchange
	mbufs = rte_mempool_avail_count(rig.dp->mbuf_pool);
	large = rte_mempool_avail_count(rig.dp->large_pool[0]);
	return 0;
}

// Nothing waits and no mbuf is missing once every fragment's time is over.
static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	lc->now_tsc += 2 * lc->second_tsc;
	reassemble_expire(lc);
	assert_int_equal(lc->stats.fragments, 0);
	rig_check_balance(&rig);
	assert_int_equal(rte_mempool_avail_count(rig.dp->mbuf_pool), mbufs);
	assert_int_equal(rte_mempool_avail_count(rig.dp->large_pool[0]), large);
	rig_stop(&rig);
	return 0;
}

// Receives bytes at..at + len of the IP payload of a datagram with payload_len bytes of payload.
static void put(bool v6, uint16_t payload_len, uint16_t at, uint16_t len, bool more, uint16_t id)
{
	static uint8_t frame[FRAME_MAX];
	uint8_t part[PACKET_MAX];

	packet_udp(frame, &rig.dp->port[rig.dp->port_id[RIG_OUTSIDE]].mac,
		   v6 ? RIG_CLIENT6 : RIG_CLIENT, RIG_CLIENT_PORT, v6 ? RIG_GATEWAY6 : RIG_GATEWAY,
		   RIG_LISTEN_PORT, payload, payload_len);
	len = packet_fragment(part, frame, at, len, more, id);
	rig_put(&rig, RIG_OUTSIDE, rig_frame(&rig, part, len));
	rig_poll(&rig);
}

// cp got the datagram, in one piece, behind headers that are good for MSG_INJECT.
static void expect_whole(bool v6, uint16_t len)
{
	uint16_t l4 = ETH + (v6 ? 40 : 20);
	uint8_t frame[PACKET_MAX];
	struct msg msg;
	struct rte_mbuf *m;

	assert_true(rig_message(&rig, &msg));
	m = msg.mbuf;
	assert_int_equal(msg.type, MSG_RECORD);
	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(m->data_len, len);
	assert_int_equal(m->pkt_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), payload, len);
	assert_int_equal(msg.l234_len, l4 + UDP);
	assert_non_null(rte_pktmbuf_prepend(m, msg.l234_len));
	if (m->data_len <= sizeof(frame))
		assert_true(
			packet_checksum_good(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len));
	rte_pktmbuf_free(m);
	assert_false(rig_message(&rig, &msg));
}

static void expect_nothing(void)
{
	struct msg msg;

	assert_false(rig_message(&rig, &msg));
}

// Every order of three fragments, both families.
static void any_order(void **state)
{
	static const uint8_t order[6][PARTS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
						{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const uint16_t at[PARTS] = {0, 800, 1600}, len[PARTS] = {800, 800, 391};

	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		for (unsigned int k = 0; k < PARTS; k++) {
			uint8_t part = order[i % 6][k];

			expect_nothing();
			assert_int_equal(lc->stats.fragments, k);
			put(i >= 6, 1983, at[part], len[part], part < 2, (uint16_t)i);
		}
		expect_whole(i >= 6, 1983);
		assert_int_equal(lc->stats.fragments, 0);
		assert_int_equal(lc->stats.reassembled, i + 1);
		assert_int_equal(lc->stats.merged, PARTS * (i + 1));
	}
}

// As long as it may be, of as many fragments as it may have, the smallest ones included.
static void largest_and_smallest(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		for (uint16_t i = 0; i < REASSEMBLE_PART_MAX; i++)
			put(v6, 8192 - UDP, i * 1024, 1024, i < REASSEMBLE_PART_MAX - 1, 1);
		expect_whole(v6, 8192 - UDP);
		for (uint16_t i = 0; i < REASSEMBLE_PART_MAX; i++)
			put(v6, 56, i * 8, 8, i < REASSEMBLE_PART_MAX - 1, 2);
		expect_whole(v6, 56);
	}
	put(false, 8000, 8192 - 8, 9, false, 3); // ends at byte 8193
	put(true, 8000, 8192, 8, true, 3);
	assert_int_equal(rig_drops(&rig, DROP_FRAGMENT_LEN), 2);
	put(true, 1000, 0, 1008, false, 4); // a fragment header, and no fragment (RFC 6946)
	expect_whole(true, 1000);
	assert_int_equal(lc->stats.reassembled, 4);
}

// Whatever overlaps or repeats ends its datagram.
static void overlaps(void **state)
{
	static const struct {
		uint16_t at, len;
		bool more;
	} rows[][4] = {
		{{0, 800, true}, {0, 800, true}},	  // twice the first
		{{1600, 391, false}, {1600, 391, false}}, // and the last
		{{800, 800, true}, {800, 800, true}, {0, 800, true}, {1600, 391, false}},
		{{0, 808, true}, {800, 800, true}, {1600, 391, false}},
		{{0, 800, true}, {792, 808, true}, {1600, 391, false}},
		{{0, 800, true}, {800, 800, true}, {1592, 391, false}},
		{{0, 1600, true}, {800, 800, true}, {1600, 391, false}},
		{{0, 800, true}, {1600, 800, true}, {800, 800, false}}, // behind the end
	};
	uint64_t dropped = 0;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		for (size_t k = 0; k < UNIT_NB(rows[i]) && rows[i][k].len > 0; k++) {
			put(i % 2, 2100, rows[i][k].at, rows[i][k].len, rows[i][k].more,
			    (uint16_t)i);
			dropped++;
		}
		expect_nothing();
		unit_check(i,
			   rig_drops(&rig, DROP_FRAGMENT_OVERLAP) + lc->stats.fragments == dropped);
		unit_check(i, rig_drops(&rig, DROP_FRAGMENT_OVERLAP) > 0);
	}
	assert_int_equal(lc->stats.reassembled, 0);
	assert_int_equal(lc->stats.fragments, 0);
}

static void too_many_fragments(void **state)
{
	(void)state;
	for (uint16_t i = 0; i <= REASSEMBLE_PART_MAX; i++)
		put(false, 1000, i * 8, 8, true, 1);
	expect_nothing();
	assert_int_equal(rig_drops(&rig, DROP_FRAGMENT_OVERLAP) + lc->stats.fragments,
			 REASSEMBLE_PART_MAX + 1);
	assert_true(rig_drops(&rig, DROP_FRAGMENT_OVERLAP) >= REASSEMBLE_PART_MAX);
}

// No more datagrams at a time than configured; their time is over some day.
static void full_and_timeout(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 100; i++)
		put(i % 2, 1000, 0, 800, true, i);
	assert_int_equal(lc->stats.fragments, DATAGRAMS);
	assert_int_equal(rig_drops(&rig, DROP_FRAGMENT_FULL), 100 - DATAGRAMS);
	put(false, 1000, 800, 208, false, 0); // those that are in get on
	expect_whole(false, 1000);
	put(false, 1000, 0, 800, true, 200); // and give their place
	assert_int_equal(rig_drops(&rig, DROP_FRAGMENT_FULL), 100 - DATAGRAMS);
	lc->now_tsc += 2 * lc->second_tsc;
	reassemble_expire(lc);
	assert_int_equal(rig_drops(&rig, DROP_FRAGMENT_TIMEOUT), DATAGRAMS);
	put(true, 1000, 0, 800, true, 1);
	put(true, 1000, 800, 208, false, 1);
	expect_whole(true, 1000);
}

static void no_mbuf(void **state)
{
	struct rte_mbuf *all[256];
	unsigned int nb = 0;

	(void)state;
	while ((all[nb] = rte_pktmbuf_alloc(rig.dp->large_pool[0])) != NULL)
		assert_true(++nb < UNIT_NB(all));
	put(false, 1000, 0, 800, true, 1);
	put(false, 1000, 800, 208, false, 1);
	expect_nothing();
	assert_int_equal(rig_drops(&rig, DROP_NO_MBUF), 2);
	rte_pktmbuf_free_bulk(all, nb);
}

static void switched_off(void **state)
{
	struct reassemble *usual = lc->reassemble;

	(void)state;
	lc->reassemble = NULL;
	put(false, 1000, 0, 800, true, 1);
	put(true, 1000, 800, 208, false, 1);
	assert_int_equal(rig_drops(&rig, DROP_IP_FRAGMENT), 2);
	lc->reassemble = usual;
}

// A checksum that is wrong in the whole, although each fragment looks good.
static void bad_checksum(void **state)
{
	(void)state;
	put(false, 1000, 0, 800, true, 1);
	payload[900] ^= 1;
	put(false, 1000, 800, 208, false, 1);
	payload[900] ^= 1;
	expect_nothing();
	assert_int_equal(rig_drops(&rig, DROP_UDP_CHECKSUM), 1);
}

// Records of a live session that only a reassembled datagram can hold.
static void records_of_a_session(void **state)
{
	static const uint8_t plain[3000];
	static uint8_t out[8000];
	struct rig_session rs;
	struct rte_mbuf *m;
	uint16_t len, got;

	(void)state;
	rig_install(&rig, &rs, 1234, RIG_NAT_PORT);
	len = rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, 0, plain, 1400, out);
	len += rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, 1, plain, 3000, out + len);
	len += rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, 2, plain, 1300, out + len);
	rig_put_fragments(&rig, RIG_CLIENT, 1234, RIG_GATEWAY, out, len);
	rig_poll(&rig);
	for (unsigned int i = 0; i < 2; i++) {
		m = rig_take(&rig, RIG_INSIDE);
		assert_non_null(m);
		rig_payload(m, &got);
		assert_int_equal(got, i == 0 ? 1400 : 1300);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(rig.dp->stats[0]->opened, 3);
	assert_int_equal(rig_drops(&rig, DROP_TOO_BIG), 1); // inside the MTU is 1500
	mbufs = rte_mempool_avail_count(rig.dp->mbuf_pool);
	large = rte_mempool_avail_count(rig.dp->large_pool[0]);
}

// Random datagrams cut at random, mixed and with some fragments lost: what comes through is right.
static void random_cuts(void **state)
{
	uint64_t seed = unit_seed(), whole = 0;

	(void)state;
	for (uint16_t n = 0; n < 2000; n++) {
		bool v6 = unit_random(&seed) & 1;
		uint16_t len = 20 + unit_random(&seed) % 5000, left = len + UDP, at = 0;
		struct {
			uint16_t at, len;
		} part[REASSEMBLE_PART_MAX];
		unsigned int nb = 0, lost = 0;

		while (left > 0 && nb < REASSEMBLE_PART_MAX) {
			uint16_t cut = 8 * (1 + unit_random(&seed) % 180);

			if (cut >= left || nb == REASSEMBLE_PART_MAX - 1)
				cut = left;
			if (cut > 1480)
				break;
			part[nb].at = at;
			part[nb++].len = cut;
			at += cut;
			left -= cut;
		}
		if (left > 0 || nb < 2)
			continue;
		for (unsigned int i = 0; i < nb; i++) {
			unsigned int k = i + unit_random(&seed) % (nb - i);
			uint16_t a = part[k].at, l = part[k].len;

			part[k] = part[i];
			if (unit_random(&seed) % 50 == 0)
				lost++;
			else
				put(v6, len, a, l, a + l < len + UDP, n);
		}
		if (lost == 0 && rig_drops(&rig, DROP_FRAGMENT_FULL) == 0) {
			expect_whole(v6, len);
			whole++;
		}
		if (lc->stats.fragments > 0 && n % 8 == 0) {
			lc->now_tsc += 2 * lc->second_tsc;
			reassemble_expire(lc);
		}
	}
	print_message("%" PRIu64 " datagrams\n", whole);
	assert_true(whole > 300);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_order),	  TEST(largest_and_smallest), TEST(overlaps),
		TEST(too_many_fragments), TEST(full_and_timeout),     TEST(no_mbuf),
		TEST(switched_off),	  TEST(bad_checksum),	      TEST(records_of_a_session),
		TEST(random_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
