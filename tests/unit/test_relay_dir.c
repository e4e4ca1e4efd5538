// SPDX-License-Identifier: BSD-3-Clause
// Relays: how many there may be, how long they live, and that each gives back what it took.
#include "media_rig.h"

static void test_expiry(void **state)
{
	uint16_t nat_port[2];

	(void)state;
	nat_port[0] = begin_relay(RIG_CLIENT_PORT);
	nat_port[1] = begin_relay(RIG_CLIENT_PORT + 1);
	assert_true(nat_port[0] != nat_port[1]);
	reply(nat_port[0], response, sizeof(response));
	expect_at_client(&v4, RIG_CLIENT_PORT, response, sizeof(response));
	// What the client sends keeps no relay alive that is not answered.
	for (int n = 0; n < RELAY_UNANSWERED_S - 1; n++) {
		pass(1);
		assert_int_equal(STAT(relays), 2);
		put(RIG_CLIENT_PORT + 1, rtp, sizeof(rtp));
		expect_at_media(&v4, rtp, sizeof(rtp));
	}
	pass(2);
	assert_int_equal(STAT(relays), 1);
	assert_int_equal(relay_dir_stats(&cp)->ended, 1);
	// But one that is.
	for (int n = 0; n < 3; n++) {
		pass(rig.config.relay_timeout_s - 10);
		assert_int_equal(STAT(relays), 1);
		put(RIG_CLIENT_PORT, rtp, sizeof(rtp));
		expect_at_media(&v4, rtp, sizeof(rtp));
	}
	pass(rig.config.relay_timeout_s + 1);
	check_idle();
	// The flow may come again, with another port.
	assert_true(begin_relay(RIG_CLIENT_PORT) != nat_port[0]);
}

// That it is refused makes nobody a client.
static void test_refused_by_media(void **state)
{
	static const uint8_t error[20] = {0x01, 0x11, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42};
	uint16_t nat_port = begin_relay(RIG_CLIENT_PORT);

	(void)state;
	for (int n = 0; n < 2; n++) {
		reply(nat_port, error, sizeof(error));
		expect_at_client(&v4, RIG_CLIENT_PORT, error, sizeof(error));
		put(RIG_CLIENT_PORT, stun, sizeof(stun));
		expect_at_media(&v4, stun, sizeof(stun));
		pass(RELAY_UNANSWERED_S / 2 + 1);
	}
	assert_int_equal(STAT(relays), 0);
}

static void test_bound(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < OPEN_MAX; i++)
		begin_relay(RIG_CLIENT_PORT + i);
	put(RIG_CLIENT_PORT + RIG_RELAYS, stun, sizeof(stun));
	expect_drop(DROP_RELAY_FULL, 0);
	put(RIG_CLIENT_PORT, rtp, sizeof(rtp)); // the others go on
	expect_at_media(&v4, rtp, sizeof(rtp));
	pass(RELAY_UNANSWERED_S + 1);
	check_idle();
	begin_relay(RIG_CLIENT_PORT + RIG_RELAYS);
}

// Flows with a session alone have no other bound than that of all.
static void test_bound_with_sessions(void **state)
{
	static struct rig_session rs[RIG_RELAYS + 1];

	(void)state;
	for (uint16_t i = 0; i <= RIG_RELAYS; i++)
		rig_install(&rig, &rs[i], RIG_CLIENT_PORT + i, RIG_NAT_PORT + i);
	for (uint16_t i = 0; i < RIG_RELAYS; i++)
		begin_relay(RIG_CLIENT_PORT + i);
	put(RIG_CLIENT_PORT + RIG_RELAYS, stun, sizeof(stun));
	expect_drop(DROP_RELAY_FULL, 0);
}

