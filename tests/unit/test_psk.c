// SPDX-License-Identifier: BSD-3-Clause
// Clients with pre-shared keys against the whole gateway.
#include "lab.h"

#include <openssl/err.h>

#include "hs_table.h"
#include "session_dir.h"
#include "unit.h"

#define PSK "PSK-AES128-GCM-SHA256"
#define IDENTITIES                                                                                 \
	"client-1 00112233445566778899aabbccddeeff\n"                                              \
	"client-2 ffeeddccbbaa99887766554433221100 second\n"

static struct lab lab;
static struct lab_client client;

// What the client of the test claims.
static struct {
	const char *identity;
	const char *key;
	char hint[32]; // it got
} claim;

static void edit(struct lab *l)
{
	struct config *config = &l->rig.config;

	config->listener[0].certificate_nb = 2;
	config->listener[0].suites = (char *)(uintptr_t) "ECDHE+AESGCM:kDHEPSK+AESGCM:kPSK+AESGCM";
	config->listener[0].psk_file = lab_file(l, "psk", IDENTITIES);
	config->listener[0].psk_hint = (char *)(uintptr_t) "lab";
	config->backend_nb = 2;
	config->backend[1] = config->backend[0];
	config->backend[1].port = RIG_BACKEND_PORT + 1;
	strcpy(config->backend[1].name, "second");
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	return 0;
}

static unsigned int give_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_max,
			     unsigned char *key, unsigned int key_max)
{
	(void)ssl;
	snprintf(claim.hint, sizeof(claim.hint), "%s", hint != NULL ? hint : "");
	snprintf(identity, identity_max, "%s", claim.identity);
	return (unsigned int)unit_hex(claim.key, key, key_max);
}

static void start(const char *identity, const char *key, const char *ciphers)
{
	claim.identity = identity;
	claim.key = key;
	lab_client_start(&lab, &client, LAB_PORT, ciphers);
	SSL_set_psk_client_callback(client.ssl, give_psk);
}

static void finish(void)
{
	lab_check_nonces(&client);
	lab_close(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

static const struct identity *identity_shown(void)
{
	static struct session_view view;
	uint32_t cursor = 0;

	assert_true(session_dir_next(lab.cp.sessions, &cursor, &view));
	return view.identity;
}

static void test_suites(void **state)
{
	static const struct {
		const char *suite, *identity, *key;
		uint16_t port;
	} rows[] = {
		{PSK, "client-1", "00112233445566778899aabbccddeeff", RIG_BACKEND_PORT},
		{"PSK-AES256-GCM-SHA384", "client-2", "ffeeddccbbaa99887766554433221100",
		 RIG_BACKEND_PORT + 1},
		{"DHE-PSK-AES128-GCM-SHA256", "client-1", "00112233445566778899aabbccddeeff",
		 RIG_BACKEND_PORT},
		{"DHE-PSK-AES256-GCM-SHA384", "client-2", "ffeeddccbbaa99887766554433221100",
		 RIG_BACKEND_PORT + 1},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		start(rows[i].identity, rows[i].key, rows[i].suite);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, strcmp(SSL_get_cipher(client.ssl), rows[i].suite) == 0);
		unit_check(i, strcmp(claim.hint, "lab") == 0);
		lab_check_echo(&client, "hello");
		unit_check(i, lab.backend_port == rows[i].port);
		unit_check(i, identity_shown()->kind == IDENTITY_PSK);
		unit_check(i, strcmp(identity_shown()->text, rows[i].identity) == 0);
		finish();
	}
	assert_int_equal(lab_stats(&lab)->unknown_identity, 0);
}

static void test_certificate_beside(void **state)
{
	(void)state;
	lab_client_start(&lab, &client, LAB_PORT, "ECDHE-ECDSA-AES128-GCM-SHA256");
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "hello");
	assert_null(identity_shown());
	finish();
}

// What the client sees of a failure: alert and the gateway's records, types and lengths.  Flights
// may be sent again.
struct trace {
	unsigned long reason;
	unsigned int nb;
	uint16_t kind[32]; // type, length
};

