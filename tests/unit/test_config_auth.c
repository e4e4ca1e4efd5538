// SPDX-License-Identifier: BSD-3-Clause
// The keys of a configuration that say how client and gateway prove who they are.
#include "config_row.h"
#include "config_text.h"
#include "suites.h"

#define CERTIFICATES                                                                               \
	"    certificates:\n"                                                                      \
	"      - certificate: ecdsa.pem\n"                                                         \
	"        key: ecdsa.key\n"

// In place of the port's line.
#define MORE(keys) "port: 4433", "port: 4433\n" keys

static const struct row bad[] = {
	{CERTIFICATES, "",
	 "t.yaml:21: listeners[0].certificates: missing; expected this key, or psk_file, or "
	 "both\n"},
	{"    certificates:\n", "    psk_hint: hi\n    certificates:\n",
	 "t.yaml:25: listeners[0].psk_hint: given without psk_file; expected both or none\n"},
	{MORE("    client_certificate: maybe"),
	 "t.yaml:24: listeners[0].client_certificate: \"maybe\" is unknown; expected one of: none, "
	 "optional, required\n"},
	{MORE("    client_certificate: required"),
	 "t.yaml:24: listeners[0].client_certificate: given without client_ca or certificates; "
	 "expected them too\n"},
	{CERTIFICATES, "    psk_file: p\n    client_ca: a\n    client_certificate: optional\n",
	 "t.yaml:27: listeners[0].client_certificate: given without client_ca or certificates; "
	 "expected them too\n"},
	{MORE("    client_ca: ca.pem"),
	 "t.yaml:24: listeners[0].client_ca: given, but no certificate is asked for; expected "
	 "client_certificate: optional or required\n"},
	{MORE("    client_crl: crl.pem"),
	 "t.yaml:24: listeners[0].client_crl: given, but no certificate is asked for; expected "
	 "client_certificate: optional or required\n"},
	{"limits:\n", "resumption: {lifetime_s: 0, cache: 1000001}\nlimits:\n",
	 "t.yaml:30: resumption.lifetime_s: 0 is out of range; expected 1 to 604800\n"
	 "t.yaml:30: resumption.cache: 1000001 is out of range; expected 0 to 1000000\n"},
	{"limits:\n", "resumption:\n  tickets: false\n  ticket_keys: k\nlimits:\n",
	 "t.yaml:32: resumption.ticket_keys: given without tickets; expected tickets: true\n"},
	{"limits:\n", "resumption: {ticket: true}\nlimits:\n",
	 "t.yaml:30: resumption.ticket: unknown key; expected one of: tickets, ticket_keys, "
	 "state_file, lifetime_s, cache\n"},
	{"limits:\n", "resumption: {state_file: s}\nlimits:\n",
	 "t.yaml:30: resumption.state_file: given without ticket_keys; expected both or none\n"},
	{"limits:\n", "resumption: {ticket_keys: k, state_file: k}\nlimits:\n",
	 "t.yaml:30: resumption.state_file: the same file as ticket_keys; expected one of its "
	 "own\n"},
	{MORE("    unknown_name: refuse"),
	 "t.yaml:24: listeners[0].unknown_name: refuse without server_names; expected the names "
	 "that are known\n"},
	{MORE("    unknown_name: maybe"),
	 "t.yaml:24: listeners[0].unknown_name: \"maybe\" is unknown; expected one of: default, "
	 "refuse\n"},
	{MORE("    server_names: [{name: a_b}, {name: '*.'}, {name: A, backend: c}, {name: a}]"),
	 "t.yaml:24: listeners[0].server_names[2].backend: \"c\" is unknown; expected a name from "
	 "backends\n"},
	{MORE("    server_names: [{name: a_b}, {name: '*.'}, {name: A, backend: b}, {name: a}]"),
	 "t.yaml:24: listeners[0].server_names[1].name: \"*.\" is no host name; expected one as "
	 "gw.example.org or *.example.org\n"
	 "t.yaml:24: listeners[0].server_names[3].name: \"a\" stands in server_names[2] too; "
	 "expected it once\n"},
	{CERTIFICATES,
	 "    psk_file: p\n    server_names: [{name: a, certificates: [{certificate: a, key: "
	 "b}]}]\n",
	 "t.yaml:26: listeners[0].server_names[0].certificates: given, but the listener has none; "
	 "expected its own too\n"},
	{MORE("    alpn: [coap, '']"),
	 "t.yaml:24: listeners[0].alpn[1]: empty; expected a value, or the key left out\n"},
	{MORE("    alpn: [ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp]"),
	 "t.yaml:24: listeners[0].alpn[0]: too long; expected at most 64 bytes\n"},
	{MORE("    psk_file: ''"),
	 "t.yaml:24: listeners[0].psk_file: empty; expected a value, or the key left out\n"},
};

