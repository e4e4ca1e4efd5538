// SPDX-License-Identifier: BSD-3-Clause
// Resumptions that come to nothing half-way, and which of them end the session.
#include "resume.h"

#include "dtls.h"
#include "handshake.h"
#include "nat_pool.h"

static const uint64_t ways[] = {0, SSL_OP_NO_TICKET}; // by ticket, by session id

static void forget(void)
{
	SSL_SESSION_free(saved);
	saved = NULL;
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, configure);
	return 0;
}

// The client goes without a word; what it keeps of the session stays good.
static void vanish(void)
{
	ERR_clear_error();
	SSL_set_shutdown(client.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

// Resumes until the gateway has sent its Finished; the client's is held.
static void resume_halfway(uint64_t options)
{
	start(LAB_ECDSA, options);
	while (!SSL_is_init_finished(client.ssl)) {
		lab_step(&client);
		client.hold = client.received >= 2;
		lab_pump(&lab);
	}
	assert_true(SSL_session_reused(client.ssl));
}

static const uint8_t change_cipher_spec[] = {
	DTLS_CHANGE_CIPHER_SPEC, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 90, 0, 1, 1};

// Alerts in the clear while a session is being resumed may be anybody's, as may the attempt itself:
// they end it, and the session stays good.
static void test_fatal_alert_in_clear(void **state)
{
	static const uint8_t alert[] = {DTLS_ALERT,
					0xfe,
					0xfd,
					0,
					0,
					0,
					0,
					0,
					0,
					0,
					90,
					0,
					2,
					DTLS_ALERT_FATAL,
					DTLS_ALERT_INTERNAL_ERROR};

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		uint64_t failed = lab_stats(&lab)->failed;

		assert_false(associate(LAB_ECDSA, ways[way]));
		resume_halfway(ways[way]);
		lab_inject(&client, alert, sizeof(alert));
		lab_pump(&lab);
		unit_check(way, lab_stats(&lab)->failed == failed + 1);
		vanish();
		unit_check(way, associate(LAB_ECDSA, ways[way]));
		forget();
	}
}

// So with a Finished of somebody who has not got the keys: the client hears of it in its epoch.
static void test_forged_finished(void **state)
{
	uint8_t bytes[128], byte;
	SSL_SESSION *copy;
	uint16_t len;

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		uint64_t failed = lab_stats(&lab)->failed;

		assert_false(associate(LAB_ECDSA, ways[way]));
		copy = SSL_SESSION_dup(saved);
		resume_halfway(ways[way]);
		lab_inject(&client, change_cipher_spec, sizeof(change_cipher_spec));
		for (uint64_t n = 0; n < 3; n++) {
			len = lab_seal_as(&client, DTLS_HANDSHAKE, n, "finished", 8, bytes);
			bytes[len - 1] ^= 1;
			lab_inject(&client, bytes, len);
			lab_pump(&lab);
			if (n < 2)
				lab_handshake_first(&lab)->bad_finished_tsc = 0;
		}
		unit_check(way, lab_stats(&lab)->failed == failed + 1);
		unit_check(way, SSL_read(client.ssl, &byte, 1) <= 0);
		unit_check(way,
			   ERR_GET_REASON(ERR_peek_error()) == SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
		lab_check_nonces(&client);
		vanish();
		forget();
		saved = copy; // which the alert has not reached
		unit_check(way, associate(LAB_ECDSA, ways[way]));
		forget();
	}
}

// One that authenticates says that the session is no good.
static void test_fatal_alert_in_handshake(void **state)
{
	static const uint8_t alert[] = {DTLS_ALERT_FATAL, DTLS_ALERT_INTERNAL_ERROR};
	uint8_t bytes[64];

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		uint64_t failed = lab_stats(&lab)->failed;

		assert_false(associate(LAB_ECDSA, ways[way]));
		resume_halfway(ways[way]);
		lab_inject(&client, change_cipher_spec, sizeof(change_cipher_spec));
		lab_inject(&client, bytes,
			   lab_seal_as(&client, DTLS_ALERT, 7, alert, sizeof(alert), bytes));
		lab_pump(&lab);
		unit_check(way, lab_stats(&lab)->failed == failed + 1);
		vanish();
		unit_check(way, !associate(LAB_ECDSA, ways[way]));
		forget();
	}
}

// A resumption that comes to nothing behind the client's Finished: the client hears of it in its
// epoch, and the session is good no more.
static void test_not_installed(void **state)
{
	static rte_be16_t port[65536];
	struct nat_want want = {.port_id = lab.rig.dp->port_id[RIG_INSIDE]};
	uint32_t nb = 0;
	uint16_t addr;
	uint8_t byte;

	(void)state;
	ip_parse(RIG_INSIDE_IP, &want.prefer);
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		SSL_SESSION *copy;

		assert_false(associate(LAB_ECDSA, ways[way]));
		copy = SSL_SESSION_dup(saved);
		while (nat_pool_take(lab.cp.nat, &want, &addr, &port[nb]) == 0)
			nb++;
		resume_halfway(ways[way]);
		client.hold = false;
		lab_pump(&lab);
		unit_check(way, SSL_read(client.ssl, &byte, 1) <= 0);
		unit_check(way,
			   ERR_GET_REASON(ERR_peek_error()) == SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
		lab_check_nonces(&client);
		while (nb > 0)
			nat_pool_give(lab.cp.nat, addr, port[--nb]);
		vanish();
		forget();
		saved = copy; // which the alert has not reached
		unit_check(way, !associate(LAB_ECDSA, ways[way]));
		forget();
	}
}

// No session is left when the resumption wants to send its Finished.
static void test_no_memory(void **state)
{
	struct session_pool *pool = lab.rig.dp->sessions;
	unsigned int nb = session_pool_count(pool);
	struct session *all[512];

	(void)state;
	assert_true(nb <= UNIT_NB(all));
	assert_false(associate(LAB_ECDSA, 0));
	for (unsigned int i = 0; i < nb; i++)
		assert_non_null(all[i] = session_pool_get(pool, 0));
	start(LAB_ECDSA, 0);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	ERR_clear_error();
	lab_client_stop(&client);
	for (unsigned int i = 0; i < nb; i++)
		session_pool_put(pool, all[i]);
	assert_int_equal(lab_stats(&lab)->failed, 1);
	assert_false(associate(LAB_ECDSA, 0)); // the client heard a fatal alert
	assert_true(associate(LAB_ECDSA, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(fatal_alert_in_clear), TEST(forged_finished), TEST(fatal_alert_in_handshake),
		TEST(not_installed),	    TEST(no_memory),
#undef TEST
	};

	return cmocka_run_group_tests_name("resumption_failure", tests, NULL, NULL);
}
