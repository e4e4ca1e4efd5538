// SPDX-License-Identifier: BSD-3-Clause
#include "rig.h"
#include "unit.h"

static struct rig rig;
static struct rig_session rs;

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	rig_install(&rig, &rs, RIG_CLIENT_PORT, RIG_NAT_PORT);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

static void put(const void *payload, uint16_t len)
{
	rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, RIG_CLIENT_PORT, payload, len));
}

// The client's next application record, appended at out.  Returns its length.
static uint16_t seal(const char *text, uint8_t *out)
{
	return rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, rs.seq++, text, (uint16_t)strlen(text),
			out);
}

// Fails unless the backend's next datagram is text.
static void expect_at_backend(const char *text)
{
	struct rte_mbuf *m = rig_take(&rig, RIG_INSIDE);
	uint16_t len;
	const uint8_t *p;

	assert_non_null(m);
	p = rig_payload(m, &len);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(p, text, len);
	rte_pktmbuf_free(m);
}

// Fails unless the client gets one record with this content.
static void expect_at_client(uint8_t type, const void *plain, int len)
{
	struct rte_mbuf *m = rig_take(&rig, RIG_OUTSIDE);
	uint8_t got[2048];
	struct record rec;
	uint16_t record_len;
	const uint8_t *p;

	assert_non_null(m);
	p = rig_payload(m, &record_len);
	assert_int_equal(rig_open(&rig, &rs, p, record_len, &rec, got), len);
	assert_int_equal(rec.type, type);
	assert_memory_equal(got, plain, len);
	// The explicit nonce is epoch and sequence number: no nonce twice.
	assert_memory_equal(p + 3, p + DTLS_RECORD_HEADER_LEN, 8);
	rte_pktmbuf_free(m);
}

static void expect_ended(enum session_end end)
{
	rig_expect_ended(&rig, &rs, end);
	assert_int_equal(rig.dp->stats[0]->sessions, 0);
	assert_null(rig.dp->nat.addr[0].slot[RIG_NAT_PORT].session);
}

static void data_reaches_backend(void **state)
{
	uint8_t out[256];

	(void)state;
	put(out, seal("hello", out));
	put(out, seal("", out));
	rig_poll(&rig);
	expect_at_backend("hello");
	expect_at_backend("");
	assert_int_equal(rig.dp->stats[0]->opened, 2);
	assert_int_equal(rig.dp->stats[0]->listener[0].opened_bytes, 5);
}

static void several_records_in_one_datagram(void **state)
{
	uint8_t out[512];
	uint16_t len, bad;

	(void)state;
	len = seal("one", out);
	bad = len;
	len += seal("two", out + len);
	len += seal("three", out + len);
	out[bad + 25] ^= 1;
	put(out, len);
	rig_poll(&rig);
	expect_at_backend("one");
	expect_at_backend("three");
	assert_null(rig_take(&rig, RIG_INSIDE));
	assert_int_equal(rig_drops(&rig, DROP_BAD_TAG), 1);
	assert_int_equal(rig.dp->stats[0]->split, 2);
}

// More records than a burst holds, and a stump behind them.
static void a_datagram_full_of_records(void **state)
{
	uint8_t out[1600];
	uint16_t len = 0;

	(void)state;
	for (int i = 0; i < 36; i++)
		len += seal("x", out + len);
	out[len++] = 23;
	put(out, len);
	rig_poll(&rig);
	for (int i = 0; i < 36; i++)
		expect_at_backend("x");
	assert_int_equal(rig_drops(&rig, DROP_RECORD), 1);
}

static void replay_in_one_burst_and_later(void **state)
{
	uint8_t out[256];
	uint16_t len = seal("once", out);

	(void)state;
	put(out, len);
	put(out, len);
	rig_poll(&rig);
	put(out, len);
	rig_poll(&rig);
	expect_at_backend("once");
	assert_null(rig_take(&rig, RIG_INSIDE));
	assert_int_equal(rig_drops(&rig, DROP_REPLAY), 2);
}

// A forged record with a huge sequence number moves nothing.
static void forged_record_moves_nothing(void **state)
{
	uint8_t out[256];
	uint16_t len =
		rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, DTLS_SEQ_MAX - 5, "bad", 3, out);

	(void)state;
	out[len - 1] ^= 1;
	put(out, len);
	put(out, seal("good", out));
	rig_poll(&rig);
	expect_at_backend("good");
	assert_null(rig_take(&rig, RIG_INSIDE));
	assert_int_equal(rig_drops(&rig, DROP_BAD_TAG), 1);
	assert_int_equal(rs.session->rx.key.forged, 1);
}

