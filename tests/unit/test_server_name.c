// SPDX-License-Identifier: BSD-3-Clause
// Server names and application protocols.
#include "resume.h"

#include "pki.h"
#include "server_name.h"

#define RSA "ECDHE-RSA-AES128-GCM-SHA256"

enum { EXACT, WILDCARD, BACKEND_ONLY, NAMES };

static struct pki certificate[2];

static void add_name(struct lab *l, int i, const char *name, uint16_t backend)
{
	struct config_server_name *n = &l->rig.config.listener[0].server_name[i];
	char file[32], *text;

	n->name = (char *)(uintptr_t)name;
	n->backend = backend;
	if (i == BACKEND_ONLY)
		return;
	pki_make(&certificate[i], NULL, &(struct pki_wish){.name = name});
	n->certificate_nb = 1;
	snprintf(file, sizeof(file), "%d.pem", i);
	text = pki_certificate(&certificate[i]);
	n->certificate[0].certificate = lab_file(l, file, text);
	free(text);
	snprintf(file, sizeof(file), "%d.key.pem", i);
	text = pki_key(&certificate[i]);
	n->certificate[0].key = lab_file(l, file, text);
	free(text);
}

static void edit(struct lab *l)
{
	struct config *config = &l->rig.config;
	struct config_listener *listener = &config->listener[0];

	configure(l);
	config->backend_nb = 2;
	config->backend[1] = config->backend[0];
	config->backend[1].port = RIG_BACKEND_PORT + 1;
	listener->server_name_nb = NAMES;
	add_name(l, EXACT, "gw.example.org", 1);
	add_name(l, WILDCARD, "*.example.net", CONFIG_BACKEND_NONE);
	add_name(l, BACKEND_ONLY, "Other.example.net", 1);
	listener->alpn_nb = 2;
	listener->alpn[0] = (char *)(uintptr_t) "coap";
	listener->alpn[1] = (char *)(uintptr_t) "webrtc";
}

static void edit_refuse(struct lab *l)
{
	edit(l);
	l->rig.config.listener[0].refuse_unknown_name = true;
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

static int set_up_refuse(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit_refuse);
	return 0;
}

static int tear_down_all(void **state)
{
	pki_free(&certificate[0]);
	pki_free(&certificate[1]);
	return tear_down(state);
}

static void start_name(const char *name, const char *ciphers)
{
	start(ciphers, 0);
	if (name != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(client.ssl, name), 1);
}

static void check_common_name(const char *name)
{
	char text[64] = "";

	X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client.ssl)),
				  NID_commonName, text, sizeof(text));
	assert_string_equal(text, name);
}

static const struct {
	const char *name, *common_name;
	uint16_t port;
} rows[] = {
	{"gw.example.org", "gw.example.org", RIG_BACKEND_PORT + 1},
	{"GW.Example.ORG", "gw.example.org", RIG_BACKEND_PORT + 1},
	{"a.example.net", "*.example.net", RIG_BACKEND_PORT},
	{"other.example.net", "lab", RIG_BACKEND_PORT + 1},
	{NULL, "lab", RIG_BACKEND_PORT},
};

static void test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		start_name(rows[i].name, LAB_ECDSA);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		check_common_name(rows[i].common_name);
		unit_check(i, !finish());
		unit_check(i, lab.backend_port == rows[i].port);
		start_name(rows[i].name, LAB_ECDSA); // the same resumed
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, finish());
		unit_check(i, lab.backend_port == rows[i].port);
		SSL_SESSION_free(saved);
		saved = NULL;
	}
	assert_int_equal(lab_stats(&lab)->unknown_name, 0);
}

static void test_unknown(void **state)
{
	char longest[256];
	const char *const names[] = {
		"example.org",	       "a.b.example.net", "example.net",    ".example.net",
		"gw.example.org.", // RFC 6066 section 3 has no final dot
		"198.51.100.1",	       "2001:db8:1::1",	  "[198.51.100.1]", "gw.example.org:4433",
		"xn--gw-.example.org", longest,
	};

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < UNIT_NB(names); i++) {
		start_name(names[i], RSA);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		check_common_name("lab");
		finish();
		unit_check(i, lab.backend_port == RIG_BACKEND_PORT);
		unit_check(i, lab_stats(&lab)->unknown_name == i + 1);
		SSL_SESSION_free(saved);
		saved = NULL;
	}
}

static void test_refused(void **state)
{
	(void)state;
	start_name("www.example.com", LAB_ECDSA);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_UNRECOGNIZED_NAME);
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
	assert_int_equal(lab_stats(&lab)->unknown_name, 1);
	assert_int_equal(lab_stats(&lab)->failed, 1);
	start_name(NULL, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_false(finish());
}

