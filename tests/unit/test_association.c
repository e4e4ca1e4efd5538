// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>
#include <rte_cycles.h>

#include "dtls.h"
#include "hs_table.h"
#include "record.h"
#include "session_dir.h"
#include "unit.h"

// The life of an association, from a client's first session on a port to its next.

#define PORT	 40000
#define ECDSA	 "ECDHE-ECDSA-AES128-GCM-SHA256"
#define PATIENCE 5000 // ms

static struct lab lab;
static struct lab_client client, again;

static int set_up(void **state)
{
	(void)state;
	lab_start(&lab);
	lab.rig.config.retransmit_ms = 20;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	return 0;
}

static void start(void)
{
	lab_client_start(&lab, &client, PORT, ECDSA);
	assert_true(lab_handshake(&client, PATIENCE));
	lab_check_echo(&client, "x");
}

static void finish(struct lab_client *c)
{
	lab_check_nonces(c);
	lab_close(c);
	lab_client_stop(c);
	ERR_clear_error();
}

// A record of the first client's, as the backend sees it.
static bool old_passes(uint64_t seq)
{
	uint8_t bytes[256];

	lab.backend.nb = 0;
	lab_inject(&client, bytes, lab_seal(&client, seq, "old", bytes));
	lab_pump(&lab);
	return lab.backend.nb == 1;
}

// RFC 6347 section 4.2.8 with each datagram lost in turn: the old session lives until the new
// handshake is finished, and not longer.
static void test_restart_with_losses(void **state)
{
	static const struct {
		uint32_t to_client, to_gateway; // bit n: datagram n is lost
	} rows[] = {{0, 0}, {1, 0}, {2, 0}, {4, 0}, {0, 1}, {0, 2}, {0, 4}, {7, 7}};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		uint64_t completed, seq = 100;
		int error = SSL_ERROR_WANT_READ;

		start();
		lab.client[0] = NULL; // from now on the port is the other's
		completed = lab_stats(&lab)->completed;
		lab_client_start(&lab, &again, PORT, ECDSA);
		again.lose = rows[row].to_client;
		again.lose_out = rows[row].to_gateway;
		for (int n = 0; n < 500 && error == SSL_ERROR_WANT_READ; n++) {
			error = lab_step(&again);
			lab_pump(&lab);
			unit_check(row,
				   old_passes(seq++) == (lab_stats(&lab)->completed == completed));
			if (again.in.nb == 0)
				lab_wait(&lab);
		}
		unit_check(row, error == SSL_ERROR_NONE);
		unit_check(row, session_dir_count(lab.cp.sessions) == 1);
		unit_check(row, lab_stats(&lab)->completed == completed + 1);
		lab_check_echo(&again, "y");
		finish(&again);
		lab_client_stop(&client);
		lab_check_idle(&lab);
	}
}

static struct session_entry *only_session(void)
{
	struct session_view view;
	uint32_t cursor = 0;

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	return session_dir_find(lab.cp.sessions, view.id);
}

// The client's Finished, sent again in a record of its own.
static uint16_t seal_finished(uint64_t seq, uint8_t *out)
{
	static const uint8_t finished[24] = {DTLS_FINISHED, [11] = 12};

	return lab_seal_as(&client, DTLS_HANDSHAKE, seq, finished, sizeof(finished), out);
}

// However late it comes, a Finished is answered by the last flight under fresh numbers, once a
// second; a copy of an old one is not.
static void test_finished_at_any_time(void **state)
{
	uint8_t bytes[256];
	uint16_t len;

	(void)state;
	start();
	for (uint64_t round = 0; round < 3; round++) {
		uint64_t replays = rig_drops(&lab.rig, DROP_REPLAY);
		uint16_t seen;

		for (int n = 0; n < 20; n++)
			lab_check_echo(&client, "data");
		seen = client.seen.nb;
		len = seal_finished(1000 + 10 * round, bytes);
		only_session()->session->tx.finished_tsc = 0;
		lab_inject(&client, bytes, len);
		lab_pump(&lab);
		unit_check(round, lab_stats(&lab)->resent_flights == round + 1);
		unit_check(round, client.seen.nb == seen + 1); // ChangeCipherSpec, Finished
		lab_inject(&client, bytes, len);
		lab_pump(&lab);
		unit_check(round, rig_drops(&lab.rig, DROP_REPLAY) == replays + 1);
		only_session()->session->tx.finished_tsc = 0;
		lab_inject(&client, bytes, seal_finished(1001 + 10 * round, bytes));
		lab_pump(&lab);
		unit_check(round, lab_stats(&lab)->resent_flights == round + 1);
		only_session()->flight.resent_tsc -= 2 * rte_get_tsc_hz();
	}
	finish(&client);
}