struct bad_record {
	const char *what;
	uint8_t type;
	uint16_t epoch;
	uint16_t version;
	int fragment_len; // -1: as it is
	enum drop reason;
};

static const struct bad_record bad_records[] = {
	{"epoch 0", 23, 0, DTLS_VERSION_1_2, -1, DROP_EPOCH_0},
	{"alert in epoch 0", 21, 0, DTLS_VERSION_1_2, -1, DROP_EPOCH_0},
	{"next epoch", 23, 2, DTLS_VERSION_1_2, -1, DROP_EPOCH},
	{"ChangeCipherSpec", 20, 1, DTLS_VERSION_1_2, -1, DROP_RECORD_TYPE},
	{"heartbeat", 24, 1, DTLS_VERSION_1_2, -1, DROP_RECORD_TYPE},
	{"type 63", 63, 1, DTLS_VERSION_1_2, -1, DROP_RECORD_TYPE},
	{"type 64", 64, 1, DTLS_VERSION_1_2, -1, DROP_TURN},
	{"type 19", 19, 1, DTLS_VERSION_1_2, -1, DROP_ZRTP},
	{"DTLS 1.0", 23, 1, DTLS_VERSION_1_0, -1, DROP_RECORD_TYPE},
	{"TLS 1.2", 23, 1, 0x0303, -1, DROP_RECORD},
	{"shorter than nonce and tag", 23, 1, DTLS_VERSION_1_2, 23, DROP_RECORD_LEN},
	{"longer than the datagram", 23, 1, DTLS_VERSION_1_2, 30, DROP_RECORD},
	{"other type than sealed", 22, 1, DTLS_VERSION_1_2, -1, DROP_BAD_TAG},
};

static void bad_records_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad_records); i++) {
		const struct bad_record *bad = &bad_records[i];
		uint8_t out[256];
		uint16_t len = seal("abcde", out);
		uint64_t before = rig_drops(&rig, bad->reason);

		print_message("  %s\n", bad->what);
		out[0] = bad->type;
		out[1] = (uint8_t)(bad->version >> 8);
		out[2] = (uint8_t)bad->version;
		out[4] = (uint8_t)bad->epoch;
		if (bad->fragment_len >= 0)
			out[12] = (uint8_t)bad->fragment_len;
		if (bad->fragment_len == 23)
			len = DTLS_RECORD_HEADER_LEN + 23;
		put(out, len);
		rig_poll(&rig);
		assert_int_equal(rig_drops(&rig, bad->reason), before + 1);
		assert_null(rig_take(&rig, RIG_INSIDE));
	}
}

static void datagrams_of_nobody(void **state)
{
	uint8_t out[256];
	uint16_t len = seal("lost", out);

	(void)state;
	put(out, 0);
	assert_int_equal(rig_drops(&rig, DROP_UDP_EMPTY), 0);
	rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, 1234, out, len));
	rig_put(&rig, RIG_OUTSIDE,
		rig_udp(&rig, RIG_OUTSIDE, RIG_CLIENT6, RIG_CLIENT_PORT, RIG_GATEWAY6, 99, out,
			len));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_UDP_EMPTY), 1);
	assert_int_equal(rig_drops(&rig, DROP_NO_SESSION), 1);
	assert_int_equal(rig_drops(&rig, DROP_UDP_PORT), 1);
}

static void close_notify_is_answered(void **state)
{
	static const uint8_t close_notify[2] = {1, 0};
	uint8_t out[512];
	uint16_t len;

	(void)state;
	len = rig_seal(&rig, &rs, DTLS_ALERT, 1, rs.seq++, close_notify, 2, out);
	len += seal("too late", out + len);
	put(out, len);
	put(out, seal("later still", out));
	rig_poll(&rig);
	expect_at_client(DTLS_ALERT, close_notify, 2);
	expect_ended(SESSION_END_CLOSE_NOTIFY);
	assert_null(rig_take(&rig, RIG_INSIDE));
	assert_int_equal(rig_drops(&rig, DROP_ALERT), 1);
	assert_int_equal(rig_drops(&rig, DROP_SESSION_ENDED), 2);
}

static void fatal_alert_ends_in_silence(void **state)
{
	static const uint8_t fatal[2] = {2, 40};
	uint8_t out[256];

	(void)state;
	put(out, rig_seal(&rig, &rs, DTLS_ALERT, 1, rs.seq++, fatal, 2, out));
	rig_poll(&rig);
	expect_ended(SESSION_END_FATAL_ALERT);
	assert_null(rig_take(&rig, RIG_OUTSIDE));
}

