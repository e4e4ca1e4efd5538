// SPDX-License-Identifier: BSD-3-Clause
// The keys of a configuration for SRTP, media servers and the control socket.
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_check.h"
#include "config_row.h"
#include "config_text.h"
#include "srtp.h"

// In place of the port's line.
#define MORE(keys) "port: 4433", "port: 4433\n" keys

#define FROM_PORT_TO_LIMITS                                                                        \
	"port: 4433\n    backend: b\n    certificates:\n      - certificate: ecdsa.pem\n"          \
	"        key: ecdsa.key\nbackends:\n  - {name: b, address: 192.0.2.2, port: 7}\nlimits:\n"

#define PROFILES                                                                                   \
	"SRTP_AES128_CM_SHA1_80, SRTP_AES128_CM_SHA1_32, SRTP_AEAD_AES_128_GCM, "                  \
	"SRTP_AEAD_AES_256_GCM"

static const struct row bad[] = {
	{MORE("    srtp: [SRTP_NULL_SHA1_80]"),
	 "t.yaml:24: listeners[0].srtp[0]: \"SRTP_NULL_SHA1_80\" is unknown; expected one "
	 "of: " PROFILES "\n"},
	{MORE("    srtp: [SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_128_GCM]"),
	 "t.yaml:24: listeners[0].srtp: given, but nobody could ask for the keys; expected "
	 "control_socket.path too\n"
	 "t.yaml:24: listeners[0].srtp: SRTP_AEAD_AES_128_GCM stands twice; expected it once\n"},
	{MORE("    srtp: [" PROFILES ", SRTP_AEAD_AES_256_GCM]"),
	 "t.yaml:24: listeners[0].srtp: more than 4 entries; expected at most 4\n"},
	{MORE("    srtp: SRTP_AEAD_AES_128_GCM"),
	 "t.yaml:24: listeners[0].srtp: a single value stands here; expected a list\n"},
	{MORE("    media: c"),
	 "t.yaml:24: listeners[0].media: \"c\" is unknown; expected a name from backends\n"},
	{MORE("    media: {address: 192.0.2.2, port: 7}"),
	 "t.yaml:24: listeners[0].media: a mapping of keys stands here; expected a single value\n"},
	{"limits:\n  replay_window: 64\n",
	 "limits: {relays: 0, relays_per_address: 0, relay_timeout_s: 0}\n",
	 "t.yaml:30: limits.relays: 0 is out of range; expected 1 to 1000000\n"
	 "t.yaml:30: limits.relays_per_address: 0 is out of range; expected 1 to 1000000\n"
	 "t.yaml:30: limits.relay_timeout_s: 0 is out of range; expected 1 to 3600\n"},
	// 64512 ports of the one inside address.
	{FROM_PORT_TO_LIMITS,
	 "port: 4433\n"
	 "    backend: b\n"
	 "    media: b\n"
	 "    certificates: [{certificate: a, key: b}]\n"
	 "backends: [{name: b, address: 192.0.2.2, port: 7}]\n"
	 "limits:\n"
	 "  sessions: 53513\n",
	 "t.yaml:25: listeners[0].media: sessions, half_open and relays need 64513 gateway ports, "
	 "the IPv4 addresses of port in have 64512; expected more addresses or lower limits\n"},
	{"limits:\n", "control_socket: {mode: 0660}\nlimits:\n",
	 "t.yaml:30: control_socket.path: missing; expected it with the other keys\n"},
	{"limits:\n", "control_socket: {group: media}\nlimits:\n",
	 "t.yaml:30: control_socket.path: missing; expected it with the other keys\n"},
	{"limits:\n", "control_socket: {path: c, mode: 0666}\nlimits:\n",
	 "t.yaml:30: control_socket.mode: \"0666\" is unknown; expected one of: 0600, 0660\n"},
	{"limits:\n", "control_socket: {path: ''}\nlimits:\n",
	 "t.yaml:30: control_socket.path: empty; expected a value, or the key left out\n"},
	{"limits:\n", "control_socket: {name: c}\nlimits:\n",
	 "t.yaml:30: control_socket.name: unknown key; expected one of: path, mode, user, group\n"},
};

// Loads a row's text; what is printed by it, and by the host's check, goes to *lines, which the
// caller frees.
static struct config *load(const struct row *row, bool host, char **lines)
{
	static char *printed; // static: the stream writes them until it is closed
	static size_t len;
	FILE *err = open_memstream(&printed, &len);
	char *text = edit(row);
	struct config_doc doc;
	struct config *config =
		config_text_load(&doc, host ? "t.yaml" : "dir/t.yaml", text, strlen(text), err);

	if (config != NULL && host)
		config_check_host(&doc, config);
	if (config != NULL)
		config_doc_fini(&doc);
	fclose(err);
	free(text);
	*lines = printed;
	return config;
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(bad); i++) {
		char *lines;
		struct config *config = load(&bad[i], true, &lines);

		print_message("%s", lines);
		assert_string_equal(lines, bad[i].lines);
		free(lines);
		config_destroy(config);
	}
}

