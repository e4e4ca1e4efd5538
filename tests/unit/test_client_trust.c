// SPDX-License-Identifier: BSD-3-Clause
// Clients' authorities and revocation lists: those that change while the gateway runs, those that
// are no good, chains, and what becomes of sessions made before.
#include "resume.h"

#include "identity.h"
#include "pki.h"

#define DAY    86400
#define LINKS  8 // intermediates of the long chain
#define SERIAL 10
#define UNIT   "sixty-two bytes that name a unit of an organisation of many such"

enum { CA, OTHER, MIDDLE, AUTHORITIES };

static const uint64_t ways[] = {0, SSL_OP_NO_TICKET}; // by ticket, by session id
static const long none[] = {0}, serial[] = {SERIAL, 0}, middle_serial[] = {2, 0};

static struct pki authority[AUTHORITIES], device, stranger, chained, long_link[LINKS], long_leaf;

static void write_text(struct lab *l, const char *name, char *first, char *second)
{
	char *both;

	assert_true(asprintf(&both, "%s%s", first, second != NULL ? second : "") > 0);
	lab_file(l, name, both);
	free(first);
	free(second);
	free(both);
}

static void write_ca(struct lab *l, int which)
{
	write_text(l, "ca.pem", pki_certificate(&authority[which]), NULL);
}

static void edit(struct lab *l)
{
	struct config_listener *listener = &l->rig.config.listener[0];

	configure(l);
	write_ca(l, CA);
	write_text(l, "crl.pem", pki_crl(&authority[CA], none), NULL);
	listener->client_ca = l->path[0];
	listener->client_crl = l->path[1];
	listener->client_certificate = CONFIG_CLIENT_CERTIFICATE_REQUIRED;
}

static void edit_no_crl(struct lab *l)
{
	edit(l);
	l->rig.config.listener[0].client_crl = NULL;
}

static void make_all(void)
{
	const struct pki *issuer = &authority[CA];

	pki_make(&authority[CA], NULL, &(struct pki_wish){.name = "authority", .authority = true});
	pki_make(&authority[OTHER], NULL, &(struct pki_wish){.name = "other", .authority = true});
	pki_make(&authority[MIDDLE], &authority[CA],
		 &(struct pki_wish){.name = "middle", .serial = 2, .authority = true});
	pki_make(&device, &authority[CA], &(struct pki_wish){.name = "device", .serial = SERIAL});
	pki_make(&stranger, &authority[OTHER], &(struct pki_wish){.name = "stranger"});
	pki_make(&chained, &authority[MIDDLE], &(struct pki_wish){.name = "chained"});
	for (int i = 0; i < LINKS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "link %d", i);
		pki_make(&long_link[i], issuer,
			 &(struct pki_wish){.name = name, .unit = UNIT, .authority = true});
		issuer = &long_link[i];
	}
	pki_make(&long_leaf, issuer, &(struct pki_wish){.name = "far away", .unit = UNIT});
}

static int set_up(void **state)
{
	(void)state;
	make_all();
	lab_start_edited(&lab, edit);
	return 0;
}

static int set_up_no_crl(void **state)
{
	(void)state;
	make_all();
	lab_start_edited(&lab, edit_no_crl);
	return 0;
}

static int tear_down_all(void **state)
{
	struct pki *all[] = {&device, &stranger, &chained, &long_leaf};

	for (int i = 0; i < AUTHORITIES; i++)
		pki_free(&authority[i]);
	for (int i = 0; i < LINKS; i++)
		pki_free(&long_link[i]);
	for (size_t i = 0; i < UNIT_NB(all); i++)
		pki_free(all[i]);
	return tear_down(state);
}

static void forget(void)
{
	SSL_SESSION_free(saved);
	saved = NULL;
}

static void begin(const struct pki *as, uint64_t options)
{
	start(LAB_ECDSA, options);
	assert_int_equal(SSL_use_certificate(client.ssl, as->certificate), 1);
	assert_int_equal(SSL_use_PrivateKey(client.ssl, as->key), 1);
}

// Returns 0 if the client gets in, else OpenSSL's reason for the alert that it hears.
static int end(void)
{
	int reason = 0;

	if (lab_handshake(&client, LAB_PATIENCE_MS)) {
		finish();
		return 0;
	}
	reason = ERR_GET_REASON(ERR_peek_error());
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
	return reason;
}