static void warnings_and_odd_alerts_are_ignored(void **state)
{
	static const struct {
		uint8_t byte[3];
		uint16_t len;
	} alerts[] = {{{1, 90}, 2}, {{0, 40}, 2}, {{2, 40, 0}, 3}, {{2}, 1}, {{0}, 0}};
	uint8_t out[256];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(alerts); i++)
		put(out, rig_seal(&rig, &rs, DTLS_ALERT, 1, rs.seq++, alerts[i].byte, alerts[i].len,
				  out));
	put(out, seal("still here", out));
	rig_poll(&rig);
	expect_at_backend("still here");
	assert_int_equal(rig_drops(&rig, DROP_ALERT), RTE_DIM(alerts));
}

static void renegotiation_is_refused(void **state)
{
	static const uint8_t hello[40] = {DTLS_CLIENT_HELLO};
	static const uint8_t no_renegotiation[2] = {1, 100};
	uint8_t out[256];

	(void)state;
	put(out, rig_seal(&rig, &rs, DTLS_HANDSHAKE, 1, rs.seq++, hello, sizeof(hello), out));
	put(out, rig_seal(&rig, &rs, DTLS_HANDSHAKE, 1, rs.seq++, hello, sizeof(hello), out));
	put(out, rig_seal(&rig, &rs, DTLS_HANDSHAKE, 1, rs.seq++, hello, 5, out));
	put(out, seal("goes on", out));
	rig_poll(&rig);
	expect_at_client(DTLS_ALERT, no_renegotiation, 2);
	assert_null(rig_take(&rig, RIG_OUTSIDE)); // once a second
	expect_at_backend("goes on");
	assert_int_equal(rig_drops(&rig, DROP_HANDSHAKE), 3);
}

static void retransmitted_finished_is_punted(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED, 0, 0, 12};
	struct msg msg;
	uint8_t out[256];

	(void)state;
	put(out, rig_seal(&rig, &rs, DTLS_HANDSHAKE, 1, rs.seq++, finished, 24, out));
	rig_poll(&rig);
	assert_true(rig_message(&rig, &msg));
	assert_int_equal(msg.type, MSG_PLAIN_RECORD);
	assert_int_equal(msg.content_type, DTLS_HANDSHAKE);
	assert_true(msg.id == rs.session->id);
	assert_int_equal(msg.mbuf->data_len, 24);
	assert_memory_equal(rte_pktmbuf_mtod(msg.mbuf, void *), finished, 24);
	rte_pktmbuf_free(msg.mbuf);
}

// One client's flood of Finished leaves the punt ring to others; a timer of 50 ms is no flood.
static void finished_is_punted_at_a_rate(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED, 0, 0, 12};
	struct lcore *lc = dp_lcore(rig.dp, 0);
	uint8_t out[256];
	struct msg msg;

	(void)state;
	lc->second_tsc = UINT64_C(1) << 50; // so that the test may take its time
	for (int round = 0; round < 3; round++) {
		rs.session->tx.finished_tsc -= lc->second_tsc / 20;
		for (int i = 0; i < 100; i++)
			put(out,
			    rig_seal(&rig, &rs, DTLS_HANDSHAKE, 1, rs.seq++, finished, 24, out));
		rig_poll(&rig);
		assert_true(rig_message(&rig, &msg));
		assert_int_equal(msg.type, MSG_PLAIN_RECORD);
		rte_pktmbuf_free(msg.mbuf);
		assert_false(rig_message(&rig, &msg));
		assert_int_equal(rig_drops(&rig, DROP_PUNT_RATE), 99 * (round + 1));
	}
	put(out, seal("goes on", out));
	rig_poll(&rig);
	expect_at_backend("goes on");
}

static void forgery_limit_ends_the_session(void **state)
{
	static const uint8_t close_notify[2] = {1, 0};
	uint8_t out[256];

	(void)state;
	rs.session->rx.key.forged_limit = 3;
	for (int i = 0; i < 3; i++) {
		uint16_t len = seal("forged", out);

		out[len - 1] ^= 1;
		put(out, len);
	}
	rig_poll(&rig);
	expect_at_client(DTLS_ALERT, close_notify, 2);
	expect_ended(SESSION_END_FORGERY_LIMIT);
	assert_int_equal(rig_drops(&rig, DROP_BAD_TAG), 3);
}

static void no_neighbour_and_too_big(void **state)
{
	uint8_t out[2048], plain[1400] = {0};

	(void)state;
	rs.session->rx.encap.payload_max = 972;
	put(out, rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, rs.seq++, plain, 973, out));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_TOO_BIG), 1);
	next_hop_set(&rig.dp->next_hops, 1, NULL);
	put(out, rig_seal(&rig, &rs, DTLS_APPLICATION_DATA, 1, rs.seq++, plain, 972, out));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_NO_NEIGHBOUR), 1);
	assert_null(rig_take(&rig, RIG_INSIDE));
}

