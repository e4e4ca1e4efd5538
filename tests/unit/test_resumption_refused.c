// SPDX-License-Identifier: BSD-3-Clause
// Sessions that are not resumed.
#include "resume.h"

#include "dtls.h"
#include "handshake.h"
#include "hs_report.h"
#include "pki.h"
#include "tls.h"

#define PSK  "PSK-AES128-GCM-SHA256"
#define KEYS "00112233445566778899aabbccddeeff"

static const uint64_t ways[] = {0, SSL_OP_NO_TICKET}; // by ticket, by session id

static struct pki ca, device;
static enum config_client_certificate mode;

void __real_resumption_revoke(struct resumption *r, const struct resumption_tag *tag);
void __wrap_resumption_revoke(struct resumption *r, const struct resumption_tag *tag);

// It writes to a file, for which nobody who wants cp->lock has to wait.
void __wrap_resumption_revoke(struct resumption *r, const struct resumption_tag *tag)
{
	assert_int_equal(pthread_mutex_trylock(&lab.cp.lock), 0);
	cp_unlock(&lab.cp);
	__real_resumption_revoke(r, tag);
}

static void forget(void)
{
	SSL_SESSION_free(saved);
	saved = NULL;
}

static char not_resumed[64]; // of the last handshake that was done, ""

void __real_hs_report_done(const struct handshake *hs);
void __wrap_hs_report_done(const struct handshake *hs);

void __wrap_hs_report_done(const struct handshake *hs)
{
	const char *reason = hs->client.not_resumed;

	snprintf(not_resumed, sizeof(not_resumed), "%s", reason != NULL ? reason : "");
	__real_hs_report_done(hs);
}

// A whole association, which is not resumed, for that reason; it counts.
static bool refused(const char *ciphers, uint64_t options, const char *reason)
{
	uint64_t before = lab_stats(&lab)->resumptions_refused;

	if (associate(ciphers, options))
		return false;
	if (strstr(not_resumed, reason) == NULL)
		print_message("not resumed: %s\n", not_resumed);
	return strstr(not_resumed, reason) != NULL &&
	       lab_stats(&lab)->resumptions_refused == before + 1;
}

static void configure_all(struct lab *l)
{
	struct config_listener *listener = &l->rig.config.listener[0];
	char *text, keys[161];

	configure(l);
	listener->suites = (char *)(uintptr_t) "ECDHE+AESGCM:kPSK+AESGCM";
	listener->psk_file = lab_file(l, "psk", "client-1 " KEYS "\n");
	memset(keys, 'a', 160);
	keys[160] = '\0';
	l->rig.config.ticket_keys = lab_file(l, "tickets", keys);
	listener->client_certificate = mode;
	text = pki_certificate(&ca);
	listener->client_ca = lab_file(l, "ca.pem", text);
	free(text);
}

static void configure_short(struct lab *l)
{
	configure(l);
	l->rig.config.resumption_lifetime_s = 1;
}

static void configure_off(struct lab *l)
{
	configure(l);
	l->rig.config.tickets = false;
	l->rig.config.session_cache = 0;
}

static int set_up(void **state)
{
	(void)state;
	mode = CONFIG_CLIENT_CERTIFICATE_NONE;
	pki_make(&ca, NULL, &(struct pki_wish){.name = "authority", .authority = true});
	pki_make(&device, &ca, &(struct pki_wish){.name = "device"});
	lab_start_edited(&lab, configure_all);
	return 0;
}

static int set_up_short(void **state)
{
	(void)state;
	lab_start_edited(&lab, configure_short);
	return 0;
}

static int set_up_off(void **state)
{
	(void)state;
	lab_start_edited(&lab, configure_off);
	return 0;
}

static int tear_down_all(void **state)
{
	pki_free(&ca);
	pki_free(&device);
	return tear_down(state);
}

static void restart(void)
{
	lab_stop(&lab);
	lab_start_edited(&lab, configure_all);
}

