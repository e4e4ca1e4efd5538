// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>

#include "dtls.h"
#include "handshake.h"
#include "hs_table.h"
#include "hs_worker.h"
#include "install.h"
#include "loop.h"
#include "neigh.h"
#include "session_dir.h"
#include "unit.h"

// Every message in every state: what a handshake does with what it does not await.

static const enum hs_state done[] = {HS_WAIT_ROOM, HS_WAIT_INSTALLED};

static struct lab lab;
static struct lab_client client;

static uint64_t referenced; // the fewest neighbours while a datagram was sent

void __real_neigh_send(struct cp *cp, uint16_t lcore, struct rte_mbuf *m, const struct encap *e);
void __wrap_neigh_send(struct cp *cp, uint16_t lcore, struct rte_mbuf *m, const struct encap *e);

void __wrap_neigh_send(struct cp *cp, uint16_t lcore, struct rte_mbuf *m, const struct encap *e)
{
	referenced = RTE_MIN(referenced, neigh_stats(cp)->referenced);
	__real_neigh_send(cp, lcore, m, e);
}

// Brings the client's handshake into state, in which nothing is polled.
static struct handshake *reach(enum hs_state state)
{
	struct handshake *hs;

	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	if (state != HS_WAIT_CLIENT) {
		for (; client.out.nb > 0; lab_queue_shift(&client.out))
			lab_inject(&client, client.out.datagram[0].bytes,
				   client.out.datagram[0].len);
		rig_poll(&lab.rig);
		if (state == HS_WAIT_ROOM)
			lab_fill_ring(&lab);
		for (struct msg msg; rig_message(&lab.rig, &msg);)
			lab_dispatch(&lab, &msg);
	}
	hs = lab_handshake_first(&lab);
	assert_non_null(hs);
	assert_int_equal(hs->state, state);
	return hs;
}

// Lets the handshake come to its good end.
static void complete(void)
{
	client.hold = false;
	for (int n = 0; n < 200; n++)
		rig_poll(&lab.rig);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "x");
	lab_finish(&client);
	lab_check_idle(&lab);
}

static void dispatch(enum msg_type type, uint64_t id, const void *bytes, uint16_t len)
{
	struct msg msg = {.type = (uint8_t)type, .id = id};

	msg.flow = rig_flow(&lab.rig, LAB_PORT);
	if (bytes != NULL)
		msg.mbuf = rig_frame(&lab.rig, bytes, len);
	lab_dispatch(&lab, &msg);
}

// A datagram with its headers, as the lcore gives it.
static void record(const uint8_t *bytes, uint16_t len)
{
	struct msg msg = {.type = MSG_RECORD};

	msg.flow = rig_flow(&lab.rig, LAB_PORT);
	msg.mbuf = rig_from_client(&lab.rig, LAB_PORT, bytes, len);
	msg.mbuf->port = lab.rig.dp->port_id[RIG_OUTSIDE];
	msg.l234_len = msg.mbuf->data_len - len;
	rte_pktmbuf_adj(msg.mbuf, msg.l234_len);
	lab_dispatch(&lab, &msg);
}

// The lcore found a good cookie in the ClientHello of another client on the same port.
static void hello(uint64_t id)
{
	static struct lab_client other;
	struct lab_datagram *d = &other.out.datagram[0];

	lab_client_start(&lab, &other, LAB_PORT, LAB_ECDSA);
	lab_step(&other);
	dispatch(MSG_HELLO, id, d->bytes, d->len);
	lab_client_stop(&other);
}

static void test_hello_when_done(void **state)
{
	(void)state;
	for (size_t row = 0; row < UNIT_NB(done); row++) {
		struct handshake *hs = reach(done[row]);

		hello(77);
		unit_check(row, lab_handshake_first(&lab) == hs);
		unit_check(row, hs->state == done[row]);
		unit_check(row, hs->hello_id == 77);
		unit_check(row, lab_stats(&lab)->hellos_ignored == row + 1);
		unit_check(row, lab_stats(&lab)->started == row + 1);
		unit_check(row, lab_stats(&lab)->hasty == 0);
		complete();
	}
}

static void test_ended_when_done(void **state)
{
	(void)state;
	for (size_t row = 0; row < UNIT_NB(done); row++) {
		struct handshake *hs = reach(done[row]);

		dispatch(MSG_HANDSHAKE_ENDED, 0, NULL, 0);
		unit_check(row, lab_handshake_first(&lab) == hs);
		unit_check(row, lab_stats(&lab)->expired == 0);
		complete();
	}
}

static void test_ended_when_waiting(void **state)
{
	struct handshake *hs;
	struct msg msg = {.type = MSG_HANDSHAKE_REMOVE};

	(void)state;
	hs = reach(HS_WAIT_CLIENT);
	msg.flow = hs->flow;
	msg.id = hs->hello_id;
	dispatch(MSG_HANDSHAKE_ENDED, 0, NULL, 0);
	assert_int_equal(lab_stats(&lab)->expired, 1);
	lab_client_stop(&client);
	assert_true(dp_send(lab.rig.dp, 0, &msg)); // what a real lcore has done before
	lab_check_idle(&lab);
}

