// SPDX-License-Identifier: BSD-3-Clause
#include "life.h"
#include "packet.h"
#include "rig.h"
#include "ring.h"
#include "unit.h"
#include "wire.h"

// A ClientHello as a client sends it: record and handshake header, version, random, session id,
// cookie, one suite, no compression.
#define HELLO_MAX	 256
#define HELLO_COOKIE_LEN (13 + 12 + 2 + 32 + 1 + 1 + COOKIE_LEN + 4 + 2)

static struct rig rig;

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

static uint16_t hello(uint8_t *out, uint8_t seq, uint8_t random, const uint8_t *cookie)
{
	struct wire_writer w = wire_writer(out, HELLO_MAX);
	uint16_t body = 2 + 32 + 1 + 1 + (cookie ? COOKIE_LEN : 0) + 4 + 2;
	uint8_t randoms[32];

	memset(randoms, random, sizeof(randoms));
	wire_put_uint(&w, DTLS_HANDSHAKE, 1);
	wire_put_uint(&w, DTLS_VERSION_1_0, 2);
	wire_put_uint(&w, seq, 8);
	wire_put_uint(&w, DTLS_HANDSHAKE_HEADER_LEN + body, 2);
	wire_put_uint(&w, DTLS_CLIENT_HELLO, 1);
	wire_put_uint(&w, body, 3);
	wire_put_uint(&w, cookie != NULL, 2);
	wire_put_uint(&w, 0, 3);
	wire_put_uint(&w, body, 3);
	wire_put_uint(&w, DTLS_VERSION_1_2, 2);
	wire_put_bytes(&w, randoms, sizeof(randoms));
	wire_put_uint(&w, 0, 1);
	wire_put_uint(&w, cookie ? COOKIE_LEN : 0, 1);
	if (cookie != NULL)
		wire_put_bytes(&w, cookie, COOKIE_LEN);
	wire_put_uint(&w, 0x0002c02b, 4);
	wire_put_uint(&w, 0x0100, 2);
	assert_false(w.failed);
	return (uint16_t)(w.next - out);
}

static void put(uint16_t client_port, const void *payload, uint16_t len)
{
	rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, client_port, payload, len));
}

// Takes the HelloVerifyRequest that the client gets and returns its cookie.
static void take_cookie(uint8_t seq, uint8_t cookie[COOKIE_LEN])
{
	static const uint8_t head[] = {22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0};
	struct rte_mbuf *m;
	const uint8_t *p;
	uint16_t len;

	rig_poll(&rig);
	m = rig_take(&rig, RIG_OUTSIDE);
	assert_non_null(m);
	p = rig_payload(m, &len);
	assert_int_equal(len, HELLO_VERIFY_LEN);
	assert_memory_equal(p, head, sizeof(head));
	assert_int_equal(p[10], seq);
	assert_int_equal(p[13], DTLS_HELLO_VERIFY_REQUEST);
	memcpy(cookie, p + len - COOKIE_LEN, COOKIE_LEN);
	rte_pktmbuf_free(m);
}

// The whole way to the punt of client_port's ClientHello, but for its message.
static void pass(uint16_t client_port, uint8_t random)
{
	uint8_t out[HELLO_MAX], cookie[COOKIE_LEN];

	put(client_port, out, hello(out, 0, random, NULL));
	take_cookie(0, cookie);
	put(client_port, out, hello(out, 1, random, cookie));
	rig_poll(&rig);
}

// Returns the message's id.
static session_id expect_message(enum msg_type type, uint16_t len)
{
	struct msg msg;

	assert_true(rig_message(&rig, &msg));
	assert_int_equal(msg.type, type);
	assert_int_equal(msg.mbuf->data_len, len);
	// The frame's headers are still there for MSG_INJECT.
	assert_non_null(rte_pktmbuf_prepend(msg.mbuf, msg.l234_len));
	rte_pktmbuf_free(msg.mbuf);
	return msg.id;
}

static void expect_no_message(void)
{
	struct msg msg;

	assert_false(rig_message(&rig, &msg));
}