// RFC 7627 section 5.3: a session without it is not resumed, by a client without it or with it; the
// answer to one with it has it, resumed or not; a client that leaves out what its session had is
// refused.
static void test_extended_master_secret(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		uint64_t without = ways[way] | SSL_OP_NO_EXTENDED_MASTER_SECRET;

		unit_check(way, !associate(LAB_ECDSA, without));
		unit_check(way, refused(LAB_ECDSA, without,
					way == 0 ? "extended master secret" : "not known"));
		for (int resumed = 0; resumed < 2; resumed++) {
			start(LAB_ECDSA, ways[way]);
			unit_check(way, lab_handshake(&client, LAB_PATIENCE_MS));
			unit_check(way, SSL_get_extms_support(client.ssl) == 1);
			unit_check(way, finish() == (resumed == 1));
		}
		start(LAB_ECDSA, without);
		unit_check(way, !lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(way,
			   ERR_GET_REASON(ERR_peek_error()) == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
		ERR_clear_error();
		lab_client_stop(&client);
		lab_check_idle(&lab);
		forget();
	}
}

static void test_fatal_alert(void **state)
{
	static const uint8_t alert[] = {DTLS_ALERT_FATAL, DTLS_ALERT_INTERNAL_ERROR};
	uint8_t bytes[64];

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		SSL_SESSION *copy[2]; // which the alert does not reach

		assert_false(associate(LAB_ECDSA, ways[way]));
		copy[0] = SSL_SESSION_dup(saved);
		start(LAB_ECDSA, ways[way]);
		assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
		assert_true(SSL_session_reused(client.ssl));
		copy[1] = SSL_SESSION_dup(SSL_get_session(client.ssl));
		lab_inject(&client, bytes,
			   lab_seal_as(&client, DTLS_ALERT, 50, alert, sizeof(alert), bytes));
		lab_check_idle(&lab);
		lab_client_stop(&client);
		for (size_t i = 0; i < UNIT_NB(copy); i++) {
			forget();
			saved = copy[i];
			unit_check(way, refused(LAB_ECDSA, ways[way], "fatal alert"));
			unit_check(way, associate(LAB_ECDSA, ways[way]));
		}
		forget();
	}
}

// Whoever ends very many sessions by alerts gets no older one resumed that an alert ended, whatever
// that costs others: what expires later than all that there was no room for is.
static void test_many_alerts(void **state)
{
	struct resumption_stats stats;

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		restart();
		assert_false(associate(LAB_ECDSA, ways[way]));
		end_others(1, LIFETIME / 2);
		end_others(REVOKED - 1, 2 * LIFETIME);
		resumption_stats(lab.cp.resumption, &stats);
		assert_int_equal(stats.revoked_full, 0);
		unit_check(way, associate(LAB_ECDSA, ways[way]));
		end_others(1, 2 * LIFETIME);
		resumption_stats(lab.cp.resumption, &stats);
		assert_int_equal(stats.revoked_full, 1);
		unit_check(way, associate(LAB_ECDSA, ways[way]));
		end_others(1, 2 * LIFETIME);
		unit_check(way, refused(LAB_ECDSA, ways[way], "as old as the list"));
		resumption_stats(lab.cp.resumption, &stats);
		assert_int_equal(stats.revoked_full, 2);
		assert_int_equal(stats.revoked, REVOKED + 2);
		assert_int_equal(stats.revoked_listed, REVOKED);
		forget();
	}
}

// True if it was resumed; a full handshake must fail if full is false.
static bool associate_psk(const char *key, uint64_t options, bool full)
{
	start(PSK, options);
	lab_psk(&client, "client-1", key);
	if (!full) {
		lab_fail_finished(&client);
		ERR_clear_error();
		lab_client_stop(&client);
		lab_check_idle(&lab);
		return false;
	}
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	return finish();
}

static void test_psk(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		lab_file(&lab, "psk", "client-1 " KEYS "\n");
		cp_reload(&lab.cp);
		unit_check(way, !associate_psk(KEYS, ways[way], true));
		unit_check(way, associate_psk(KEYS, ways[way], true));
		lab_file(&lab, "psk", "client-2 " KEYS "\n");
		cp_reload(&lab.cp);
		unit_check(way, !associate_psk(KEYS, ways[way], false));
		unit_check(way, lab_stats(&lab)->resumptions_refused == 2 * way + 1);
		lab_file(&lab, "psk", "client-1 aa\n");
		cp_reload(&lab.cp);
		unit_check(way, !associate_psk("aa", ways[way], true));
		unit_check(way, strstr(not_resumed, "not get in") != NULL);
		unit_check(way, lab_stats(&lab)->resumptions_refused == 2 * way + 2);
		unit_check(way, associate_psk("aa", ways[way], true));
		forget();
	}
}

static const struct identity *identity_shown(void)
{
	static struct session_view view;
	uint32_t cursor = 0;

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	return view.identity;
}

