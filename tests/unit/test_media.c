// SPDX-License-Identifier: BSD-3-Clause
// STUN and RTP on a listener's port: the way to the media server and back, and what is dropped.
#include "media_rig.h"

static void check_both_ways(const struct family *client, const struct family *media)
{
	static uint8_t large[1400];
	uint16_t nat_port;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(0x80 + i);
	put_from(client, RIG_CLIENT_PORT, stun, sizeof(stun));
	nat_port = expect_at_media(media, stun, sizeof(stun));
	reply_from(media, nat_port, response, sizeof(response));
	expect_at_client(client, RIG_CLIENT_PORT, response, sizeof(response));
	put_from(client, RIG_CLIENT_PORT, rtp, sizeof(rtp));
	put_from(client, RIG_CLIENT_PORT, rtcp, sizeof(rtcp));
	put_from(client, RIG_CLIENT_PORT, large, sizeof(large));
	put_from(client, RIG_CLIENT_PORT, rtp, 1);
	assert_int_equal(expect_at_media(media, rtp, sizeof(rtp)), nat_port);
	expect_at_media(media, rtcp, sizeof(rtcp));
	expect_at_media(media, large, sizeof(large));
	expect_at_media(media, rtp, 1);
	reply_from(media, nat_port, rtp, sizeof(rtp));
	reply_from(media, nat_port, large, sizeof(large));
	expect_at_client(client, RIG_CLIENT_PORT, rtp, sizeof(rtp));
	expect_at_client(client, RIG_CLIENT_PORT, large, sizeof(large));
	expect_nothing();
	assert_int_equal(STAT(relay_in), 5);
	assert_int_equal(STAT(relay_out), 3);
	assert_int_equal(STAT(relays), 1);
}

static void test_v4(void **state)
{
	(void)state;
	check_both_ways(&v4, &v4);
}

static void test_v6(void **state)
{
	(void)state;
	check_both_ways(&v6, &v6);
}

static void test_v4_to_v6(void **state)
{
	(void)state;
	check_both_ways(&v4, &v6);
}

static void test_v6_to_v4(void **state)
{
	(void)state;
	check_both_ways(&v6, &v4);
}

// RFC 7983 section 7, every first byte, with a media server and a relay.
static enum drop reason_of(unsigned int first)
{
	if (first >= 16 && first <= 19)
		return DROP_ZRTP;
	if (first >= 64 && first <= 79)
		return DROP_TURN;
	return DROP_FIRST_BYTE;
}

static void test_first_bytes(void **state)
{
	uint16_t nat_port = begin_relay(RIG_CLIENT_PORT);
	uint8_t bytes[40] = {[1] = 0xfe, [3] = 1};

	(void)state;
	for (unsigned int first = 0; first < 256; first++) {
		bool relayed = first <= 3 || (first >= 128 && first <= 191);
		bool dtls = first >= 20 && first <= 63;
		enum drop reason = dtls ? DROP_NO_SESSION : reason_of(first);
		uint64_t before = rig_drops(&rig, reason);

		bytes[0] = (uint8_t)first;
		put(RIG_CLIENT_PORT, bytes, sizeof(bytes));
		if (relayed)
			assert_int_equal(expect_at_media(&v4, bytes, sizeof(bytes)), nat_port);
		else
			expect_drop(reason, before);
		before = rig_drops(&rig, reason_of(first));
		reply(nat_port, bytes, sizeof(bytes));
		if (relayed)
			expect_at_client(&v4, RIG_CLIENT_PORT, bytes, sizeof(bytes));
		else
			expect_drop(reason_of(first), before);
	}
}

// Without a media server nothing is forwarded, and each protocol counts by itself.
static void test_no_media(void **state)
{
	static const struct {
		uint8_t first;
		enum drop reason;
	} rows[] = {
		{0, DROP_STUN},		{3, DROP_STUN},		{4, DROP_FIRST_BYTE},
		{15, DROP_FIRST_BYTE},	{16, DROP_ZRTP},	{19, DROP_ZRTP},
		{64, DROP_TURN},	{79, DROP_TURN},	{128, DROP_RTP},
		{191, DROP_RTP},	{80, DROP_FIRST_BYTE},	{127, DROP_FIRST_BYTE},
		{192, DROP_FIRST_BYTE}, {255, DROP_FIRST_BYTE},
	};
	uint8_t bytes[20];

	(void)state;
	rig.config.listener[0].media = CONFIG_BACKEND_NONE;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		uint64_t before = rig_drops(&rig, rows[i].reason);

		memcpy(bytes, stun, sizeof(bytes));
		bytes[0] = rows[i].first;
		put(RIG_CLIENT_PORT, bytes, sizeof(bytes));
		expect_drop(rows[i].reason, before);
	}
	assert_int_equal(STAT(punt), 0);
}