// What is printed, which the caller frees.
static char *errors(const char *text)
{
	static char *lines; // static: the stream writes them until it is closed
	static size_t len;
	FILE *err = open_memstream(&lines, &len);
	struct config_doc doc;
	struct config *config;

	config = config_text_load(&doc, "t.yaml", text, strlen(text), err);
	fclose(err);
	if (config != NULL)
		config_doc_fini(&doc);
	config_destroy(config);
	return lines;
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(bad); i++) {
		char *text = edit(&bad[i]);
		char *lines = errors(text);

		print_message("%s", lines);
		assert_string_equal(lines, bad[i].lines);
		free(lines);
		free(text);
	}
}

// Names that no client asks for, and the longest that one may.
static void test_host_names(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} names[] = {
		{"gw.example.org", true},
		{"*.example.org", true},
		{"_dtls.xn--gw-dtls.example", true},
		{"localhost", true},
		{"1.example.org", true},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org", true},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org", false},
		{"gw.example.org.", false},
		{"gw..example.org", false},
		{".example.org", false},
		{"-gw.example.org", false},
		{"gw-.example.org", false},
		{"a.*.example.org", false},
		{"a*.example.org", false},
		{"*", false},
		{"*.*.org", false},
		{"gw.example.org:4433", false},
		{"198.51.100.1", false},
		{"*.51.100.1", false},
		{"2001:db8::1", false},
		{"gw/example", false},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(names); i++) {
		char keys[256];
		const struct row row = {"port: 4433", keys, NULL};
		char *text, *lines;

		snprintf(keys, sizeof(keys), "port: 4433\n    server_names: [{name: \"%s\"}]",
			 names[i].name);
		text = edit(&row);
		lines = errors(text);
		unit_check(i, (lines[0] == '\0') == names[i].good);
		free(lines);
		free(text);
	}
}

static void test_long_hint(void **state)
{
	char keys[256], hint[130];
	const struct row row = {"port: 4433", keys, NULL};

	(void)state;
	memset(hint, 'h', sizeof(hint) - 1);
	for (size_t len = 128; len <= 129; len++) {
		char *text, *lines;

		hint[len] = '\0';
		hint[len - 1] = 'h';
		snprintf(keys, sizeof(keys), "port: 4433\n    psk_file: p\n    psk_hint: %s", hint);
		text = edit(&row);
		lines = errors(text);
		assert_string_equal(lines, len == 128 ? ""
						      : "t.yaml:25: listeners[0].psk_hint: too "
							"long; expected at most 128 bytes\n");
		free(lines);
		free(text);
	}
}

static struct config *load(const struct row *row)
{
	struct config_doc doc;
	char *text = edit(row);
	struct config *c = config_text_load(&doc, "dir/t.yaml", text, strlen(text), stderr);

	assert_non_null(c);
	config_doc_fini(&doc);
	free(text);
	return c;
}

static void test_psk(void **state)
{
	static const struct row row = {CERTIFICATES, "    psk_file: p.psk\n    psk_hint: hi\n", ""};
	struct config *c = load(&row);

	(void)state;
	assert_int_equal(c->listener[0].certificate_nb, 0);
	assert_string_equal(c->listener[0].psk_file, "dir/p.psk");
	assert_string_equal(c->listener[0].psk_hint, "hi");
	config_destroy(c);
}