static void trace_failure(const char *identity, const char *key, struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	start(identity, key, "PSK-AES128-GCM-SHA256:@SECLEVEL=0");
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	trace->reason = (unsigned long)ERR_GET_REASON(ERR_get_error());
	ERR_clear_error();
	for (uint16_t i = 0; i < client.seen.nb; i++) {
		const struct lab_datagram *d = &client.seen.datagram[i];
		struct record rec;
		uint16_t at = 0;

		while (record_parse(d->bytes + at, d->len - at, &rec)) {
			uint16_t kind = (uint16_t)(rec.type << 8 | rec.fragment_len);
			unsigned int seen = 0;

			while (seen < trace->nb && trace->kind[seen] != kind)
				seen++;
			assert_true(seen < UNIT_NB(trace->kind));
			trace->kind[seen] = kind;
			trace->nb = RTE_MAX(trace->nb, seen + 1);
			at += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		}
	}
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

// An unknown identity looks like a wrong key: decrypt_error when the time for handshakes is up.
static void test_wrong_key_and_unknown_identity(void **state)
{
	static const char key[] = "0123456789abcdef0123456789abcdef";
	struct trace wrong, unknown;

	(void)state;
	lab.rig.config.handshake_timeout_s = 1;
	trace_failure("client-1", key, &wrong);
	assert_int_equal(lab_stats(&lab)->bad_finished, 1);
	assert_int_equal(lab_stats(&lab)->unknown_identity, 0);
	trace_failure("nobody\n\x1b[31m", key, &unknown);
	assert_int_equal(lab_stats(&lab)->bad_finished, 2);
	assert_int_equal(lab_stats(&lab)->unknown_identity, 1);
	assert_int_equal(lab_stats(&lab)->expired, 2);
	assert_int_equal(wrong.reason, SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
	assert_int_equal(unknown.reason, wrong.reason);
	assert_int_equal(unknown.nb, wrong.nb);
	assert_memory_equal(unknown.kind, wrong.kind, sizeof(wrong.kind));
}

// A client that knows neither key nor identity but guesses the key of an identity to be empty or
// the key that an unknown identity gets.
static void test_long_identity(void **state)
{
	char identity[130];

	(void)state;
	memset(identity, 'x', sizeof(identity) - 1);
	identity[sizeof(identity) - 1] = '\0';
	lab.rig.config.handshake_timeout_s = 1;
	start(identity, "00", PSK);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
	assert_int_equal(lab_stats(&lab)->completed, 0);
}

static bool tries(const char *identity, const char *key)
{
	bool ok;

	start(identity, key, PSK);
	ok = lab_handshake(&client, LAB_PATIENCE_MS);
	ERR_clear_error();
	if (ok)
		lab_check_echo(&client, "x");
	if (ok)
		lab_close(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);
	return ok;
}

static void test_reload(void **state)
{
	(void)state;
	lab.rig.config.handshake_timeout_s = 1;
	assert_false(tries("client-3", "aa"));
	lab_file(&lab, "psk", "client-3 aa\nclient-1 bb\n");
	cp_reload(&lab.cp);
	assert_true(tries("client-3", "aa"));
	assert_true(tries("client-1", "bb"));
	assert_false(tries("client-2", "ffeeddccbbaa99887766554433221100"));
	lab_file(&lab, "psk", "client-3 ab\nclient-1 zz\n");
	cp_reload(&lab.cp); // logs psk:2
	assert_true(tries("client-3", "aa"));
}

// A live session outlives its identity, a handshake under way does not.
static void test_reload_under_way(void **state)
{
	static struct lab_client live;

	(void)state;
	claim.identity = "client-1";
	claim.key = "00112233445566778899aabbccddeeff";
	lab_client_start(&lab, &live, LAB_PORT + 1, PSK);
	SSL_set_psk_client_callback(live.ssl, give_psk);
	assert_true(lab_handshake(&live, LAB_PATIENCE_MS));
	start("client-1", claim.key, PSK);
	lab_last_flight(&client);
	lab_file(&lab, "psk", "client-2 00\n");
	cp_reload(&lab.cp);
	client.hold = false;
	lab.rig.config.handshake_timeout_s = 1;
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_echo(&live, "still there");
	lab_close(&live);
	lab_client_stop(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(suites),
		TEST(certificate_beside),
		TEST(wrong_key_and_unknown_identity),
		TEST(long_identity),
		TEST(reload),
		TEST(reload_under_way),
#undef TEST
	};

	return cmocka_run_group_tests_name("psk", tests, NULL, NULL);
}