// A session belongs to the name that its client asked for (RFC 6066 section 3), known or not.
static const struct {
	const char *name;
	bool resumed; // with the session of the row above
} names[] = {
	{"gw.example.org", false},
	{"GW.example.org", true},
	{"a.example.net", false},
	{"b.example.net", false},
	{"unknown.example.org", false},
	{"unknown.example.org", true},
	{"other.example.org", false},
	{"gw.example.org", false},
	{NULL, false},
	{NULL, true},
	{"192.0.2.9", false},
};

static void test_other_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(names); i++) {
		start_name(names[i].name, LAB_ECDSA);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, finish() == names[i].resumed);
	}
}

// The same where the listener has no names, and by session id.
static void test_other_name_without(void **state)
{
	(void)state;
	lab.rig.config.listener[0].server_name_nb = 0;
	for (size_t i = 0; i < UNIT_NB(names); i++) {
		start_name(names[i].name, LAB_ECDSA);
		SSL_set_options(client.ssl, SSL_OP_NO_TICKET);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, finish() == names[i].resumed);
	}
	lab.rig.config.listener[0].server_name_nb = NAMES;
	assert_int_equal(lab_stats(&lab)->unknown_name, 0);
}

static void test_alpn(void **state)
{
	static const struct {
		const char *offer;
		const char *selected; // NULL: refused
	} protocols[] = {
		{"\4coap", "coap"},
		{"\6webrtc\4coap", "coap"},
		{"\2h2\6webrtc", "webrtc"},
		{"\2h2", NULL},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(protocols); i++) {
		const unsigned char *selected;
		unsigned int len;

		start_name(i % 2 == 0 ? "gw.example.org" : NULL, LAB_ECDSA);
		SSL_set_alpn_protos(client.ssl, (const unsigned char *)protocols[i].offer,
				    (unsigned int)strlen(protocols[i].offer));
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS) ==
				      (protocols[i].selected != NULL));
		if (protocols[i].selected == NULL) {
			unit_check(i, ERR_GET_REASON(ERR_peek_error()) ==
					      SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
			ERR_clear_error();
			lab_client_stop(&client);
			continue;
		}
		SSL_get0_alpn_selected(client.ssl, &selected, &len);
		unit_check(i, len == strlen(protocols[i].selected));
		unit_check(i, len == 0 || memcmp(selected, protocols[i].selected, len) == 0);
		finish();
		SSL_SESSION_free(saved);
		saved = NULL;
	}
}

// The lengths around the name are wrong, or the name is no name.
static void test_malformed(void **state)
{
	static const struct {
		int at; // from the name's first byte
		uint8_t byte;
	} changes[] = {{-1, 0}, {-1, 200}, {-2, 1}, {-3, 1}, {-4, 3}, {-5, 1}, {-6, 200}, {3, 0}};
	static const char name[] = "gw.example.org";

	(void)state;
	for (size_t i = 0; i < UNIT_NB(changes); i++) {
		struct lab_datagram *d = &client.out.datagram[0];
		uint8_t *at;

		start_name(name, LAB_ECDSA);
		while (client.received < 1) {
			lab_step(&client);
			lab_pump(&lab);
		}
		client.hold = true;
		lab_step(&client);
		assert_int_equal(client.out.nb, 1);
		at = memmem(d->bytes, d->len, name, strlen(name));
		assert_non_null(at);
		at[changes[i].at] = changes[i].byte;
		client.hold = false;
		unit_check(i, !lab_handshake(&client, 200));
		ERR_clear_error();
		unit_check(i, lab_stats(&lab)->completed == 0);
		lab_client_stop(&client);
		for (int n = 0; n < 3; n++) // handshakes that came so far end with the next
			lab_pump(&lab);
	}
	lab_expire(&lab);
	start_name(name, LAB_ECDSA);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	finish();
}

static void test_find(void **state)
{
	struct config_listener listener = {
		.server_name_nb = 3,
		.server_name = {{.name = (char *)(uintptr_t) "*.a.org"},
				{.name = (char *)(uintptr_t) "b.a.org"},
				{.name = (char *)(uintptr_t) "c"}},
	};
	static const struct {
		const char *name;
		int index;
	} finds[] = {{"x.a.org", 0}, {"b.a.org", 1}, {"B.A.ORG", 1},	{"c", 2}, {"C", 2},
		     {"a.org", -1},  {".a.org", -1}, {"x.b.a.org", -1}, {"", -1}, {"*.a.org", 0}};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(finds); i++) {
		const struct config_server_name *found = server_name_find(&listener, finds[i].name);

		unit_check(i,
			   found == (finds[i].index < 0 ? NULL
							: &listener.server_name[finds[i].index]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down_all)
		TEST(known),
		TEST(unknown),
		TEST(other_name),
		TEST(other_name_without),
		TEST(alpn),
		TEST(malformed),
#undef TEST
		cmocka_unit_test_setup_teardown(test_refused, set_up_refuse, tear_down_all),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("server_name", tests, NULL, NULL);
}