static void test_signatures(void **state)
{
	static const struct row rows[] = {
		{MORE(""), SUITES_SIGNATURES_DEFAULT},
		{MORE("    signature_algorithms: RSA+SHA256"), "RSA+SHA256"},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct config *c = load(&rows[i]);

		assert_string_equal(c->listener[0].signatures, rows[i].lines);
		config_destroy(c);
	}
}

static void test_client_certificate(void **state)
{
	static const struct row rows[] = {
		{MORE(""), ""},
		{MORE("    client_certificate: optional\n    client_ca: ca.pem\n"), ""},
		{MORE("    client_certificate: required\n    client_ca: /ca.pem\n    client_crl: "
		      "c\n"),
		 ""},
	};
	struct config *c[UNIT_NB(rows)];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		c[i] = load(&rows[i]);
		unit_check(i, c[i]->listener[0].client_certificate == i);
	}
	assert_null(c[0]->listener[0].client_ca);
	assert_string_equal(c[1]->listener[0].client_ca, "dir/ca.pem");
	assert_null(c[1]->listener[0].client_crl);
	assert_string_equal(c[2]->listener[0].client_ca, "/ca.pem");
	assert_string_equal(c[2]->listener[0].client_crl, "dir/c");
	for (size_t i = 0; i < UNIT_NB(rows); i++)
		config_destroy(c[i]);
}

static void test_server_names(void **state)
{
	static const struct row row = {
		MORE("    server_names:\n"
		     "      - {name: gw.example.org, backend: b}\n"
		     "      - name: '*.example.org'\n"
		     "        certificates: [{certificate: a.pem, key: a.key}]\n"
		     "    unknown_name: refuse\n"
		     "    alpn: [coap, webrtc]"),
		""};
	struct config *c = load(&row);
	const struct config_listener *l = &c->listener[0];

	(void)state;
	assert_int_equal(l->server_name_nb, 2);
	assert_string_equal(l->server_name[0].name, "gw.example.org");
	assert_int_equal(l->server_name[0].backend, 0);
	assert_int_equal(l->server_name[0].certificate_nb, 0);
	assert_int_equal(l->server_name[1].backend, CONFIG_BACKEND_NONE);
	assert_string_equal(l->server_name[1].certificate[0].key, "dir/a.key");
	assert_true(l->refuse_unknown_name);
	assert_int_equal(l->alpn_nb, 2);
	assert_string_equal(l->alpn[1], "webrtc");
	config_destroy(c);
}

static void test_resumption(void **state)
{
	static const struct row rows[] = {
		{MORE(""), ""},
		{"limits:\n",
		 "resumption: {lifetime_s: 60, cache: 0, ticket_keys: k, state_file: "
		 "s}\nlimits:\n",
		 ""},
		{"limits:\n", "resumption: {tickets: false}\nlimits:\n", ""},
	};
	struct config *c[UNIT_NB(rows)];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		c[i] = load(&rows[i]);
		unit_check(i, c[i]->tickets == (i < 2));
		unit_check(i, c[i]->resumption_lifetime_s == (i == 1 ? 60 : 7200));
		unit_check(i, c[i]->session_cache == (i == 1 ? 0 : 1000));
	}
	assert_null(c[0]->ticket_keys);
	assert_string_equal(c[1]->ticket_keys, "dir/k");
	assert_null(c[0]->state_file);
	assert_string_equal(c[1]->state_file, "dir/s");
	for (size_t i = 0; i < UNIT_NB(rows); i++)
		config_destroy(c[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),	     cmocka_unit_test(test_long_hint),
		cmocka_unit_test(test_host_names),   cmocka_unit_test(test_psk),
		cmocka_unit_test(test_signatures),   cmocka_unit_test(test_client_certificate),
		cmocka_unit_test(test_server_names), cmocka_unit_test(test_resumption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