static void cookie_then_hello(void **state)
{
	(void)state;
	pass(1000, 1);
	assert_int_equal(rig.dp->stats[0]->hello_verify, 1);
	assert_int_equal(rig.dp->stats[0]->hello, 1);
	assert_int_equal(rig.dp->stats[0]->handshakes, 1);
	expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	expect_no_message();
}

static void no_state_before_the_cookie(void **state)
{
	uint8_t out[HELLO_MAX], cookie[COOKIE_LEN];

	(void)state;
	for (uint16_t i = 0; i < 100; i++) {
		put(2000 + i, out, hello(out, 3, 1, NULL));
		take_cookie(3, cookie);
	}
	// The cookie of another port, and of another random, is answered like none.
	put(1999, out, hello(out, 4, 1, cookie));
	take_cookie(4, cookie);
	put(1999, out, hello(out, 5, 2, cookie));
	take_cookie(5, cookie);
	assert_int_equal(rig.dp->stats[0]->handshakes, 0);
	expect_no_message();
}

static void over_ipv6(void **state)
{
	uint8_t out[HELLO_MAX];
	struct rte_mbuf *m;

	(void)state;
	rig_put(&rig, RIG_OUTSIDE,
		rig_udp(&rig, RIG_OUTSIDE, RIG_CLIENT6, 5, RIG_GATEWAY6, RIG_LISTEN_PORT, out,
			hello(out, 0, 1, NULL)));
	rig_poll(&rig);
	m = rig_take(&rig, RIG_OUTSIDE);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 14 + 40 + 8 + HELLO_VERIFY_LEN);
	assert_true(packet_checksum_good(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len));
	rte_pktmbuf_free(m);
}

static void malformed_hello(void **state)
{
	uint8_t out[HELLO_MAX];
	uint16_t len = hello(out, 0, 1, NULL);

	(void)state;
	out[13 + 12 + 34] = 33; // session id too long
	put(1000, out, len);
	rig_put(&rig, RIG_OUTSIDE,
		rig_udp(&rig, RIG_OUTSIDE, RIG_CLIENT, 5, RIG_GATEWAY, 99, out,
			hello(out, 0, 1, NULL)));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_CLIENT_HELLO), 1);
	assert_int_equal(rig_drops(&rig, DROP_UDP_PORT), 1);
	assert_null(rig_take(&rig, RIG_OUTSIDE));
}

static void records_of_a_flow_in_handshake(void **state)
{
	static const uint8_t record[30] = {22, 0xfe, 0xfd, [12] = 17, [13] = 16};
	struct msg remove = {.type = MSG_HANDSHAKE_REMOVE};

	(void)state;
	pass(1000, 1);
	put(1000, record, sizeof(record));
	put(1001, record, sizeof(record));
	rig_poll(&rig);
	remove.id = expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	expect_message(MSG_RECORD, sizeof(record));
	assert_int_equal(rig_drops(&rig, DROP_NO_SESSION), 1);
	remove.flow = rig_flow(&rig, 1000);
	assert_true(dp_send(rig.dp, 0, &remove));
	rig_poll(&rig);
	put(1000, record, sizeof(record));
	rig_poll(&rig);
	expect_no_message();
	assert_int_equal(rig_drops(&rig, DROP_NO_SESSION), 2);
	assert_int_equal(rig.dp->stats[0]->handshakes, 0);
}

// cp gives the first handshake up while the client already begins another one.
static void remove_crosses_a_new_hello(void **state)
{
	static const uint8_t record[30] = {22, 0xfe, 0xfd, [12] = 17, [13] = 16};
	struct msg remove = {.type = MSG_HANDSHAKE_REMOVE};

	(void)state;
	pass(1000, 1);
	remove.flow = rig_flow(&rig, 1000);
	remove.id = expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	pass(1000, 2);
	assert_true(dp_send(rig.dp, 0, &remove));
	rig_poll(&rig);
	assert_int_equal(rig.dp->stats[0]->handshakes, 1);
	put(1000, record, sizeof(record));
	rig_poll(&rig);
	remove.id = expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	expect_message(MSG_RECORD, sizeof(record));
	assert_true(dp_send(rig.dp, 0, &remove));
	rig_poll(&rig);
	assert_int_equal(rig.dp->stats[0]->handshakes, 0);
}