// Only a Binding request makes a relay.
static void test_no_binding_request(void **state)
{
	static const struct {
		const char *what;
		uint16_t at;
		uint8_t value;
		uint16_t len;
	} rows[] = {
		{"indication", 1, 0x11, 20},
		{"success response", 0, 0x01, 20},
		{"another method", 1, 0x02, 20},
		{"no magic cookie", 4, 0x20, 20},
		{"length over the end", 3, 4, 20},
		{"no multiple of 4", 3, 1, 21},
		{"bytes behind the end", 3, 0, 24},
		{"cut short", 3, 0, 19},
		{"one byte", 3, 0, 1},
	};
	uint8_t bytes[24] = {0};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		uint64_t before = rig_drops(&rig, DROP_STUN);

		print_message("  %s\n", rows[i].what);
		memcpy(bytes, stun, sizeof(stun));
		bytes[rows[i].at] = rows[i].value;
		put(RIG_CLIENT_PORT, bytes, rows[i].len);
		expect_drop(DROP_STUN, before);
	}
	put(RIG_CLIENT_PORT, rtp, sizeof(rtp));
	expect_drop(DROP_RTP, 0);
	assert_int_equal(STAT(punt), 0);
	assert_int_equal(relay_dir_stats(&cp)->begun, 0);
}

static void test_other_port(void **state)
{
	(void)state;
	rig_put(&rig, RIG_OUTSIDE,
		rig_udp(&rig, RIG_OUTSIDE, RIG_CLIENT, RIG_CLIENT_PORT, RIG_GATEWAY, 99, stun,
			sizeof(stun)));
	pump();
	expect_drop(DROP_UDP_PORT, 0);
}

// A corrupt datagram must not leave with a checksum of its own.
static void test_checksum(void **state)
{
	struct rte_mbuf *m = rig_from_client(&rig, RIG_CLIENT_PORT, stun, sizeof(stun));

	(void)state;
	*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1) ^= 1;
	rig_put(&rig, RIG_OUTSIDE, m);
	pump();
	expect_drop(DROP_UDP_CHECKSUM, 0);
	begin_relay(RIG_CLIENT_PORT);
	m = rig_from_client(&rig, RIG_CLIENT_PORT, rtp, sizeof(rtp));
	*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1) ^= 1;
	rig_put(&rig, RIG_OUTSIDE, m);
	pump();
	expect_drop(DROP_UDP_CHECKSUM, 1);
}

static void test_no_reply(void **state)
{
	uint16_t nat_port = begin_relay(RIG_CLIENT_PORT);

	(void)state;
	rig_put(&rig, RIG_INSIDE,
		rig_udp(&rig, RIG_INSIDE, "192.0.2.3", MEDIA_PORT, RIG_INSIDE_IP, nat_port,
			response, sizeof(response)));
	pump();
	expect_drop(DROP_BACKEND, 0);
	rig_put(&rig, RIG_INSIDE,
		rig_udp(&rig, RIG_INSIDE, RIG_BACKEND, MEDIA_PORT + 1, RIG_INSIDE_IP, nat_port,
			response, sizeof(response)));
	pump();
	expect_drop(DROP_BACKEND, 1);
	reply(nat_port, response, 0);
	expect_drop(DROP_UDP_EMPTY, 0);
	reply(nat_port + 1, response, sizeof(response));
	expect_drop(DROP_NO_NAT, 0);
	assert_int_equal(STAT(relay_out), 0);
	pass(RELAY_UNANSWERED_S + 1); // none of it was an answer
	assert_int_equal(STAT(relays), 0);
	reply(nat_port, response, sizeof(response));
	expect_drop(DROP_NO_NAT, 1);
}

static void test_too_big(void **state)
{
	static const uint8_t large[1472] = {0x80};
	struct port *in = &rig.dp->port[rig.dp->port_id[RIG_INSIDE]];

	(void)state;
	in->mtu = 1400;
	begin_relay(RIG_CLIENT_PORT);
	put(RIG_CLIENT_PORT, large, sizeof(large));
	expect_drop(DROP_TOO_BIG, 0);
}

// RTP of a flow with a session needs no STUN; both go their own way.
static void test_with_session(void **state)
{
	static const uint8_t plain[] = "data channel";
	struct rig_session rs;
	uint16_t nat_port;
	uint8_t out[256];

	(void)state;
	rig_install(&rig, &rs, RIG_CLIENT_PORT, RIG_NAT_PORT);
	put(RIG_CLIENT_PORT, rtp, sizeof(rtp));
	nat_port = expect_at_media(&v4, rtp, sizeof(rtp));
	put(RIG_CLIENT_PORT, out,
	    rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, rs.seq++, plain, sizeof(plain), out));
	expect(RIG_INSIDE, RIG_INSIDE_IP, RIG_NAT_PORT, RIG_BACKEND, RIG_BACKEND_PORT, plain,
	       sizeof(plain));
	reply(nat_port, rtcp, sizeof(rtcp));
	expect_at_client(&v4, RIG_CLIENT_PORT, rtcp, sizeof(rtcp));
	assert_int_equal(rs.session->tx.seq, 0);
	assert_ptr_equal(rig.dp->nat.addr[0].slot[RIG_NAT_PORT].session, rs.session);
}

