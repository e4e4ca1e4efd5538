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
	rig_put(&rig, RIG_INSIDE, rig_from_backend(&rig, RIG_NAT_PORT, payload, len));
}

// Fails unless the client gets one record of this type, sequence number and content.
static void expect_at_client(uint8_t type, uint64_t seq, const void *plain, int len)
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
	assert_int_equal(rec.epoch, 1);
	assert_int_equal(rec.seq, seq);
	assert_memory_equal(got, plain, len);
	rte_pktmbuf_free(m);
}

static void replies_reach_the_client(void **state)
{
	uint8_t plain[1460];

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)i;
	put("pong", 4);
	put("", 0);
	put(plain, 1435); // 1500 less IP, UDP and record
	rig_poll(&rig);
	expect_at_client(DTLS_APPLICATION_DATA, 0, "pong", 4);
	expect_at_client(DTLS_APPLICATION_DATA, 1, "", 0);
	expect_at_client(DTLS_APPLICATION_DATA, 2, plain, 1435);
	assert_int_equal(rig.dp->stats[0]->sealed, 3);
	assert_int_equal(rig.dp->stats[0]->listener[0].sealed_bytes, 1439);
}

static void what_is_no_reply_is_dropped(void **state)
{
	uint8_t plain[1436] = {0};

	(void)state;
	rig_put(&rig, RIG_INSIDE, rig_from_backend(&rig, RIG_NAT_PORT + 1, "dead port", 9));
	rig_put(&rig, RIG_INSIDE,
		rig_udp(&rig, RIG_INSIDE, "192.0.2.3", RIG_BACKEND_PORT, RIG_INSIDE_IP,
			RIG_NAT_PORT, "other host", 10));
	rig_put(&rig, RIG_INSIDE,
		rig_udp(&rig, RIG_INSIDE, RIG_BACKEND, RIG_BACKEND_PORT + 1, RIG_INSIDE_IP,
			RIG_NAT_PORT, "other port", 10));
	rig_put(&rig, RIG_INSIDE,
		rig_udp(&rig, RIG_INSIDE, RIG_BACKEND6, RIG_BACKEND_PORT, RIG_INSIDE_IP6,
			RIG_NAT_PORT, "other family", 12));
	put(plain, 1436);
	rig_poll(&rig);
	assert_null(rig_take(&rig, RIG_OUTSIDE));
	assert_int_equal(rig_drops(&rig, DROP_NO_NAT), 2);
	assert_int_equal(rig_drops(&rig, DROP_BACKEND), 2);
	assert_int_equal(rig_drops(&rig, DROP_TOO_BIG), 1);
	assert_int_equal(rs.session->tx.seq, 0);
}

static void sequence_limit_ends_the_session(void **state)
{
	static const uint8_t close_notify[2] = {1, 0};

	(void)state;
	rs.session->tx.seq_limit = 1;
	put("last", 4);
	put("one too many", 12);
	rig_poll(&rig);
	expect_at_client(DTLS_APPLICATION_DATA, 0, "last", 4);
	expect_at_client(DTLS_ALERT, 1, close_notify, 2);
	rig_expect_ended(&rig, &rs, SESSION_END_SEQ_LIMIT);
	assert_int_equal(rig_drops(&rig, DROP_SEQ_LIMIT), 1);
}

// 2 blocks of plaintext and 2 for the tag fit, 3 more do not.
static void block_limit_ends_the_session(void **state)
{
	uint8_t plain[17] = {0};

	(void)state;
	rs.session->tx.blocks_left = 6;
	put(plain, 17);
	put(plain, 1);
	rig_poll(&rig);
	expect_at_client(DTLS_APPLICATION_DATA, 0, plain, 17);
	rig_expect_ended(&rig, &rs, SESSION_END_SEQ_LIMIT);
	assert_int_equal(rig_drops(&rig, DROP_SEQ_LIMIT), 1);
}

static void cp_records_are_sealed(void **state)
{
	struct msg msg = {.type = MSG_TX_RECORD, .content_type = DTLS_HANDSHAKE};

	(void)state;
	msg.flow = rs.flow;
	msg.id = rs.session->id;
	msg.mbuf = rig_frame(&rig, "finished", 8);
	assert_true(dp_send(rig.dp, 0, &msg));
	msg.id++;
	msg.mbuf = rig_frame(&rig, "of another session", 18);
	assert_true(dp_send(rig.dp, 0, &msg));
	rig_poll(&rig);
	expect_at_client(DTLS_HANDSHAKE, 0, "finished", 8);
	assert_null(rig_take(&rig, RIG_OUTSIDE));
	assert_int_equal(rig_drops(&rig, DROP_NO_SESSION), 1);
}

static void removed_by_cp(void **state)
{
	static const uint8_t close_notify[2] = {1, 0};
	struct msg msg = {.type = MSG_SESSION_REMOVE, .end = SESSION_END_SHUTDOWN};

	(void)state;
	msg.flow = rs.flow;
	msg.id = rs.session->id + 1; // another generation: nothing happens
	assert_true(dp_send(rig.dp, 0, &msg));
	msg.id--;
	assert_true(dp_send(rig.dp, 0, &msg));
	rig_poll(&rig);
	expect_at_client(DTLS_ALERT, 0, close_notify, 2);
	rig_expect_ended(&rig, &rs, SESSION_END_SHUTDOWN);
	put("too late", 8);
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_NO_NAT), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replies_reach_the_client),	       TEST(what_is_no_reply_is_dropped),
		TEST(sequence_limit_ends_the_session), TEST(block_limit_ends_the_session),
		TEST(cp_records_are_sealed),	       TEST(removed_by_cp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