// Invented clients on all lcores, each over its lcore's share, leave the last relays to flows with
// a session, whichever lcore they are on.
static void test_spare_on_all_lcores(void **state)
{
	static struct rig_session rs[3];
	unsigned int begun = 0;
	uint16_t port = 20000;

	(void)state;
	for (unsigned int i = 0; i < 4 * RIG_RELAYS; i++) {
		put(port++, stun, sizeof(stun));
		begun += STAT(relays) > begun;
	}
	assert_int_equal(begun, OPEN_MAX);
	assert_int_equal(relay_dir_stats(&cp)->full + rig_drops(&rig, DROP_RELAY_FULL),
			 4 * RIG_RELAYS - OPEN_MAX);
	while (begun-- > 0)
		expect_at_media(&v4, stun, sizeof(stun));
	expect_nothing();
	for (uint16_t i = 0; i < UNIT_NB(rs); i++) {
		port = port_of(i, RIG_CLIENT_PORT);
		rig_install(&rig, &rs[i], port, RIG_NAT_PORT + i);
		put(port, rtp, sizeof(rtp));
		if (i < RIG_RELAYS - OPEN_MAX)
			expect_at_media(&v4, rtp, sizeof(rtp));
	}
	assert_int_equal(STAT(relays), RIG_RELAYS);
	expect_nothing();
}

// The same on one lcore of several, also where more come at once than it has seen begun.
static void test_spare_on_one_lcore(void **state)
{
	const struct lcore *lc = dp_lcore(rig.dp, 1);
	const unsigned int most = lc->media.max - relay_spare(lc->media.max);
	static struct rig_session rs[2];
	uint16_t port = RIG_CLIENT_PORT;

	(void)state;
	assert_true(most < OPEN_MAX && relay_spare(lc->media.max) >= UNIT_NB(rs));
	for (unsigned int i = 0; i < OPEN_MAX; i++, port++) {
		port = port_of(1, port);
		rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, port, stun, sizeof(stun)));
	}
	pump();
	assert_int_equal(lc->stats.relays, most);
	assert_int_equal(relay_dir_stats(&cp)->begun, OPEN_MAX);
	assert_int_equal(relay_dir_stats(&cp)->ended, OPEN_MAX - most);
	for (unsigned int i = 0; i < most; i++)
		expect_at_media(&v4, stun, sizeof(stun));
	port = port_of(1, port);
	put(port, stun, sizeof(stun));
	expect_drop(DROP_RELAY_FULL, 0);
	for (uint16_t i = 0; i < UNIT_NB(rs); i++, port++) {
		port = port_of(1, port);
		rig_install(&rig, &rs[i], port, RIG_NAT_PORT + i);
		begin_relay(port);
	}
	assert_int_equal(lc->stats.relays, most + UNIT_NB(rs));
}

static void put_from_client(const char *client, uint16_t port)
{
	struct family f = v4;

	f.client = client;
	put_from(&f, port, stun, sizeof(stun));
}

// A client cannot have all relays; another one, and one with a session, still get theirs.
static void test_bound_of_an_address(void **state)
{
	struct rig_session rs;

	(void)state;
	rig.config.relays_per_address = 2;
	begin_relay(RIG_CLIENT_PORT);
	begin_relay(RIG_CLIENT_PORT + 1);
	for (uint64_t n = 1; n <= 3; n++) {
		put(RIG_CLIENT_PORT + 2, stun, sizeof(stun));
		assert_int_equal(relay_dir_stats(&cp)->address_full, n);
	}
	expect_nothing();
	put_from_client("198.51.100.3", RIG_CLIENT_PORT);
	expect_at_media(&v4, stun, sizeof(stun));
	rig_install(&rig, &rs, RIG_CLIENT_PORT + 2, RIG_NAT_PORT);
	begin_relay(RIG_CLIENT_PORT + 2);
	assert_int_equal(STAT(relays), 4);
	pass(rig.config.relay_timeout_s + 1);
	check_idle();
	begin_relay(RIG_CLIENT_PORT);
	begin_relay(RIG_CLIENT_PORT + 1);
}

// In IPv6 a client has a network.
static void test_bound_of_a_network(void **state)
{
	(void)state;
	rig.config.relays_per_address = 2;
	for (uint16_t i = 0; i < 3; i++) {
		char client[] = "2001:db8:1::2:0";
		struct family f = v6;

		client[sizeof(client) - 2] = (char)('2' + i);
		f.client = client;
		put_from(&f, RIG_CLIENT_PORT, stun, sizeof(stun));
	}
	assert_int_equal(STAT(relays), 2);
	assert_int_equal(relay_dir_stats(&cp)->address_full, 1);
	for (int i = 0; i < 2; i++)
		rte_pktmbuf_free(take(RIG_INSIDE));
}

