// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>
#include <rte_ring_elem.h>

#include "dtls.h"
#include "handshake.h"
#include "hs_table.h"
#include "install.h"
#include "keyblock.h"
#include "loop.h"
#include "record.h"
#include "session_dir.h"
#include "unit.h"

#define OTHER "ECDHE-ECDSA-AES128-SHA" // that the gateway does not have

static struct lab lab;
static struct lab_client client;

static void test_early_data_bounded(void **state)
{
	uint8_t bytes[1400] = {DTLS_APPLICATION_DATA, 0xfe, 0xfd, 0, 1};

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	bytes[11] = (sizeof(bytes) - DTLS_RECORD_HEADER_LEN) >> 8;
	bytes[12] = (sizeof(bytes) - DTLS_RECORD_HEADER_LEN) & 0xff;
	for (int i = 0; i < 100; i++) {
		lab_inject(&client, bytes, sizeof(bytes));
		lab_pump(&lab);
	}
	assert_int_equal(lab_stats(&lab)->early_held, lab.cp.config->early_data_bytes / 1400);
	assert_int_equal(lab_stats(&lab)->early_dropped, 100 - lab_stats(&lab)->early_held);
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "x");
	lab_finish(&client);
}

// Forged records in front of the Finished: the handshake and the window do not notice.
static void test_forged(void **state)
{
	uint8_t bytes[256] = {0};

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	for (unsigned int type = 0; type < 256; type++) {
		for (uint8_t epoch = 1; epoch < 3; epoch++) {
			uint16_t len = lab_seal(&client, DTLS_SEQ_MAX, "forged", bytes);

			bytes[0] = (uint8_t)type;
			bytes[4] = epoch;
			bytes[len - 1] ^= 1;
			lab_inject(&client, bytes, len);
			lab_pump(&lab);
		}
	}
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab.backend.nb = 0;
	lab_check_echo(&client, "x");
	lab_finish(&client);
}

// A last flight with some bytes changed, records cut, repeated and joined: whatever becomes of the
// handshake, nothing is left behind.
static void test_mutated(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (int n = 0; n < 500; n++) {
		lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
		lab_last_flight(&client);
		for (uint64_t copy = 0; copy < 4; copy++) {
			struct lab_datagram d = client.out.datagram[0];
			uint64_t changes = unit_random(&seed) % 5;

			while (changes-- > 0)
				d.bytes[unit_random(&seed) % d.len] = (uint8_t)unit_random(&seed);
			if (unit_random(&seed) % 4 == 0)
				d.len = (uint16_t)(unit_random(&seed) % d.len);
			if (d.len > 0)
				lab_inject(&client, d.bytes, d.len);
			lab_pump(&lab);
		}
		lab_client_stop(&client);
		lab_age(&lab, 1000);
		ERR_clear_error();
		lab.backend.nb = 0;
	}
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
}

static void test_no_common_cipher(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 1000; n++) {
		lab_client_start(&lab, &client, LAB_PORT, OTHER);
		assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
		assert_int_equal(ERR_GET_REASON(ERR_get_error()),
				 SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
		ERR_clear_error();
		lab_client_stop(&client);
		// A client whose timer ran out has tried more than once.
		assert_true(lab_stats(&lab)->failed >= n);
		assert_int_equal(lab_stats(&lab)->failed, lab_stats(&lab)->started);
		assert_int_equal(lab.rig.dp->stats[0]->handshakes, 0);
	}
	lab_check_idle(&lab);
}

static void test_records_after_failure(void **state)
{
	uint8_t garbage[] = {DTLS_HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 1};
	struct msg msg = {.type = MSG_RECORD};

	(void)state;
	msg.flow = rig_flow(&lab.rig, LAB_PORT);
	msg.mbuf = rig_frame(&lab.rig, garbage, sizeof(garbage));
	handshake_record(lab.cp.worker[0], &msg);
	handshake_expired(lab.cp.worker[0], &msg);
	lab_check_idle(&lab);
}

// What a lcore may say about a session that is gone.
static void test_dead_ids(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED};
	struct msg msg = {.type = MSG_INSTALLED, .id = UINT64_C(7) << 32 | 3};

	(void)state;
	msg.flow = rig_flow(&lab.rig, LAB_PORT);
	install_done(lab.cp.worker[0], &msg);
	msg.id = UINT64_MAX;
	install_done(lab.cp.worker[0], &msg);
	msg.content_type = DTLS_HANDSHAKE;
	msg.mbuf = rig_frame(&lab.rig, finished, sizeof(finished));
	install_plain_record(&lab.cp, &msg);
	lab_check_idle(&lab);
	assert_int_equal(lab_stats(&lab)->resent_flights, 0);
}