// The same for a client without a session.
static int outcome(const struct pki *as)
{
	int reason;

	forget();
	begin(as, 0);
	reason = end();
	forget();
	return reason;
}

static void test_revoked_by_reload(void **state)
{
	(void)state;
	assert_int_equal(outcome(&device), 0);
	write_text(&lab, "crl.pem", pki_crl(&authority[CA], serial), NULL);
	assert_int_equal(outcome(&device), 0);
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&device), SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED);
	lab_file(&lab, "crl.pem", "no list\n");
	cp_reload(&lab.cp); // logged, no change
	assert_int_equal(outcome(&device), SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED);
	write_text(&lab, "crl.pem", pki_crl(&authority[CA], none), NULL);
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&device), 0);
	assert_int_equal(lab_stats(&lab)->bad_certificate, 2);
}

static void test_authority_by_reload(void **state)
{
	(void)state;
	assert_int_equal(outcome(&stranger), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
	write_ca(&lab, OTHER);
	write_text(&lab, "crl.pem", pki_crl(&authority[OTHER], none), NULL);
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&stranger), 0);
	assert_int_equal(outcome(&device), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
	lab_file(&lab, "ca.pem", "");
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&stranger), 0);
}

// The names in a CertificateRequest are those of the authorities of today.
static void test_names_by_reload(void **state)
{
	const STACK_OF(X509_NAME) * names;

	(void)state;
	for (int which = CA; which <= OTHER; which++) {
		write_ca(&lab, which);
		cp_reload(&lab.cp);
		begin(&device, 0);
		lab_handshake(&client, 300);
		names = SSL_get0_peer_CA_list(client.ssl);
		assert_int_equal(sk_X509_NAME_num(names), 1);
		assert_int_equal(X509_NAME_cmp(sk_X509_NAME_value(names, 0),
					       X509_get_subject_name(authority[which].certificate)),
				 0);
		if (SSL_is_init_finished(client.ssl))
			finish();
		else
			end();
	}
}

// A handshake ends with the authorities and lists with which it began.
static void test_reload_under_way(void **state)
{
	(void)state;
	begin(&device, 0);
	lab_last_flight(&client); // its certificate is on the way
	write_ca(&lab, OTHER);
	write_text(&lab, "crl.pem", pki_crl(&authority[OTHER], none), NULL);
	cp_reload(&lab.cp);
	cp_reload(&lab.cp);
	client.hold = false;
	assert_int_equal(end(), 0);
	assert_int_equal(outcome(&device), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
}

// Lists that say nothing of today's certificates let nobody in.
static void test_useless_lists(void **state)
{
	(void)state;
	write_text(&lab, "crl.pem", pki_crl_until(&authority[CA], none, -DAY), NULL);
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&device), SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED);
	write_text(&lab, "crl.pem", pki_crl(&authority[OTHER], none), NULL);
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&device), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
	// The list of an impostor with the authority's name: its signature is wrong.
	pki_free(&authority[OTHER]);
	pki_make(&authority[OTHER], NULL,
		 &(struct pki_wish){.name = "authority", .authority = true});
	write_text(&lab, "crl.pem", pki_crl(&authority[OTHER], none), NULL);
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&device), SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
	// A fresh list beside a stale one is enough.
	write_text(&lab, "crl.pem", pki_crl_until(&authority[CA], none, -DAY),
		   pki_crl(&authority[CA], none));
	cp_reload(&lab.cp);
	assert_int_equal(outcome(&device), 0);
	assert_int_equal(lab_stats(&lab)->bad_certificate, 3);
}

static void begin_chained(const struct pki *leaf, const struct pki *link, int links)
{
	begin(leaf, 0);
	for (int i = links - 1; i >= 0; i--)
		assert_int_equal(SSL_add1_chain_cert(client.ssl, link[i].certificate), 1);
}