static void expect_session_ended(enum session_end end)
{
	struct msg msg;
	struct rte_mbuf *m = take(RIG_OUTSIDE); // close_notify

	assert_non_null(m);
	rte_pktmbuf_free(m);
	assert_true(rig_message(&rig, &msg));
	assert_int_equal(msg.type, MSG_SESSION_ENDED);
	assert_int_equal(msg.session->end, end);
}

// Polls once, with a walk of all tables, and leaves the messages on the ring.
static void walk(void)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);

	lc->walked_tsc -= lc->second_tsc;
	lc->media.walked_tsc -= lc->second_tsc;
	lc->stats.polls = 0;
	rig_poll(&rig);
}

// A session whose client only gets and sends media is not idle, as long as the server answers.
static void test_media_keeps_session(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);
	struct rig_session rs;
	uint16_t nat_port;

	(void)state;
	rig_install(&rig, &rs, RIG_CLIENT_PORT, RIG_NAT_PORT);
	put(RIG_CLIENT_PORT, rtp, sizeof(rtp));
	nat_port = expect_at_media(&v4, rtp, sizeof(rtp));
	reply(nat_port, rtcp, sizeof(rtcp));
	expect_at_client(&v4, RIG_CLIENT_PORT, rtcp, sizeof(rtcp));
	rs.session->used_tsc -= lc->idle_tsc + lc->second_tsc;
	walk();
	assert_int_equal(rs.session->state, SESSION_LIVE);
	// What only the client sends keeps nothing: nobody has authenticated it.
	pass(rig.config.relay_timeout_s + 1);
	put(RIG_CLIENT_PORT, rtp, sizeof(rtp));
	expect_at_media(&v4, rtp, sizeof(rtp));
	walk();
	expect_session_ended(SESSION_END_IDLE);
}

// A relay that is not answered lives as long as an answered one if its flow has a session.
static void test_session_keeps_relay(void **state)
{
	struct rig_session rs;

	(void)state;
	rig_install(&rig, &rs, RIG_CLIENT_PORT, RIG_NAT_PORT);
	begin_relay(RIG_CLIENT_PORT);
	pass(RELAY_UNANSWERED_S + 1);
	assert_int_equal(STAT(relays), 1);
	pass(rig.config.relay_timeout_s - 10);
	put(RIG_CLIENT_PORT, rtp, sizeof(rtp));
	expect_at_media(&v4, rtp, sizeof(rtp));
	pass(rig.config.relay_timeout_s - 10);
	assert_int_equal(STAT(relays), 1);
}

// Every flow's frames come to lcore 0 outside and to lcore 1 inside.
static void test_two_lcores(void **state)
{
	uint16_t port[RIG_RELAYS], nat_port[RIG_RELAYS], from = RIG_CLIENT_PORT;

	(void)state;
	for (uint16_t i = 0; i < OPEN_MAX; i++) {
		struct flow_key flow;

		port[i] = port_of(i % 2, from);
		from = port[i] + 1;
		flow = rig_flow(&rig, port[i]);
		nat_port[i] = begin_relay(port[i]);
		assert_int_equal(relay_dir_find(&cp, &flow)->lcore, i % 2);
	}
	for (uint16_t i = 0; i < OPEN_MAX; i++) {
		reply(nat_port[i], rtp, sizeof(rtp));
		expect_at_client(&v4, port[i], rtp, sizeof(rtp));
		put(port[i], rtcp, sizeof(rtcp));
		assert_int_equal(expect_at_media(&v4, rtcp, sizeof(rtcp)), nat_port[i]);
	}
	for (uint16_t i = 0; i < 2; i++)
		assert_int_equal(rig.dp->stats[i]->relays, OPEN_MAX / 2);
}

#define TEST(f, set_up) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_v4, set_up),
		TEST(test_v6, set_up_v6),
		TEST(test_v4_to_v6, set_up_v6),
		TEST(test_v6_to_v4, set_up),
		TEST(test_first_bytes, set_up),
		TEST(test_no_media, set_up),
		TEST(test_no_binding_request, set_up),
		TEST(test_other_port, set_up),
		TEST(test_checksum, set_up),
		TEST(test_no_reply, set_up),
		TEST(test_too_big, set_up),
		TEST(test_with_session, set_up),
		TEST(test_media_keeps_session, set_up),
		TEST(test_session_keeps_relay, set_up),
		TEST(test_two_lcores, set_up_two_lcores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