// More flows at once than there may be relays: cp has the last word.
static void test_bound_at_once(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < RIG_RELAYS + 4; i++)
		rig_put(&rig, RIG_OUTSIDE,
			rig_from_client(&rig, RIG_CLIENT_PORT + i, stun, sizeof(stun)));
	pump();
	assert_int_equal(STAT(relays), OPEN_MAX);
	assert_int_equal(relay_dir_stats(&cp)->full, RIG_RELAYS + 4 - OPEN_MAX);
	for (uint16_t i = 0; i < OPEN_MAX; i++)
		expect_at_media(&v4, stun, sizeof(stun));
	expect_nothing();
}

// One flow asks again before its relay is there.
static void test_repeated(void **state)
{
	(void)state;
	for (int n = 0; n < 3; n++)
		rig_put(&rig, RIG_OUTSIDE,
			rig_from_client(&rig, RIG_CLIENT_PORT, stun, sizeof(stun)));
	pump();
	expect_at_media(&v4, stun, sizeof(stun));
	expect_nothing();
	assert_int_equal(relay_dir_stats(&cp)->begun, 1);
	assert_int_equal(relay_dir_stats(&cp)->repeated, 2);
}

static void test_rate(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);

	(void)state;
	lc->media.credit_tsc = 0;
	lc->filled_tsc = rte_rdtsc() + lc->second_tsc; // none comes in
	lc->stats.polls = 1;
	put(RIG_CLIENT_PORT, stun, sizeof(stun));
	expect_drop(DROP_PUNT_RATE, 0);
}

// Invented clients that use up their rate leave that of clients with a session.
static void test_rate_with_session(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);
	struct rig_session rs;

	(void)state;
	rig_install(&rig, &rs, RIG_CLIENT_PORT, RIG_NAT_PORT);
	lc->media.credit_tsc = 0;
	lc->media.session_credit_tsc = lc->frame_tsc;
	lc->filled_tsc = rte_rdtsc() + lc->second_tsc; // none comes in
	lc->stats.polls = 1;
	put(RIG_CLIENT_PORT + 1, stun, sizeof(stun));
	expect_drop(DROP_PUNT_RATE, 0);
	begin_relay(RIG_CLIENT_PORT);
	assert_int_equal(lc->media.session_credit_tsc, 0);
}

static void test_no_route(void **state)
{
	(void)state;
	// The rig's ports have no gateway.
	rig_put(&rig, RIG_OUTSIDE,
		rig_udp(&rig, RIG_OUTSIDE, "203.0.113.9", RIG_CLIENT_PORT, RIG_GATEWAY,
			RIG_LISTEN_PORT, stun, sizeof(stun)));
	pump();
	ip_parse("203.0.113.10", &rig.config.backend[0].addr);
	put(RIG_CLIENT_PORT, stun, sizeof(stun));
	expect_nothing();
	assert_int_equal(relay_dir_stats(&cp)->no_route, 2);
	check_idle();
}

static void test_no_port(void **state)
{
	struct nat_want want = {.port_id = rig.dp->port_id[RIG_INSIDE]};
	uint32_t taken = 0;
	uint16_t nat_addr;
	rte_be16_t port;

	(void)state;
	ip_parse(RIG_INSIDE_IP, &want.prefer);
	while (nat_pool_take(cp.nat, &want, &nat_addr, &port) == 0)
		taken++;
	put(RIG_CLIENT_PORT, stun, sizeof(stun));
	expect_nothing();
	assert_int_equal(relay_dir_stats(&cp)->no_port, 1);
	for (uint32_t i = NAT_PORT_MIN; i < NAT_PORT_MIN + taken; i++)
		nat_pool_give(cp.nat, 0, rte_cpu_to_be_16((uint16_t)i));
	check_idle();
}

static void test_ring_full(void **state)
{
	struct msg filler = {.type = MSG_HANDSHAKE_REMOVE}, msg;

	(void)state;
	rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, RIG_CLIENT_PORT, stun, sizeof(stun)));
	rig_poll(&rig);
	assert_true(rig_message(&rig, &msg));
	while (dp_send(rig.dp, 0, &filler))
		continue;
	loop_dispatch(&cp, &msg);
	assert_int_equal(relay_dir_stats(&cp)->ring_full, 1);
	pump();
	expect_nothing();
	check_idle();
}