// A ClientHello that cp cannot be given leaves nothing behind.
static void a_full_punt_ring_begins_no_handshake(void **state)
{
	struct msg msg;

	(void)state;
	while (ring_has_room(dp_lcore(rig.dp, 0), RING_RESERVE_HELLO))
		ring_answer(dp_lcore(rig.dp, 0), &(struct msg){.type = MSG_INSTALLED});
	pass(1000, 1);
	assert_int_equal(rig_drops(&rig, DROP_PUNT_FULL), 1);
	assert_int_equal(rig.dp->stats[0]->handshakes, 0);
	while (rig_message(&rig, &msg))
		assert_int_equal(msg.type, MSG_INSTALLED);
}

// One client cannot keep cp busy with one handshake.
static void a_handshake_has_a_budget_of_punts(void **state)
{
	static const uint8_t record[30] = {22, 0xfe, 0xfd, [12] = 17, [13] = 16};
	struct msg msg;

	(void)state;
	pass(1000, 1);
	for (unsigned int i = 1; i < LIFE_PUNT_MAX + 8; i++) {
		put(1000, record, sizeof(record));
		rig_poll(&rig);
	}
	assert_int_equal(rig_drops(&rig, DROP_PUNT_RATE), 8);
	while (rig_message(&rig, &msg))
		rte_pktmbuf_free(msg.mbuf);
	pass(1000, 2);
	assert_int_equal(rig_drops(&rig, DROP_PUNT_RATE), 9);
	expect_no_message();
}

// What the old session does not take of a flow that is in handshake again is counted by what kept
// it from cp, and is not copied once cp takes no more.
static void a_live_flow_in_handshake(void **state)
{
	static const uint8_t record[30] = {22, 0xfe, 0xfd, [12] = 17, [13] = 16};
	uint8_t three[3 * sizeof(record)];
	struct flow_key key = rig_flow(&rig, 1000);
	struct rig_session rs;
	struct rte_mbuf *all;
	struct msg msg;

	(void)state;
	for (int i = 0; i < 3; i++)
		memcpy(three + i * sizeof(record), record, sizeof(record));
	rig_install(&rig, &rs, 1000, RIG_NAT_PORT);
	pass(1000, 1);
	put(1000, record, sizeof(record));
	rig_poll(&rig);
	expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	expect_message(MSG_RECORD, sizeof(record));
	put(1000, record, sizeof(record));
	put(1000, three, sizeof(three));
	all = rig_take_mbufs(&rig);
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_NO_MBUF), 4);
	table_find(dp_lcore(rig.dp, 0)->table, &key)->punts = LIFE_PUNT_MAX;
	rig_give_mbufs(all);
	put(1000, three, sizeof(three));
	all = rig_take_mbufs(&rig);
	rig_poll(&rig);
	rig_give_mbufs(all);
	assert_int_equal(rig_drops(&rig, DROP_PUNT_RATE), 3);
	assert_int_equal(rig_drops(&rig, DROP_NO_MBUF), 4);
	assert_int_equal(rig_drops(&rig, DROP_EPOCH_0), 0);
	assert_false(rig_message(&rig, &msg));
}

static void half_open_is_bounded_and_expires(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);
	struct msg msg;

	(void)state;
	for (uint16_t i = 0; i < 9; i++)
		pass(1000 + i, 1);
	assert_int_equal(rig_drops(&rig, DROP_HALF_OPEN), 1);
	pass(1000, 2); // a flow that is in handshake already is not one more
	assert_int_equal(rig_drops(&rig, DROP_HALF_OPEN), 1);
	assert_int_equal(lc->stats.handshakes, 8);
	for (int i = 0; i < 9; i++) {
		assert_true(rig_message(&rig, &msg));
		assert_int_equal(msg.type, MSG_HELLO);
		rte_pktmbuf_free(msg.mbuf);
	}
	// All of them are over time at the next walk.
	lc->walked_tsc -= lc->second_tsc;
	lc->stats.polls = 0;
	for (uint32_t i = 0; i < table_slots(lc->table); i++) {
		uint32_t at = i;
		struct flow *flow = table_walk(lc->table, &at);

		if (flow != NULL)
			flow->handshake_tsc = 1;
	}
	rig_poll(&rig);
	for (int i = 0; i < 8; i++) {
		assert_true(rig_message(&rig, &msg));
		assert_int_equal(msg.type, MSG_HANDSHAKE_ENDED);
	}
	expect_no_message();
	assert_int_equal(lc->stats.handshakes, 0);
}