static struct config *load_good(const struct row *row)
{
	char *lines;
	struct config *config = load(row, false, &lines);

	assert_non_null(config);
	assert_string_equal(lines, "");
	free(lines);
	return config;
}

static void test_defaults(void **state)
{
	static const struct row row = {MORE(""), ""};
	struct config *c = load_good(&row);

	(void)state;
	assert_int_equal(c->listener[0].srtp_nb, 0);
	assert_int_equal(c->listener[0].media, CONFIG_BACKEND_NONE);
	assert_int_equal(c->relays, 0); // nobody has media
	assert_null(c->control_socket);
	config_destroy(c);
}

static void test_media(void **state)
{
	static const struct row row = {FROM_PORT_TO_LIMITS,
				       "port: 4433\n"
				       "    backend: b\n"
				       "    certificates: [{certificate: a, key: b}]\n"
				       "    srtp: [SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80]\n"
				       "    media: b\n"
				       "backends: [{name: b, address: 192.0.2.2, port: 7}]\n"
				       "control_socket: {path: c}\n"
				       "limits:\n",
				       ""};
	struct config *c = load_good(&row);

	(void)state;
	assert_int_equal(c->listener[0].srtp_nb, 2);
	assert_int_equal(c->listener[0].srtp[0], SRTP_PROFILE_AEAD_AES_256_GCM);
	assert_int_equal(c->listener[0].srtp[1], SRTP_PROFILE_AES128_CM_SHA1_80);
	assert_int_equal(c->listener[0].media, 0);
	assert_int_equal(c->relays, 10000);
	assert_int_equal(c->relays_per_address, 1000);
	assert_int_equal(c->relay_timeout_s, 30);
	config_destroy(c);
}

static void test_control_socket(void **state)
{
	static const struct row rows[] = {
		{"limits:\n", "control_socket: {path: c}\nlimits:\n", ""},
		{"limits:\n",
		 "control_socket: {path: /run/c, mode: 0660, user: root, group: media}\nlimits:\n",
		 ""},
	};
	struct config *c = load_good(&rows[0]);

	(void)state;
	assert_string_equal(c->control_socket, "dir/c");
	assert_false(c->control_group_rw);
	assert_null(c->control_user);
	assert_null(c->control_group);
	config_destroy(c);
	c = load_good(&rows[1]);
	assert_string_equal(c->control_socket, "/run/c");
	assert_true(c->control_group_rw);
	assert_string_equal(c->control_user, "root");
	assert_string_equal(c->control_group, "media");
	config_destroy(c);
}

static void test_long_path(void **state)
{
	static const char too_long[] = "... is too long; expected at most 107 bytes\n";
	char keys[256], *lines;
	const struct row row = {"limits:\n", keys, NULL};
	struct config *config;

	(void)state;
	for (int len = 107; len <= 108; len++) {
		snprintf(keys, sizeof(keys), "control_socket: {path: /%0*d}\nlimits:\n", len - 1,
			 1);
		config = load(&row, false, &lines);
		assert_int_equal(config != NULL, len == 107);
		assert_int_equal(strstr(lines, too_long) != NULL, len == 108);
		free(lines);
		config_destroy(config);
	}
}

static const struct {
	const char *keys, *lines;
} host[] = {
	{"{path: c}", ""},
	{"{path: c, mode: 0660, user: root, group: daemon}", ""},
	{"{path: nowhere/c}",
	 "t.yaml:30: control_socket.path: nowhere/: No such file or directory; expected a "
	 "directory that can be written\n"},
	{"{path: file}",
	 "t.yaml:30: control_socket.path: file: is no socket; expected one, or nothing there\n"},
	{"{path: c, user: nobody-here}",
	 "t.yaml:30: control_socket.user: nobody-here: unknown; expected a user of this "
	 "machine\n"},
	{"{path: c, group: nobody-here}",
	 "t.yaml:30: control_socket.group: nobody-here: unknown; expected a group of this "
	 "machine\n"},
};

static void test_host(void **state)
{
	char dir[] = "/tmp/test_config-XXXXXX", back[4096], keys[256], *lines;
	const struct row row = {"limits:\n", keys, NULL};
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_non_null(getcwd(back, sizeof(back)));
	assert_int_equal(chdir(dir), 0);
	f = fopen("file", "w");
	assert_non_null(f);
	fclose(f);
	for (size_t i = 0; i < UNIT_NB(host); i++) {
		struct config *config;
		const char *at;

		snprintf(keys, sizeof(keys), "control_socket: %s\nlimits:\n", host[i].keys);
		config = load(&row, true, &lines);
		assert_non_null(config);
		at = strstr(lines, "t.yaml:30"); // the CPUs stand above
		assert_string_equal(at != NULL ? at : "", host[i].lines);
		free(lines);
		config_destroy(config);
	}
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(chdir(back), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),	  cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_media),	  cmocka_unit_test(test_control_socket),
		cmocka_unit_test(test_long_path), cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