// The lcore's table is full: the relay comes back, its datagram is lost.
static void test_table_full(void **state)
{
	struct lcore *lc = dp_lcore(rig.dp, 0);
	struct flow_key key = {.zero = 1};
	struct flow *flow;
	uint16_t entered = 0;

	(void)state;
	for (key.remote_port = 0; table_enter(lc->media.table, &key) != NULL; key.remote_port++)
		entered++;
	put(RIG_CLIENT_PORT, stun, sizeof(stun));
	expect_nothing();
	assert_int_equal(relay_dir_stats(&cp)->begun, 1);
	assert_int_equal(relay_dir_stats(&cp)->ended, 1);
	check_idle();
	for (key.remote_port = 0; entered > 0; key.remote_port++, entered--) {
		flow = table_find(lc->media.table, &key);
		table_leave(lc->media.table, flow);
	}
}

// Spoofed neighbours leave a quarter of the entries to sessions.
static void test_neighbours(void **state)
{
	const int most = 8 - relay_spare(8);
	char host[32];

	(void)state;
	rig.config.neighbours = 8; // one for the media server, the others for clients
	for (int i = 0; i < 7; i++) {
		snprintf(host, sizeof(host), "198.51.100.%d", 100 + i);
		rig_put(&rig, RIG_OUTSIDE,
			rig_udp(&rig, RIG_OUTSIDE, host, RIG_CLIENT_PORT, RIG_GATEWAY,
				RIG_LISTEN_PORT, stun, sizeof(stun)));
		pump();
	}
	assert_int_equal(STAT(relays), most - 1);
	assert_int_equal(relay_dir_stats(&cp)->no_route, 7 - (most - 1));
	for (int i = 0; i < most - 1; i++)
		expect_at_media(&v4, stun, sizeof(stun));
}

static void test_stopping(void **state)
{
	(void)state;
	cp.stopping = true;
	put(RIG_CLIENT_PORT, stun, sizeof(stun));
	expect_nothing();
	assert_int_equal(relay_dir_stats(&cp)->begun, 0);
	cp.stopping = false;
}

// Found by flow and by gateway port, and a session's port is no relay's.
static void test_find(void **state)
{
	uint16_t nat_port = begin_relay(RIG_CLIENT_PORT);
	struct flow_key flow = rig_flow(&rig, RIG_CLIENT_PORT);
	const struct relay *relay = relay_dir_find(&cp, &flow);
	struct ip_addr inside, other;
	struct rig_session rs;

	(void)state;
	ip_parse(RIG_INSIDE_IP, &inside);
	ip_parse(RIG_BACKEND, &other);
	rig_install(&rig, &rs, RIG_CLIENT_PORT + 1, RIG_NAT_PORT);
	assert_non_null(relay);
	assert_int_equal(relay->nat_port, rte_cpu_to_be_16(nat_port));
	assert_ptr_equal(relay_dir_find_nat(&cp, &inside, relay->nat_port), relay);
	assert_null(relay_dir_find_nat(&cp, &inside, rte_cpu_to_be_16(nat_port + 1)));
	assert_null(relay_dir_find_nat(&cp, &inside, rte_cpu_to_be_16(RIG_NAT_PORT)));
	assert_null(relay_dir_find_nat(&cp, &other, relay->nat_port));
	flow.remote_port++;
	assert_null(relay_dir_find(&cp, &flow));
}

#define TEST(f, set_up) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_expiry, set_up),
		TEST(test_refused_by_media, set_up),
		TEST(test_bound, set_up),
		TEST(test_bound_with_sessions, set_up),
		TEST(test_spare_on_all_lcores, set_up_four_lcores),
		TEST(test_spare_on_one_lcore, set_up_four_lcores),
		TEST(test_bound_at_once, set_up),
		TEST(test_bound_of_an_address, set_up),
		TEST(test_bound_of_a_network, set_up_v6),
		TEST(test_repeated, set_up),
		TEST(test_rate, set_up),
		TEST(test_rate_with_session, set_up),
		TEST(test_no_route, set_up),
		TEST(test_no_port, set_up),
		TEST(test_ring_full, set_up),
		TEST(test_table_full, set_up),
		TEST(test_neighbours, set_up),
		TEST(test_stopping, set_up),
		TEST(test_find, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