// Without mbufs the records behind the first are lost, and counted.
static void an_empty_mempool_drops(void **state)
{
	struct rte_mbuf *all;
	uint8_t out[512];
	uint16_t len = seal("lost", out);

	(void)state;
	len += seal("last keeps the mbuf", out + len);
	put(out, len);
	all = rig_take_mbufs(&rig);
	rig_poll(&rig);
	rig_give_mbufs(all);
	expect_at_backend("last keeps the mbuf");
	assert_null(rig_take(&rig, RIG_INSIDE));
	assert_int_equal(rig_drops(&rig, DROP_NO_MBUF), 1);
}

static void a_full_transmit_queue_drops(void **state)
{
	uint8_t out[256];

	(void)state;
	while (!rte_ring_full(rig.from_gateway[RIG_INSIDE]))
		rte_ring_enqueue(rig.from_gateway[RIG_INSIDE], rig_frame(&rig, "filler", 6));
	put(out, seal("no room", out));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_TX_FULL), 1);
}

// A datagram of records that the session would not take costs counters, no mbufs.
static void worthless_records_are_not_copied(void **state)
{
	uint8_t out[1456] = {0};
	struct rte_mbuf *m;
	unsigned int avail;

	(void)state;
	for (size_t at = 0; at < sizeof(out); at += DTLS_RECORD_HEADER_LEN) {
		out[at] = DTLS_APPLICATION_DATA;
		out[at + 1] = 0xfe;
		out[at + 2] = 0xfd;
		out[at + 4] = 7; // an epoch without keys
	}
	m = rig_from_client(&rig, RIG_CLIENT_PORT, out, sizeof(out));
	avail = rte_mempool_avail_count(rig.dp->mbuf_pool);
	rig_put(&rig, RIG_OUTSIDE, m);
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_EPOCH), sizeof(out) / DTLS_RECORD_HEADER_LEN);
	assert_int_equal(rte_mempool_avail_count(rig.dp->mbuf_pool), avail + 1);
}

// Traffic cannot crowd answers to cp out of the punt ring.
static void a_full_punt_ring_keeps_room_for_answers(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED};
	uint8_t out[256];
	struct msg msg = {.type = MSG_SESSION_REMOVE, .end = SESSION_END_REMOVED};
	bool ended = false;

	(void)state;
	dp_lcore(rig.dp, 0)->second_tsc = 0; // no rate, so that one session can fill it
	while (rig_drops(&rig, DROP_PUNT_FULL) == 0) {
		for (int i = 0; i < 32; i++)
			put(out,
			    rig_seal(&rig, &rs, DTLS_HANDSHAKE, 1, rs.seq++, finished, 24, out));
		rig_poll(&rig);
	}
	msg.flow = rs.flow;
	msg.id = rs.session->id;
	assert_true(dp_send(rig.dp, 0, &msg));
	rig_poll(&rig);
	while (rig_message(&rig, &msg)) {
		ended |= msg.type == MSG_SESSION_ENDED;
		if (msg.type == MSG_PLAIN_RECORD)
			rte_pktmbuf_free(msg.mbuf);
	}
	assert_true(ended);
}

static void idle_session_ends(void **state)
{
	static const uint8_t close_notify[2] = {1, 0};
	struct lcore *lc = dp_lcore(rig.dp, 0);

	(void)state;
	lc->idle_tsc = 0;
	lc->walked_tsc -= lc->second_tsc; // a whole walk is due
	lc->stats.polls = 0;
	rig_poll(&rig);
	expect_at_client(DTLS_ALERT, close_notify, 2);
	expect_ended(SESSION_END_IDLE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(data_reaches_backend),
		TEST(several_records_in_one_datagram),
		TEST(a_datagram_full_of_records),
		TEST(replay_in_one_burst_and_later),
		TEST(forged_record_moves_nothing),
		TEST(bad_records_are_counted),
		TEST(datagrams_of_nobody),
		TEST(close_notify_is_answered),
		TEST(fatal_alert_ends_in_silence),
		TEST(warnings_and_odd_alerts_are_ignored),
		TEST(renegotiation_is_refused),
		TEST(retransmitted_finished_is_punted),
		TEST(finished_is_punted_at_a_rate),
		TEST(forgery_limit_ends_the_session),
		TEST(no_neighbour_and_too_big),
		TEST(an_empty_mempool_drops),
		TEST(a_full_transmit_queue_drops),
		TEST(worthless_records_are_not_copied),
		TEST(a_full_punt_ring_keeps_room_for_answers),
		TEST(idle_session_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
