// SPDX-License-Identifier: BSD-3-Clause
// Clients with and without certificates against the whole gateway.
#include "lab.h"

#include <openssl/err.h>

#include "hs_table.h"
#include "pki.h"
#include "session_dir.h"
#include "unit.h"

#define RSA  "ECDHE-RSA-AES256-GCM-SHA384"
#define HOUR 3600

enum { GOOD, EXPIRED, EARLY, REVOKED, STRANGER, SERVER, KINDS };

static struct lab lab;
static struct lab_client client;
static struct pki ca, other, cert[KINDS];

static void make_certificates(void)
{
	static const struct pki_wish wishes[KINDS] = {
		[GOOD] = {.name = "meter 7\xc3\xbc", .serial = 10, .purpose = "clientAuth"},
		[EXPIRED] = {.name = "old", .serial = 11, .from_s = -2 * HOUR, .to_s = -HOUR},
		[EARLY] = {.name = "early", .serial = 12, .from_s = HOUR},
		[REVOKED] = {.name = "stolen", .serial = 13},
		[STRANGER] = {.name = "stranger", .serial = 14},
		[SERVER] = {.name = "server", .serial = 15, .purpose = "serverAuth"},
	};

	pki_make(&ca, NULL, &(struct pki_wish){.name = "authority", .authority = true});
	pki_make(&other, NULL, &(struct pki_wish){.name = "other", .authority = true});
	for (int i = 0; i < KINDS; i++)
		pki_make(&cert[i], i == STRANGER ? &other : &ca, &wishes[i]);
}

static void edit(struct lab *l)
{
	static const long revoked[] = {5, 13, 0};
	struct config_listener *listener = &l->rig.config.listener[0];
	char *text = pki_certificate(&ca);

	listener->client_ca = lab_file(l, "ca.pem", text);
	free(text);
	text = pki_crl(&ca, revoked);
	listener->client_crl = lab_file(l, "crl.pem", text);
	free(text);
	listener->client_certificate = CONFIG_CLIENT_CERTIFICATE_REQUIRED;
}

static void edit_optional(struct lab *l)
{
	edit(l);
	l->rig.config.listener[0].client_certificate = CONFIG_CLIENT_CERTIFICATE_OPTIONAL;
}

static int set_up(void **state)
{
	(void)state;
	make_certificates();
	lab_start_edited(&lab, edit);
	return 0;
}

static int set_up_optional(void **state)
{
	(void)state;
	make_certificates();
	lab_start_edited(&lab, edit_optional);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	pki_free(&ca);
	pki_free(&other);
	for (int i = 0; i < KINDS; i++)
		pki_free(&cert[i]);
	return 0;
}

// kind KINDS: no certificate.
static void start(int kind, const char *ciphers)
{
	lab_client_start(&lab, &client, LAB_PORT, ciphers);
	if (kind == KINDS)
		return;
	assert_int_equal(SSL_use_certificate(client.ssl, cert[kind].certificate), 1);
	assert_int_equal(SSL_use_PrivateKey(client.ssl, cert[kind].key), 1);
}

static const struct identity *identity_shown(void)
{
	static struct session_view view;
	uint32_t cursor = 0;

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	return view.identity;
}

static void finish(void)
{
	lab_check_nonces(&client);
	lab_close(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

static void check_good(const char *ciphers)
{
	uint8_t fingerprint[IDENTITY_FINGERPRINT_LEN];

	start(GOOD, ciphers);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "hello");
	assert_non_null(identity_shown());
	assert_int_equal(identity_shown()->kind, IDENTITY_CERTIFICATE);
	assert_string_equal(identity_shown()->text, "CN=meter 7\\C3\\BC,O=Lab");
	X509_digest(cert[GOOD].certificate, EVP_sha256(), fingerprint, NULL);
	assert_memory_equal(identity_shown()->fingerprint, fingerprint, sizeof(fingerprint));
	finish();
}

static void test_good(void **state)
{
	(void)state;
	check_good(LAB_ECDSA);
	check_good(RSA);
}

static void test_lost(void **state)
{
	(void)state;
	for (uint32_t lost = 0; lost < 3; lost++) {
		start(GOOD, LAB_ECDSA);
		client.lose = 1u << lost;
		unit_check(lost, lab_handshake(&client, LAB_PATIENCE_MS));
		lab_check_echo(&client, "hello");
		finish();
	}
}

// Small datagrams: the certificate comes in fragments.
static void test_fragments(void **state)
{
	(void)state;
	start(GOOD, LAB_ECDSA);
	SSL_set_mtu(client.ssl, 260);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "hello");
	finish();
}

static void check_refused(void)
{
	static const struct {
		int kind;
		int reason; // as the client hears it
	} rows[] = {
		{EXPIRED, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED},
		{EARLY, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE},
		{REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED},
		{STRANGER, SSL_R_TLSV1_ALERT_UNKNOWN_CA},
		{SERVER, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE},
	};

	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		start(rows[i].kind, LAB_ECDSA);
		unit_check(i, !lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, ERR_GET_REASON(ERR_peek_error()) == rows[i].reason);
		ERR_clear_error();
		lab_client_stop(&client);
		lab_check_idle(&lab);
		unit_check(i, lab_stats(&lab)->bad_certificate == i + 1);
	}
	assert_int_equal(lab_stats(&lab)->failed, UNIT_NB(rows));
	assert_int_equal(lab_stats(&lab)->completed, 0);
}

static void test_refused(void **state)
{
	(void)state;
	check_refused();
	start(KINDS, LAB_ECDSA);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	ERR_clear_error();
	lab_client_stop(&client);
	assert_int_equal(lab_stats(&lab)->no_certificate, 1);
}

static void test_optional(void **state)
{
	(void)state;
	check_refused();
	check_good(LAB_ECDSA);
	start(KINDS, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "hello");
	assert_null(identity_shown());
	finish();
	assert_int_equal(lab_stats(&lab)->no_certificate, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name, start) cmocka_unit_test_setup_teardown(test_##name, start, tear_down)
		TEST(good, set_up),
		TEST(lost, set_up),
		TEST(fragments, set_up),
		TEST(refused, set_up),
		TEST(optional, set_up_optional),
#undef TEST
	};

	return cmocka_run_group_tests_name("client_cert", tests, NULL, NULL);
}
