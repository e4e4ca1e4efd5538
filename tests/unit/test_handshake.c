// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>
#include <rte_cycles.h>

#include "dtls.h"
#include "handshake.h"
#include "hs_table.h"
#include "install.h"
#include "keyblock.h"
#include "loop.h"
#include "record.h"
#include "session_dir.h"
#include "unit.h"

static struct lab lab;
static struct lab_client client;

static void test_suites(void **state)
{
	static const char *const suites[] = {
		"ECDHE-ECDSA-AES128-GCM-SHA256",
		"ECDHE-ECDSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-CHACHA20-POLY1305",
		"ECDHE-ECDSA-AES128-CCM",
		"ECDHE-ECDSA-AES256-CCM",
		"ECDHE-ECDSA-AES128-CCM8",
		"ECDHE-ECDSA-AES256-CCM8",
		"ECDHE-RSA-AES128-GCM-SHA256",
		"ECDHE-RSA-AES256-GCM-SHA384",
		"ECDHE-RSA-CHACHA20-POLY1305",
		"DHE-RSA-AES128-GCM-SHA256",
		"DHE-RSA-AES256-GCM-SHA384",
		"DHE-RSA-CHACHA20-POLY1305",
		"DHE-RSA-AES128-CCM",
		"DHE-RSA-AES256-CCM",
		"DHE-RSA-AES128-CCM8",
		"DHE-RSA-AES256-CCM8",
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(suites); row++) {
		lab_client_start(&lab, &client, LAB_PORT, suites[row]);
		unit_check(row, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(row, strcmp(SSL_get_cipher(client.ssl), suites[row]) == 0);
		unit_check(row, SSL_get_extms_support(client.ssl) == 1);
		unit_check(row, lab_stats(&lab)->completed == row + 1);
		lab_check_echo(&client, "first");
		lab_check_echo(&client, "second");
		unit_check(row, lab_check_nonces(&client) == 3);
		lab_close(&client);
		lab_check_idle(&lab);
		lab_client_stop(&client);
	}
}

// The flight's epoch-0 numbers go on from the ClientHello's, however often it was sent.
static void test_epoch0_numbers(void **state)
{
	struct record hello = {0}, first;

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	client.lose = 3; // two HelloVerifyRequests
	client.hold = true;
	while (client.seen.nb < 4) {
		lab_step(&client);
		if (client.out.nb > 0)
			assert_true(record_parse(client.out.datagram[0].bytes,
						 client.out.datagram[0].len, &hello));
		client.hold = false;
		lab_pump(&lab);
		client.hold = true;
		lab_wait(&lab);
	}
	assert_true(
		record_parse(client.seen.datagram[3].bytes, client.seen.datagram[3].len, &first));
	assert_int_equal(first.seq, hello.seq);
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_finish(&client);
}

static void test_fragmented_hello(void **state)
{
	char name[240];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 40; i < sizeof(name) - 1; i += 40)
		name[i] = '.';
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	SSL_set_tlsext_host_name(client.ssl, name);
	SSL_set_mtu(client.ssl, 260);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_true(lab.rig.dp->stats[0]->hello >= 1);
	lab_check_echo(&client, "x");
	lab_finish(&client);
}

// Datagrams of the gateway: 0 is the HelloVerifyRequest, 1 the flight from ServerHello to
// ServerHelloDone, 2 ChangeCipherSpec and Finished.
static void lose_each_flight(const char *suite)
{
	for (uint32_t lost = 0; lost < 3; lost++) {
		lab_client_start(&lab, &client, LAB_PORT, suite);
		client.lose = 1u << lost;
		unit_check(lost, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(lost, lab_stats(&lab)->resent_flights == (lost == 2));
		lab_check_echo(&client, "x");
		unit_check(lost, lab_check_nonces(&client) == (lost == 2 ? 3 : 2));
		lab_finish(&client);
		lab_check_idle(&lab);
	}
}

static void test_lost_flights(void **state)
{
	(void)state;
	lose_each_flight(LAB_ECDSA);
}

static void test_lost_flights_chacha20(void **state)
{
	(void)state;
	lose_each_flight("ECDHE-RSA-CHACHA20-POLY1305");
}

static void test_lost_flights_ccm(void **state)
{
	(void)state;
	lose_each_flight("ECDHE-ECDSA-AES256-CCM");
}

static void test_lost_flights_ccm_8(void **state)
{
	(void)state;
	lose_each_flight("ECDHE-ECDSA-AES128-CCM8");
}

// The last flight is lost while application data of the backend is already under way.
static void test_resend_between_data(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	client.lose = 1u << 2;
	while (client.received < 3) {
		lab_step(&client);
		lab_pump(&lab);
	}
	for (uint16_t i = 0; i < 5; i++) {
		rig_put(&lab.rig, RIG_INSIDE, rig_from_backend(&lab.rig, 1024, "early", 5));
		lab_pump(&lab);
	}
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(lab_check_nonces(&client), 7);
	lab_finish(&client);
}

// However often its Finished comes, the last flight goes out once a second.
static void test_resend_rate(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED};
	struct session_entry *entry;
	uint8_t bytes[128];

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	entry = session_dir_find(lab.cp.sessions, UINT64_C(1) << 32);
	assert_non_null(entry);
	for (uint64_t n = 0; n < 8; n++) {
		uint16_t len = lab_seal_as(&client, DTLS_HANDSHAKE, 10 + n, finished,
					   sizeof(finished), bytes);

		if (n == 4) // as if a second passed
			entry->flight.resent_tsc -= rte_get_tsc_hz();
		else if (n > 0) // no time at all
			entry->flight.resent_tsc = rte_rdtsc();
		entry->session->tx.finished_tsc = 0; // the lcore lets each pass
		lab_inject(&client, bytes, len);
		lab_pump(&lab);
		unit_check(n, lab_stats(&lab)->resent_flights == (n < 4 ? 1 : 2));
	}
	assert_int_equal(lab_check_nonces(&client), 3);
	lab_finish(&client);
}

