// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>

#include "dtls.h"
#include "hs_table.h"
#include "install.h"
#include "nat_pool.h"
#include "unit.h"

// What a handshake needs and does not get.  lab_stop() finds what one that failed has kept.

#define NAT_MAX 65536

static struct lab lab;
static struct lab_client client;

static void fails_with(int reason)
{
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), reason);
	ERR_clear_error();
	assert_int_equal(lab_stats(&lab)->failed, 1);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

static void test_no_gateway_port(void **state)
{
	static rte_be16_t port[NAT_MAX];
	struct nat_pool *usual = lab.cp.nat;
	struct nat_want want = {.port_id = lab.rig.dp->port_id[RIG_INSIDE]};
	uint32_t nb = 0;
	uint16_t addr;

	(void)state;
	ip_parse(RIG_INSIDE_IP, &want.prefer);
	while (nat_pool_take(usual, &want, &addr, &port[nb]) == 0)
		nb++;
	lab.nat_ports -= nb;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	fails_with(SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	lab.nat_ports += nb;
	while (nb > 0)
		nat_pool_give(usual, addr, port[--nb]);
}

static void test_no_session(void **state)
{
	static struct session *all[1024];
	struct session_pool *pool = lab.rig.dp->sessions;
	unsigned int nb = lab.sessions;

	(void)state;
	assert_true(nb <= UNIT_NB(all));
	for (unsigned int i = 0; i < nb; i++)
		assert_non_null(all[i] = session_pool_get(pool, 0));
	assert_null(session_pool_get(pool, 0));
	lab.sessions = 0;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	fails_with(SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	for (unsigned int i = 0; i < nb; i++)
		session_pool_put(pool, all[i]);
	lab.sessions = nb;
}

static void test_closed_by_client(void **state)
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
					9,
					0,
					2,
					DTLS_ALERT_WARNING,
					DTLS_ALERT_CLOSE_NOTIFY};

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client);
	lab_inject(&client, alert, sizeof(alert));
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->failed, 1);
	lab_check_idle(&lab);
	lab_client_stop(&client);
}

// The bound of what is held for all handshakes together.
static void test_early_bound_of_all(void **state)
{
	static struct lab_client second;
	struct lab_client *both[] = {&client, &second};
	uint8_t bytes[64];

	(void)state;
	lab.cp.room.early = 1;
	for (uint16_t i = 0; i < 2; i++) {
		lab_client_start(&lab, both[i], LAB_PORT + i, LAB_ECDSA);
		lab_last_flight(both[i]);
		lab_inject(both[i], bytes, lab_seal(both[i], 7, "x", bytes));
		lab_pump(&lab);
	}
	assert_int_equal(lab_stats(&lab)->early_held, 1);
	assert_int_equal(lab_stats(&lab)->early_dropped, 1);
	for (uint16_t i = 0; i < 2; i++) {
		both[i]->hold = false;
		assert_true(lab_handshake(both[i], LAB_PATIENCE_MS));
	}
	lab.backend.nb = 0;
	lab_finish(&client);
	lab_finish(&second);
}

// Early data of a restarted client, its old session still live: lost (decision 0005), not held.
static void test_early_on_live_flow(void **state)
{
	static struct lab_client again;
	uint8_t bytes[64];

	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_client_stop(&client);
	lab_client_start(&lab, &again, LAB_PORT, LAB_ECDSA);
	lab_last_flight(&again);
	lab_inject(&again, bytes, lab_seal(&again, 7, "x", bytes));
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->early_held, 0);
	assert_int_equal(lab_stats(&lab)->early_dropped, 1);
	again.hold = false;
	assert_true(lab_handshake(&again, LAB_PATIENCE_MS));
	lab_check_echo(&again, "x");
	lab_finish(&again);
}

static void test_version(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, "ALL:@SECLEVEL=0");
	assert_int_equal(SSL_set_min_proto_version(client.ssl, DTLS1_VERSION), 1);
	assert_int_equal(SSL_set_max_proto_version(client.ssl, DTLS1_VERSION), 1);
	fails_with(SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
}

static void test_groups(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_int_equal(SSL_set1_groups_list(client.ssl, "P-384"), 1);
	fails_with(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
}

// The gateway's list and its order decide; with SHA-1 alone nobody gets in.
static void test_signatures(void **state)
{
	static const struct {
		const char *offered;
		int digest; // that is taken
	} rows[] = {
		{"ECDSA+SHA512:ECDSA+SHA384:ECDSA+SHA256", NID_sha256},
		{"ECDSA+SHA1:ECDSA+SHA512:ECDSA+SHA384", NID_sha384},
	};
	int digest;

	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
		assert_int_equal(SSL_set1_sigalgs_list(client.ssl, rows[row].offered), 1);
		unit_check(row, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(row, SSL_get_peer_signature_nid(client.ssl, &digest) == 1);
		unit_check(row, digest == rows[row].digest);
		lab_finish(&client);
	}
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_int_equal(SSL_set1_sigalgs_list(client.ssl, "ECDSA+SHA1"), 1);
	fails_with(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
}

static void test_server_preference(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA ":ECDHE-ECDSA-AES256-GCM-SHA384");
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_string_equal(SSL_get_cipher(client.ssl), "ECDHE-ECDSA-AES256-GCM-SHA384");
	lab_finish(&client);
}

static void test_free_wipes(void **state)
{
	size_t size = session_size(lab.rig.config.replay_window), set = 0;
	const uint8_t *p;
	struct session *s = session_pool_get(lab.rig.dp->sessions, 0);

	(void)state;
	assert_non_null(s);
	memset(s, 0xa5, size);
	install_free(&lab.cp, s);
	s->next_over = NULL; // the pool's again, with its link, and nobody else is here
	s->node = 0;
	p = (uint8_t *)s;
	for (size_t i = 0; i < size; i++)
		set += p[i] != 0;
	assert_int_equal(set, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
	cmocka_unit_test_prestate_setup_teardown(test_##name, lab_set_up, lab_tear_down, &lab)
		TEST(no_gateway_port),
		TEST(no_session),
		TEST(closed_by_client),
		TEST(early_bound_of_all),
		TEST(early_on_live_flow),
		TEST(version),
		TEST(groups),
		TEST(signatures),
		TEST(server_preference),
		TEST(free_wipes),
#undef TEST
	};

	return cmocka_run_group_tests_name("handshake_failure", tests, NULL, NULL);
}