// test_life has more of this.
static void half_open_of_an_address_is_bounded(void **state)
{
	(void)state;
	dp_lcore(rig.dp, 0)->half_open_address_max = 1;
	pass(1000, 1);
	pass(1001, 1);
	assert_int_equal(rig_drops(&rig, DROP_ADDRESS_HALF_OPEN), 1);
	assert_int_equal(rig.dp->stats[0]->handshakes, 1);
	expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	expect_no_message();
}

static void a_full_table_takes_no_more(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);
	struct flow_key key = rig_flow(&rig, 1);

	(void)state;
	for (uint32_t i = 0;; i++) {
		key.remote.byte[0] = 0x20;
		memcpy(key.remote.byte + 4, &i, sizeof(i));
		struct flow *flow = table_enter(lc->table, &key);
		if (flow == NULL)
			break;
		flow->handshake_tsc = UINT64_MAX;
	}
	pass(1000, 1);
	assert_int_equal(rig_drops(&rig, DROP_TABLE_FULL), 1);
	expect_no_message();
}

// RFC 6347 section 4.2.8: the old session lives until the new handshake is finished.
static void hello_on_a_live_flow(void **state)
{
	struct rig_session old, new;
	struct msg msg;
	uint8_t out[HELLO_MAX];
	uint16_t len;

	(void)state;
	rig_install(&rig, &old, 1000, RIG_NAT_PORT);
	pass(1000, 1);
	expect_message(MSG_HELLO, HELLO_COOKIE_LEN);
	// The old session's data still passes, what it does not take is the new handshake's.
	put(1000, out, rig_seal(&rig, &old, DTLS_APPLICATION_DATA, 1, 0, "old", 3, out));
	rig_poll(&rig);
	assert_int_equal(rig.dp->stats[0]->opened, 1);
	len = rig_seal(&rig, &old, DTLS_HANDSHAKE, 1, 0, "new Finished", 12, out);
	put(1000, out, len);
	rig_poll(&rig);
	assert_true(rig_message(&rig, &msg));
	assert_int_equal(msg.type, MSG_RECORD);
	assert_int_equal(msg.mbuf->data_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(msg.mbuf, void *), out, len);
	rte_pktmbuf_free(msg.mbuf);
	// The same for a record that does not authenticate: it comes as it was.
	len = rig_seal(&rig, &old, DTLS_HANDSHAKE, 1, 9, "new Finished", 12, out);
	out[len - 1] ^= 1;
	put(1000, out, len);
	rig_poll(&rig);
	assert_true(rig_message(&rig, &msg));
	assert_memory_equal(rte_pktmbuf_mtod(msg.mbuf, void *), out, len);
	rte_pktmbuf_free(msg.mbuf);

	rig_install(&rig, &new, 1000, RIG_NAT_PORT + 1);
	rig_expect_ended(&rig, &old, SESSION_END_REPLACED);
	assert_int_equal(rig.dp->stats[0]->sessions, 1);
	assert_int_equal(rig.dp->stats[0]->handshakes, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cookie_then_hello),
		TEST(no_state_before_the_cookie),
		TEST(over_ipv6),
		TEST(malformed_hello),
		TEST(records_of_a_flow_in_handshake),
		TEST(remove_crosses_a_new_hello),
		TEST(a_full_punt_ring_begins_no_handshake),
		TEST(a_handshake_has_a_budget_of_punts),
		TEST(a_live_flow_in_handshake),
		TEST(half_open_is_bounded_and_expires),
		TEST(half_open_of_an_address_is_bounded),
		TEST(a_full_table_takes_no_more),
		TEST(hello_on_a_live_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