// The certificate goes with the session, and must still be good.
static void test_certificate(void **state)
{
	(void)state;
	mode = CONFIG_CLIENT_CERTIFICATE_REQUIRED;
	restart();
	start(LAB_ECDSA, 0);
	SSL_use_certificate(client.ssl, device.certificate);
	SSL_use_PrivateKey(client.ssl, device.key);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_false(finish());
	start(LAB_ECDSA, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_string_equal(identity_shown()->text, "CN=device,O=Lab");
	assert_true(finish());
	pki_free(&ca); // another authority: the session's certificate is good no more
	pki_make(&ca, NULL, &(struct pki_wish){.name = "authority 2", .authority = true});
	restart();
	start(LAB_ECDSA, 0);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(lab_stats(&lab)->resumptions_refused, 1);
	assert_int_equal(lab_stats(&lab)->no_certificate, 1);
	ERR_clear_error();
	lab_client_stop(&client);
}

// A session from the time when no certificate was needed.
static void test_certificate_required_now(void **state)
{
	(void)state;
	assert_false(associate(LAB_ECDSA, 0));
	restart();
	assert_true(associate(LAB_ECDSA, 0));
	mode = CONFIG_CLIENT_CERTIFICATE_OPTIONAL;
	restart();
	assert_true(associate(LAB_ECDSA, 0));
	mode = CONFIG_CLIENT_CERTIFICATE_REQUIRED;
	restart();
	start(LAB_ECDSA, 0);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	ERR_clear_error();
	lab_client_stop(&client);
	assert_int_equal(lab_stats(&lab)->no_certificate, 1);
}

// A session with a suite that the listener no longer has, and one of another listener.
static void test_configuration_changed(void **state)
{
	struct config_listener *listener = &lab.rig.config.listener[0];

	(void)state;
	assert_false(associate(LAB_ECDSA, 0));
	tls_destroy(lab.cp.tls[0]);
	listener->suites = (char *)(uintptr_t) "ECDHE+AESGCM+AES256:kPSK+AESGCM";
	lab.cp.tls[0] = tls_create(lab.cp.config, 0, NULL, lab.cp.resumption);
	assert_true(refused(LAB_ECDSA ":ECDHE-ECDSA-AES256-GCM-SHA384", 0, "suite"));
	assert_true(associate(LAB_ECDSA ":ECDHE-ECDSA-AES256-GCM-SHA384", 0));
	tls_destroy(lab.cp.tls[0]);
	strcpy(listener->name, "other");
	lab.cp.tls[0] = tls_create(lab.cp.config, 0, NULL, lab.cp.resumption);
	assert_true(refused(LAB_ECDSA ":ECDHE-ECDSA-AES256-GCM-SHA384", 0, "listener"));
	assert_true(associate(LAB_ECDSA ":ECDHE-ECDSA-AES256-GCM-SHA384", 0));
}

// Any byte of a ticket changed: a full handshake.
static void test_forged_ticket(void **state)
{
	const unsigned char *ticket;
	size_t len;

	(void)state;
	assert_false(associate(LAB_ECDSA, 0));
	SSL_SESSION_get0_ticket(saved, &ticket, &len);
	for (size_t at = 0; at < len; at += 7) {
		assert_true(associate(LAB_ECDSA, 0));
		SSL_SESSION_get0_ticket(saved, &ticket, &len);
		((unsigned char *)(uintptr_t)ticket)[at] ^= 1;
		unit_check(at, refused(LAB_ECDSA, 0, "forged"));
	}
}

static void test_expired(void **state)
{
	SSL_SESSION *old[UNIT_NB(ways)];
	time_t begin;

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		assert_false(associate(LAB_ECDSA, ways[way]));
		SSL_SESSION_set_timeout(saved, 1000); // for the client it is good
		old[way] = saved;
		saved = NULL;
	}
	begin = time(NULL);
	while (time(NULL) < begin + 2) {
		lab_wait(&lab);
		lab_pump(&lab);
	}
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		saved = old[way];
		// Its key may have gone meanwhile, as it has from the cache.
		unit_check(way, refused(LAB_ECDSA, ways[way], way == 0 ? "" : "not known"));
		forget();
	}
}

static void test_off(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		assert_false(associate(LAB_ECDSA, ways[way]));
		assert_false(SSL_SESSION_has_ticket(saved));
		assert_false(associate(LAB_ECDSA, ways[way]));
		forget();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down_all)
		TEST(extended_master_secret),
		TEST(fatal_alert),
		TEST(many_alerts),
		TEST(psk),
		TEST(certificate),
		TEST(certificate_required_now),
		TEST(configuration_changed),
		TEST(forged_ticket),
#undef TEST
		cmocka_unit_test_setup_teardown(test_expired, set_up_short, tear_down),
		cmocka_unit_test_setup_teardown(test_off, set_up_off, tear_down),
	};

	return cmocka_run_group_tests_name("resumption_refused", tests, NULL, NULL);
}