static void test_replaced(void **state)
{
	static struct lab_client other;

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	while (client.received < 2) {
		lab_step(&client);
		lab_pump(&lab);
	}
	assert_int_equal(cp_half_open(&lab.cp), 1);
	lab_client_stop(&client);
	lab_age(&lab, 1000);
	lab_client_start(&lab, &other, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&other, LAB_PATIENCE_MS));
	assert_int_equal(lab_stats(&lab)->replaced, 1);
	lab_check_echo(&other, "x");
	lab_finish(&other);
}

// A client that forgot its session comes again from the same port (RFC 6347 section 4.2.8).
static void test_restart(void **state)
{
	static struct lab_client again;

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "x");
	lab_client_stop(&client);
	lab_client_start(&lab, &again, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&again, LAB_PATIENCE_MS));
	lab_pump(&lab);
	assert_int_equal(session_dir_count(lab.cp.sessions), 1);
	lab_check_echo(&again, "y");
	lab_finish(&again);
}

static void check_backend(const char *const *text, uint16_t nb)
{
	assert_int_equal(lab.backend.nb, nb);
	for (uint16_t i = 0; i < nb; i++) {
		assert_int_equal(lab.backend.datagram[i].len, strlen(text[i]));
		assert_memory_equal(lab.backend.datagram[i].bytes, text[i], strlen(text[i]));
	}
	lab.backend.nb = 0;
}

static void test_early_data(void **state)
{
	static const char *const expected[] = {"before", "behind"};
	struct lab_datagram *last;
	uint8_t bytes[256];

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	lab_inject(&client, bytes, lab_seal(&client, 7, "before", bytes));
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->early_held, 1);
	last = &client.out.datagram[client.out.nb - 1];
	last->len += lab_seal(&client, 8, "behind", last->bytes + last->len);
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	check_backend(expected, 2);
	assert_int_equal(lab_stats(&lab)->early_held, 2);
	// What was consumed or delivered does not come in again.
	lab_inject(&client, bytes, lab_seal(&client, 7, "before", bytes));
	lab_inject(&client, bytes, lab_seal(&client, 0, "finished", bytes));
	lab_pump(&lab);
	check_backend(expected, 0);
	assert_int_equal(lab_check_nonces(&client), 1);
	lab_finish(&client);
}

// The Finished overtakes the rest of its flight.
static void test_finished_first(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	struct lab_datagram whole = client.out.datagram[0];
	struct record rec;
	uint16_t at = 0;

	assert_int_equal(client.out.nb, 1);
	while (record_parse(whole.bytes + at, whole.len - at, &rec) && rec.epoch == 0)
		at += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
	lab_inject(&client, whole.bytes + at, whole.len - at);
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->completed, 0);
	lab_inject(&client, whole.bytes, at);
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->completed, 1);
	client.out.nb = 0;
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "x");
	lab_finish(&client);
}

static void test_shutdown(void **state)
{
	static struct lab_client many[LAB_MANY];

	(void)state;
	for (uint16_t i = 0; i < LAB_MANY; i++) {
		lab_client_start(&lab, &many[i], LAB_PORT + i, LAB_ECDSA);
		for (int n = 0; n < 2; n++) {
			lab_step(&many[i]);
			lab_pump(&lab);
		}
		if (i > 0) // the first stays half open
			assert_true(lab_handshake(&many[i], LAB_PATIENCE_MS));
	}
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
	for (uint16_t i = 0; i < LAB_MANY; i++) {
		char byte;

		if (i > 0) {
			assert_int_equal(SSL_read(many[i].ssl, &byte, 1), 0);
			assert_int_equal(SSL_get_shutdown(many[i].ssl), SSL_RECEIVED_SHUTDOWN);
		}
		lab_client_stop(&many[i]);
	}
}

// A handshake that comes to its end while the gateway stops makes no session: nobody removes it.
static void test_complete_while_stopping(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	lab.cp.stopping = true;
	client.hold = false;
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	ERR_clear_error();
	assert_int_equal(lab_stats(&lab)->failed, 1);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
	cmocka_unit_test_prestate_setup_teardown(test_##name, lab_set_up, lab_tear_down, &lab)
		TEST(suites),
		TEST(epoch0_numbers),
		TEST(fragmented_hello),
		TEST(lost_flights),
		TEST(lost_flights_chacha20),
		TEST(lost_flights_ccm),
		TEST(lost_flights_ccm_8),
		TEST(resend_between_data),
		TEST(resend_rate),
		TEST(replaced),
		TEST(restart),
		TEST(early_data),
		TEST(finished_first),
		TEST(shutdown),
		TEST(complete_while_stopping),
#undef TEST
	};

	return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