// Two ClientHellos with a good cookie each, sent in turn.
static void test_hasty(void **state)
{
	struct handshake *hs;

	(void)state;
	hs = reach(HS_WAIT_CLIENT);
	lab_age(&lab, 900);
	hello(hs->hello_id);
	assert_ptr_equal(lab_handshake_first(&lab), hs);
	assert_int_equal(lab_stats(&lab)->hasty, 1);
	assert_int_equal(lab_stats(&lab)->replaced, 0);
	lab_age(&lab, 100);
	hello(hs->hello_id);
	assert_int_equal(lab_stats(&lab)->hasty, 1);
	assert_int_equal(lab_stats(&lab)->replaced, 1);
	assert_int_equal(lab_stats(&lab)->started, 2);
	lab_client_stop(&client);
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
}

// Records that no handshake wants: each counts.
static void test_ignored(void **state)
{
	static const struct {
		uint8_t type, epoch, len, tail; // tail: bytes behind the record
	} rows[] = {
		{DTLS_APPLICATION_DATA, 0, 4, 0},
		{DTLS_APPLICATION_DATA, 2, 4, 0},
		{DTLS_HANDSHAKE, 2, 4, 0},
		{DTLS_HANDSHAKE + 8, 0, 4, 0},
		{DTLS_CHANGE_CIPHER_SPEC - 1, 0, 4, 0},
		{DTLS_ALERT, 1, 30, 0}, // does not authenticate
		{DTLS_CHANGE_CIPHER_SPEC, 0, 1, 5},
	};
	const struct lab_datagram *d = &client.out.datagram[0];
	uint8_t bytes[64];
	struct record rec;

	(void)state;
	reach(HS_WAIT_CLIENT);
	assert_true(record_parse(d->bytes, d->len, &rec)); // ClientKeyExchange: there are keys
	record(d->bytes, DTLS_RECORD_HEADER_LEN + rec.fragment_len);
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		memset(bytes, 0, sizeof(bytes));
		bytes[0] = rows[row].type;
		bytes[1] = 0xfe;
		bytes[2] = 0xfd;
		bytes[4] = rows[row].epoch;
		bytes[10] = (uint8_t)(100 + row);
		bytes[12] = rows[row].len;
		bytes[13] = 1;
		record(bytes, DTLS_RECORD_HEADER_LEN + rows[row].len + rows[row].tail);
		unit_check(row, lab_stats(&lab)->records_ignored == row + 1);
	}
	complete();
	assert_int_equal(lab_stats(&lab)->early_held + lab_stats(&lab)->early_dropped, 0);
}

// So do messages that are nobody's: records when the handshake is over, and no ClientHello.
static void test_stray(void **state)
{
	static const uint8_t bytes[] = {
		DTLS_HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0};
	uint64_t strays = 0;

	(void)state;
	record(bytes, sizeof(bytes));
	for (uint16_t i = 0; i < lab.cp.worker_nb; i++)
		strays += lab.cp.worker[i]->stats.stray_records;
	assert_int_equal(strays, 1);
	dispatch(MSG_HELLO, 1, bytes, sizeof(bytes));
	assert_int_equal(lab_stats(&lab)->hellos_ignored, 1);
	assert_int_equal(lab_stats(&lab)->started, 0);
}

// What was held is lost if the lcore's ring has no room for it.
static void test_early_lost(void **state)
{
	uint8_t bytes[64];
	struct msg msg;

	(void)state;
	reach(HS_WAIT_INSTALLED);
	record(bytes, lab_seal(&client, 7, "x", bytes));
	assert_int_equal(lab_stats(&lab)->early_held, 1);
	while (!rig_message(&lab.rig, &msg))
		rig_poll(&lab.rig);
	assert_int_equal(msg.type, MSG_INSTALLED);
	lab_fill_ring(&lab);
	lab_dispatch(&lab, &msg);
	assert_int_equal(lab_stats(&lab)->completed, 1);
	assert_int_equal(lab_stats(&lab)->early_lost, 1);
	for (int n = 0; n < 200; n++)
		rig_poll(&lab.rig);
	lab_client_stop(&client);
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
}

// The client gives up when it has sent its Finished.
static void test_alert_when_done(void **state)
{
	static const uint8_t alert[] = {DTLS_ALERT_WARNING, DTLS_ALERT_CLOSE_NOTIFY};
	uint8_t bytes[64];

	(void)state;
	for (size_t row = 0; row < UNIT_NB(done); row++) {
		uint16_t len;

		reach(done[row]);
		len = lab_seal_as(&client, DTLS_ALERT, 9, alert, sizeof(alert), bytes);
		dispatch(MSG_RECORD, 0, bytes, len); // without headers: cannot be given back
		unit_check(row, lab_stats(&lab)->early_dropped == row + 1);
		unit_check(row, lab_stats(&lab)->early_held == row);
		record(bytes, len);
		unit_check(row, lab_stats(&lab)->early_held == row + 1);
		for (int n = 0; n < 200; n++)
			rig_poll(&lab.rig);
		for (int n = 0; n < 20 && lab_stats(&lab)->completed == row; n++) {
			lab_wait(&lab);
			lab_pump(&lab);
		}
		unit_check(row, lab_stats(&lab)->completed == row + 1);
		lab_check_idle(&lab);
		lab_client_stop(&client);
	}
}