static void test_chain(void **state)
{
	(void)state;
	begin_chained(&chained, &authority[MIDDLE], 1);
	assert_int_equal(end(), SSL_R_TLSV1_ALERT_UNKNOWN_CA); // no list of the one in the middle
	write_text(&lab, "crl.pem", pki_crl(&authority[CA], none),
		   pki_crl(&authority[MIDDLE], none));
	cp_reload(&lab.cp);
	begin_chained(&chained, &authority[MIDDLE], 1);
	assert_int_equal(end(), 0);
	forget();
	assert_int_equal(outcome(&chained), SSL_R_TLSV1_ALERT_UNKNOWN_CA); // sent without it
	write_text(&lab, "crl.pem", pki_crl(&authority[CA], middle_serial),
		   pki_crl(&authority[MIDDLE], none));
	cp_reload(&lab.cp);
	begin_chained(&chained, &authority[MIDDLE], 1);
	assert_int_equal(end(), SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED);
}

// With the one in the middle among the authorities a client need not send it, and can resume.
static void test_chain_known(void **state)
{
	(void)state;
	write_text(&lab, "ca.pem", pki_certificate(&authority[CA]),
		   pki_certificate(&authority[MIDDLE]));
	write_text(&lab, "crl.pem", pki_crl(&authority[CA], none),
		   pki_crl(&authority[MIDDLE], none));
	cp_reload(&lab.cp);
	begin(&chained, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_false(finish());
	begin(&chained, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_true(finish());
}

static const struct identity *identity_shown(void)
{
	static struct session_view view;
	uint32_t cursor = 0;

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	return view.identity;
}

// A chain of many KB, in datagrams of any size, with each of the first lost in turn.  Its subject
// is longer than what is kept of one.
static void test_long_chain(void **state)
{
	static const uint16_t mtus[] = {4000, 1400, 548, 300}; // the first one in IP fragments

	(void)state;
	lab.rig.config.retransmit_ms = 20;
	for (size_t row = 0; row < UNIT_NB(mtus); row++) {
		for (uint32_t lost = 0; lost < 6; lost++) {
			forget();
			begin_chained(&long_leaf, long_link, LINKS);
			SSL_set_mtu(client.ssl, mtus[row]);
			client.steady = true;
			client.lose_out = 1u << (lost + 2); // not the ClientHellos
			unit_check(row, lab_handshake(&client, LAB_PATIENCE_MS));
			client.lose_out = 0;
			unit_check(row, client.sent > LINKS * 600 / mtus[row]);
			unit_check(row, strlen(identity_shown()->text) == IDENTITY_TEXT_LEN - 1);
			unit_check(row, !finish());
		}
	}
	forget();
}

// The session of a client shows who it is also when it was resumed, until its certificate is good
// no more: then it has to show it once more.
static void test_resumed(void **state)
{
	uint8_t fingerprint[IDENTITY_FINGERPRINT_LEN];

	(void)state;
	X509_digest(device.certificate, EVP_sha256(), fingerprint, NULL);
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		for (int n = 0; n < 2; n++) {
			begin(&device, ways[way]);
			unit_check(way, lab_handshake(&client, LAB_PATIENCE_MS));
			assert_non_null(identity_shown());
			assert_string_equal(identity_shown()->text, "CN=device,O=Lab");
			assert_memory_equal(identity_shown()->fingerprint, fingerprint,
					    sizeof(fingerprint));
			unit_check(way, finish() == (n == 1));
		}
		write_text(&lab, "crl.pem", pki_crl(&authority[CA], serial), NULL);
		cp_reload(&lab.cp);
		begin(&device, ways[way]);
		unit_check(way, end() == SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED);
		forget();
		write_text(&lab, "crl.pem", pki_crl(&authority[CA], none), NULL);
		cp_reload(&lab.cp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name, start) cmocka_unit_test_setup_teardown(test_##name, start, tear_down_all)
		TEST(revoked_by_reload, set_up),
		TEST(authority_by_reload, set_up),
		TEST(names_by_reload, set_up_no_crl),
		TEST(reload_under_way, set_up),
		TEST(useless_lists, set_up),
		TEST(chain, set_up),
		TEST(chain_known, set_up),
		TEST(long_chain, set_up_no_crl),
		TEST(resumed, set_up),
#undef TEST
	};

	return cmocka_run_group_tests_name("client_trust", tests, NULL, NULL);
}