static void test_session_limit(void **state)
{
	struct session_dir *usual = lab.cp.sessions;
	static struct lab_client second;

	(void)state;
	lab.cp.sessions = session_dir_create(1, 1);
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_client_start(&lab, &second, LAB_PORT + 1, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_false(lab_handshake(&second, LAB_PATIENCE_MS));
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	ERR_clear_error();
	lab_check_echo(&client, "x");
	lab_client_stop(&client);
	lab_client_stop(&second);
	// A client that comes again on its own flow replaces its session.
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "y");
	lab_close(&client);
	lab_check_idle(&lab);
	lab_client_stop(&client);
	session_dir_destroy(lab.cp.sessions);
	lab.cp.sessions = usual;
}

static void test_half_open_limit(void **state)
{
	static struct lab_client many[LAB_MANY];

	(void)state;
	lab.cp.room.handshakes = 2;
	for (uint16_t i = 0; i < LAB_MANY; i++) {
		lab_client_start(&lab, &many[i], LAB_PORT + i, LAB_ECDSA);
		many[i].lossy = true;
		for (int n = 0; n < 2; n++) {
			lab_step(&many[i]);
			lab_pump(&lab);
		}
	}
	assert_int_equal(lab_stats(&lab)->started, 2);
	assert_int_equal(lab_stats(&lab)->refused, 2);
	assert_int_equal(lab.rig.dp->stats[0]->handshakes, 2);
	for (uint16_t i = 0; i < LAB_MANY; i++) { // the others come again
		assert_true(lab_handshake(&many[i], LAB_PATIENCE_MS));
		lab_close(&many[i]);
		lab_client_stop(&many[i]);
	}
	lab_check_idle(&lab);
}

static void test_timeout(void **state)
{
	(void)state;
	lab.rig.config.handshake_timeout_s = 1;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	while (client.received < 2) {
		lab_step(&client);
		lab_pump(&lab);
	}
	lab_client_stop(&client);
	for (int n = 0; n < 300 && lab_stats(&lab)->expired == 0; n++) {
		lab_wait(&lab);
		lab_pump(&lab);
	}
	assert_int_equal(lab_stats(&lab)->expired, 1);
	lab_check_idle(&lab);
}

// The lcore's ring is full when the session is to be installed, and when a failure is reported.
static void test_ring_full(void **state)
{
	static const char *const ciphers[] = {LAB_ECDSA, OTHER};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(ciphers); row++) {
		struct msg msg;
		bool done;

		lab_client_start(&lab, &client, LAB_PORT, ciphers[row]);
		while (client.received < (row == 0 ? 2 : 1)) {
			lab_step(&client);
			lab_pump(&lab);
		}
		lab_step(&client);
		for (; client.out.nb > 0; lab_queue_shift(&client.out))
			lab_inject(&client, client.out.datagram[0].bytes,
				   client.out.datagram[0].len);
		rig_poll(&lab.rig);
		lab_fill_ring(&lab);
		while (rig_message(&lab.rig, &msg))
			lab_dispatch(&lab, &msg);
		unit_check(row, cp_half_open(&lab.cp) == 1);
		for (int n = 0; n < 200; n++)
			rig_poll(&lab.rig);
		for (int n = 0; n < 20; n++) {
			lab_wait(&lab);
			lab_pump(&lab);
		}
		done = lab_handshake(&client, row == 0 ? LAB_PATIENCE_MS : 0);
		unit_check(row, done == (row == 0));
		unit_check(row, cp_half_open(&lab.cp) == 0);
		if (done)
			lab_close(&client);
		lab_client_stop(&client);
		ERR_clear_error();
		lab_check_idle(&lab);
	}
}

// The lcore has no room for the session.
static void test_install_failed(void **state)
{
	struct msg msg;

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	lab_inject(&client, client.out.datagram[0].bytes, client.out.datagram[0].len);
	rig_poll(&lab.rig);
	while (rig_message(&lab.rig, &msg))
		lab_dispatch(&lab, &msg);
	do { // behind what cp asks of the backend's neighbour
		assert_int_equal(rte_ring_dequeue_elem(lab.rig.dp->install[0], &msg, sizeof(msg)),
				 0);
		if (msg.type == MSG_TX_FRAME)
			rte_pktmbuf_free(msg.mbuf);
	} while (msg.type != MSG_SESSION_INSTALL);
	msg.type = MSG_INSTALL_FAILED;
	lab_dispatch(&lab, &msg);
	lab_check_idle(&lab);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	ERR_clear_error();
	assert_int_equal(lab_stats(&lab)->failed, 1);
	lab_client_stop(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
	cmocka_unit_test_prestate_setup_teardown(test_##name, lab_set_up, lab_tear_down, &lab)
		TEST(early_data_bounded),
		TEST(forged),
		TEST(mutated),
		TEST(no_common_cipher),
		TEST(records_after_failure),
		TEST(dead_ids),
		TEST(session_limit),
		TEST(half_open_limit),
		TEST(timeout),
		TEST(ring_full),
		TEST(install_failed),
#undef TEST
	};

	return cmocka_run_group_tests_name("handshake_attack", tests, NULL, NULL);
}