static void shut_down(enum hs_state hs_state)
{
	reach(hs_state);
	if (hs_state == HS_WAIT_ROOM) // room for the alert
		lcore_poll(dp_lcore(lab.rig.dp, 0));
	referenced = UINT64_MAX;
	install_shutdown(&lab.cp);
	for (int n = 0; n < 200; n++)
		rig_poll(&lab.rig);
	for (int n = 0; n < 20 && cp_half_open(&lab.cp) > 0; n++) {
		lab_wait(&lab);
		lab_pump(&lab);
	}
	lab_check_idle(&lab);
	assert_true(client.in.nb > 0);
	lab_client_stop(&client);
}

static void test_shutdown_before_room(void **state)
{
	(void)state;
	shut_down(HS_WAIT_ROOM);
	assert_int_equal(lab_stats(&lab)->failed, 1);
	assert_true(referenced > lab.references); // the client's is still held
}

static void test_shutdown_before_installed(void **state)
{
	(void)state;
	shut_down(HS_WAIT_INSTALLED);
	assert_int_equal(lab_stats(&lab)->completed, 1);
}

// The client hears that the gateway stops.
static void test_shutdown_alert(void **state)
{
	(void)state;
	reach(HS_WAIT_CLIENT);
	client.in.nb = 0;
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
	assert_int_equal(client.in.nb, 1);
	assert_int_equal(lab_step(&client), SSL_ERROR_SSL);
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	ERR_clear_error();
	lab_client_stop(&client);
}

// The lcores have stopped and will not answer.
static void test_discard(void **state)
{
	static const enum hs_state states[] = {HS_WAIT_CLIENT, HS_WAIT_ROOM};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(states); row++) {
		struct handshake *hs = reach(states[row]);
		struct msg msg = {.type = MSG_HANDSHAKE_REMOVE, .id = hs->hello_id};

		msg.flow = hs->flow;
		handshake_discard(hs->worker);
		unit_check(row, cp_half_open(&lab.cp) == 0);
		for (int n = 0; n < 200; n++)
			rig_poll(&lab.rig);
		unit_check(row, dp_send(lab.rig.dp, 0, &msg));
		lab_client_stop(&client);
		lab_pump(&lab);
		unit_check(row, lab.rig.dp->stats[0]->handshakes == 0);
	}
	lab.cp.stats[0].failed += UNIT_NB(states); // without a count
}

// Only a Finished, and only of a session that is live and stays, brings the last flight again; and
// what did not leave neither counts nor holds up the next.
static void test_resend_guards(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED};
	static const uint8_t other[24] = {DTLS_FINISHED - 1};
	struct session_entry *entry;
	struct msg msg = {.type = MSG_PLAIN_RECORD, .content_type = DTLS_HANDSHAKE};

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	entry = session_dir_find(lab.cp.sessions, UINT64_C(1) << 32);
	assert_non_null(entry);
	for (int n = 0; n < 7; n++) {
		entry->live = n != 0;
		entry->removing = n == 1;
		msg.id = entry->id;
		msg.content_type = n == 2 ? DTLS_ALERT : DTLS_HANDSHAKE;
		msg.mbuf = rig_frame(&lab.rig, n == 3 ? other : finished, n == 4 ? 11 : 24);
		if (n == 5)
			lab_fill_ring(&lab);
		lab_dispatch(&lab, &msg);
		unit_check(n, lab_stats(&lab)->resent_flights == (n == 6));
		unit_check(n, lab_stats(&lab)->finished_ignored == RTE_MIN(n + 1ull, 5ull));
		unit_check(n, lab_stats(&lab)->resends_failed == (n >= 5));
		for (int i = 0; i < 200; i++)
			rig_poll(&lab.rig);
	}
	lab_finish(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
	cmocka_unit_test_prestate_setup_teardown(test_##name, lab_set_up, lab_tear_down, &lab)
		TEST(hello_when_done),
		TEST(ended_when_done),
		TEST(ended_when_waiting),
		TEST(hasty),
		TEST(ignored),
		TEST(stray),
		TEST(early_lost),
		TEST(alert_when_done),
		TEST(shutdown_before_room),
		TEST(shutdown_before_installed),
		TEST(shutdown_alert),
		TEST(discard),
		TEST(resend_guards),
#undef TEST
	};

	return cmocka_run_group_tests_name("handshake_states", tests, NULL, NULL);
}