static void test_alerts(void **state)
{
	static const uint8_t warning[] = {DTLS_ALERT_WARNING, 90}; // user_canceled
	static const uint8_t fatal[] = {DTLS_ALERT_FATAL, 50};	   // decode_error
	uint8_t bytes[256];
	uint16_t seen;

	(void)state;
	start();
	lab_inject(&client, bytes,
		   lab_seal_as(&client, DTLS_ALERT, 1000, warning, sizeof(warning), bytes));
	lab_check_echo(&client, "still here");
	lab_inject(&client, bytes,
		   lab_seal_as(&client, DTLS_ALERT, 1001, fatal, sizeof(fatal), bytes));
	lab_pump(&lab);
	lab_check_idle(&lab);
	seen = client.seen.nb;
	assert_false(old_passes(1002));
	assert_int_equal(rig_drops(&lab.rig, DROP_NO_SESSION), 1);
	rig_put(&lab.rig, RIG_INSIDE, rig_from_backend(&lab.rig, lab.nat_port, "late", 4));
	lab_pump(&lab);
	assert_int_equal(rig_drops(&lab.rig, DROP_NO_NAT), 1);
	assert_int_equal(client.seen.nb, seen);
	lab_client_stop(&client);
}

// Nothing but a close_notify waits for the client.
static bool is_closed(void)
{
	uint8_t got[64];
	int n;

	do {
		n = SSL_read(client.ssl, got, sizeof(got));
	} while (n > 0);
	return SSL_get_error(client.ssl, n) == SSL_ERROR_ZERO_RETURN;
}

// How many of the backend's datagrams of 16 bytes come through before the session ends.
static unsigned int replies_until_end(void)
{
	unsigned int n = 0;

	while (session_dir_count(lab.cp.sessions) > 0 && n < 100) {
		rig_put(&lab.rig, RIG_INSIDE,
			rig_from_backend(&lab.rig, lab.nat_port, "sixteen bytes...", 16));
		lab_pump(&lab);
		n++;
	}
	return n - 1;
}

// Limits of the configuration end a session cleanly.  The Finished and the first echo are record 0
// and 1 of the gateway; a record of one block costs 3.
static void test_limits(void **state)
{
	struct config *config = &lab.rig.config;
	uint8_t bytes[256];

	(void)state;
	config->seal_records = 10;
	start();
	assert_int_equal(replies_until_end(), 8);
	assert_true(is_closed());
	assert_int_equal(rig_drops(&lab.rig, DROP_SEQ_LIMIT), 1);
	lab_check_nonces(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);

	config->seal_records = 0;
	config->seal_blocks = 33;
	start();
	assert_int_equal(replies_until_end(), 10);
	assert_true(is_closed());
	lab_check_nonces(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);

	config->seal_blocks = 0;
	config->forged_records = 3;
	start();
	for (uint64_t seq = 1000; seq < 1003; seq++) {
		uint16_t len = lab_seal(&client, seq, "forged", bytes);

		assert_int_equal(session_dir_count(lab.cp.sessions), 1);
		lab_check_echo(&client, "good ones go on");
		bytes[len - 1] ^= 1;
		lab_inject(&client, bytes, len);
		lab_pump(&lab);
	}
	assert_true(is_closed());
	lab_check_nonces(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(restart_with_losses),
		TEST(finished_at_any_time),
		TEST(alerts),
		TEST(limits),
#undef TEST
	};

	return cmocka_run_group_tests_name("association", tests, NULL, NULL);
}
