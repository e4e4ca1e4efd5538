// SPDX-License-Identifier: BSD-3-Clause
// What a configuration names: suites, certificates, keys and files; and the files in config/.
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "config.h"
#include "config_row.h"

// Certificates and keys, in a directory of their own that is the current one meanwhile.
struct dir {
	char path[64];
	char back[4096];
};

static void make_certificate(const char *name, EVP_PKEY *key)
{
	X509 *x = X509_new();
	char file[64];
	FILE *f;

	assert_non_null(key);
	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key,
			      EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) >
		    0);
	snprintf(file, sizeof(file), "%s.pem", name);
	f = fopen(file, "w");
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	snprintf(file, sizeof(file), "%s.key", name);
	f = fopen(file, "w");
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static void write_encrypted_key(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = fopen(name, "w");

	assert_int_equal(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(), (unsigned char *)"secret",
					      6, NULL, NULL),
			 1);
	fclose(f);
	EVP_PKEY_free(key);
}

#define DIGITS_40 "00112233445566778899aabbccddeeff00112233"

static int dir_make(void **state)
{
	static struct dir dir;

	strcpy(dir.path, "/tmp/test_config-XXXXXX");
	if (mkdtemp(dir.path) == NULL || getcwd(dir.back, sizeof(dir.back)) == NULL ||
	    chdir(dir.path) < 0)
		return -1;
	make_certificate("ecdsa", EVP_EC_gen("P-256"));
	make_certificate("ecdsa2", EVP_EC_gen("P-384"));
	make_certificate("rsa", EVP_RSA_gen(2048));
	make_certificate("ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	write_file("empty.pem", "");
	write_file("good.psk", "client-1 00 b\n");
	write_file("bad.psk", "# one\nclient-1\n");
	write_file("lab.psk", "client-1 00\n");
	write_file("good.keys", DIGITS_40 DIGITS_40 DIGITS_40 DIGITS_40 "\n");
	write_encrypted_key("locked.key");
	*state = &dir;
	return 0;
}

static int dir_remove(void **state)
{
	static const char *const files[] = {
		"ecdsa.pem", "ecdsa.key", "ecdsa2.pem",	 "ecdsa2.key",	"rsa.pem", "rsa.key",
		"empty.pem", "t.yaml",	  "ed25519.pem", "ed25519.key", "c.yaml",  "locked.key",
		"good.psk",  "bad.psk",	  "lab.psk",	 "good.keys",
	};
	struct dir *dir = *state;

	for (size_t i = 0; i < UNIT_NB(files); i++)
		unlink(files[i]);
	return chdir(dir->back) < 0 || rmdir(dir->path) < 0 ? -1 : 0;
}

#define AEAD_ONLY                                                                                  \
	"expected only AEAD (AESGCM, CHACHA20, AESCCM) with ECDHE-ECDSA, ECDHE-RSA, DHE-RSA or "   \
	"PSK, as ECDHE+AESGCM\n"

static const struct row bad_tls[] = {
	{"certificate: ecdsa.pem", "certificate: none.pem",
	 "t.yaml:26: listeners[0].certificates[0].certificate: none.pem: No such file or "
	 "directory; expected a PEM file\n"},
	{"key: ecdsa.key", "key: none.key",
	 "t.yaml:27: listeners[0].certificates[0].key: none.key: No such file or directory; "
	 "expected a PEM file\n"},
	{"certificate: ecdsa.pem", "certificate: empty.pem",
	 "t.yaml:26: listeners[0].certificates[0].certificate: empty.pem: *; expected "
	 "a PEM file with the certificate first\n"},
	{"key: ecdsa.key", "key: ecdsa.pem",
	 "t.yaml:27: listeners[0].certificates[0].key: ecdsa.pem: *; expected a PEM file with a "
	 "private key that is not encrypted\n"},
	{"key: ecdsa.key", "key: locked.key",
	 "t.yaml:27: listeners[0].certificates[0].key: locked.key: *; expected a PEM file with a "
	 "private key that is not encrypted\n"},
	{"key: ecdsa.key", "key: ecdsa2.key",
	 "t.yaml:27: listeners[0].certificates[0].key: ecdsa2.key: does not match the certificate "
	 "ecdsa.pem; expected its private key\n"},
	{"key: ecdsa.key", "key: rsa.key",
	 "t.yaml:27: listeners[0].certificates[0].key: rsa.key: does not match the certificate "
	 "ecdsa.pem; expected its private key\n"},
	{"certificate: ecdsa.pem\n        key: ecdsa.key",
	 "certificate: ed25519.pem\n        key: ed25519.key",
	 "t.yaml:27: listeners[0].certificates[0].key: ed25519.key: neither ECDSA nor RSA; "
	 "expected one of them\n"},
	{"        key: ecdsa.key\n",
	 "        key: ecdsa.key\n      - {certificate: ecdsa2.pem, key: ecdsa2.key}\n",
	 "t.yaml:28: listeners[0].certificates[1].certificate: second ECDSA certificate of this "
	 "listener; expected at most one ECDSA and one RSA\n"},
	{"port: 4433", "port: 4433\n    suites: NONSENSE",
	 "t.yaml:24: listeners[0].suites: \"NONSENSE\" selects no suite; expected an OpenSSL list "
	 "as ECDHE+AESGCM\n"},
	{"port: 4433", "port: 4433\n    suites: ECDHE+AESGCM:AES256-SHA",
	 "t.yaml:24: listeners[0].suites: \"ECDHE+AESGCM:AES256-SHA\" selects "
	 "AES256-SHA; " AEAD_ONLY},
	{"port: 4433", "port: 4433\n    suites: AES128-GCM-SHA256",
	 "t.yaml:24: listeners[0].suites: \"AES128-GCM-SHA256\" selects "
	 "AES128-GCM-SHA256; " AEAD_ONLY},
	{"port: 4433", "port: 4433\n    suites: DHE-RSA-CHACHA20-POLY1305",
	 "t.yaml:24: listeners[0].suites: \"DHE-RSA-CHACHA20-POLY1305\" has no suite for the "
	 "certificates; expected one for ECDSA\n"},
	{"port: 4433", "port: 4433\n    suites: ECDHE-RSA-AES128-GCM-SHA256",
	 "t.yaml:24: listeners[0].suites: \"ECDHE-RSA-AES128-GCM-SHA256\" has no suite for the "
	 "certificates; expected one for ECDSA\n"},
	{"port: 4433", "port: 4433\n    psk_file: none.psk",
	 "t.yaml:24: listeners[0].psk_file: none.psk:1: No such file or directory; expected a "
	 "readable file of identities\n"},
	{"port: 4433",
	 "port: 4433\n    client_certificate: required\n    client_ca: none.pem\n    client_crl: x",
	 "t.yaml:25: listeners[0].client_ca: none.pem: No such file or directory; expected a PEM "
	 "file with the certificates of the clients' authorities\n"},
	{"port: 4433", "port: 4433\n    client_certificate: required\n    client_ca: empty.pem",
	 "t.yaml:25: listeners[0].client_ca: empty.pem: *; expected a PEM file with the "
	 "certificates of the clients' authorities\n"},
	{"port: 4433",
	 "port: 4433\n    client_certificate: required\n    client_ca: rsa.pem\n    client_crl: "
	 "rsa.pem",
	 "t.yaml:26: listeners[0].client_crl: rsa.pem: *; expected a PEM file with revocation "
	 "lists\n"},
	{"port: 4433",
	 "port: 4433\n    server_names: [{name: a, certificates: [{certificate: rsa.pem, key: "
	 "ecdsa.key}]}]",
	 "t.yaml:24: listeners[0].server_names[0].certificates[0].key: ecdsa.key: does not match "
	 "the "
	 "certificate rsa.pem; expected its private key\n"},
	{"port: 4433",
	 "port: 4433\n    server_names: [{name: a, certificates: [{certificate: rsa.pem, key: "
	 "rsa.key}, {certificate: rsa.pem, key: rsa.key}]}]",
	 "t.yaml:24: listeners[0].server_names[0].certificates[1].certificate: second RSA "
	 "certificate of this name; expected at most one ECDSA and one RSA\n"},
	{"limits:\n", "resumption: {ticket_keys: bad.psk}\nlimits:\n",
	 "t.yaml:30: resumption.ticket_keys: bad.psk:2: no key; expected 160 hexadecimal digits, "
	 "as "
	 "openssl rand -hex 80 prints\n"},
	{"limits:\n", "resumption: {ticket_keys: good.keys, state_file: /dev/null}\nlimits:\n",
	 "t.yaml:30: resumption.state_file: /dev/null: not a regular file; expected a file in a "
	 "directory that can be written\n"},
	{"limits:\n", "resumption: {ticket_keys: good.keys, state_file: none/s}\nlimits:\n",
	 "t.yaml:30: resumption.state_file: none/s: No such file or directory; expected a file in "
	 "a directory that can be written\n"},
	{"port: 4433", "port: 4433\n    psk_file: bad.psk",
	 "t.yaml:24: listeners[0].psk_file: bad.psk:2: no key; expected IDENTITY KEY [BACKEND]\n"},
	{"port: 4433", "port: 4433\n    psk_file: good.psk\n    suites: ECDHE+AESGCM",
	 "t.yaml:25: listeners[0].suites: \"ECDHE+AESGCM\" has no suite for the psk_file; expected "
	 "one for pre-shared keys\n"},
	{"port: 4433", "port: 4433\n    psk_file: good.psk\n    suites: kPSK+AESGCM",
	 "t.yaml:25: listeners[0].suites: \"kPSK+AESGCM\" has no suite for the certificates; "
	 "expected one for ECDSA\n"},
	{"port: 4433", "port: 4433\n    suites: kRSAPSK+AESGCM",
	 "t.yaml:24: listeners[0].suites: \"kRSAPSK+AESGCM\" selects "
	 "RSA-PSK-AES256-GCM-SHA384; " AEAD_ONLY},
	{"port: 4433", "port: 4433\n    groups: X25519:P-257",
	 "t.yaml:24: listeners[0].groups: \"X25519:P-257\" has an unknown group; expected a list "
	 "as "
	 "X25519:P-256:P-384\n"},
	{"port: 4433", "port: 4433\n    signature_algorithms: ECDSA+SHA256:MD5",
	 "t.yaml:24: listeners[0].signature_algorithms: \"ECDSA+SHA256:MD5\" has an unknown "
	 "algorithm, or one twice; expected a list as ECDSA+SHA256:RSA-PSS+SHA256\n"},
	{"port: 4433", "port: 4433\n    signature_algorithms: RSA+SHA256:ed25519",
	 "t.yaml:24: listeners[0].signature_algorithms: \"RSA+SHA256:ed25519\" has none for the "
	 "certificates; expected one for ECDSA\n"},
};

// Compares, but for what OpenSSL says: '*' in the pattern stands for its words.
static void assert_lines(const char *lines, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	size_t tail;

	if (star == NULL) {
		assert_string_equal(lines, pattern);
		return;
	}
	tail = strlen(star + 1);
	assert_memory_equal(lines, pattern, (size_t)(star - pattern));
	assert_true(strlen(lines) > strlen(pattern) - 1);
	assert_string_equal(lines + strlen(lines) - tail, star + 1);
	assert_ptr_equal(strchr(lines, '\n'), lines + strlen(lines) - 1);
}

static char *load_errors(const char *file)
{
	static char *lines; // static: the stream writes them until it is closed
	static size_t len;
	FILE *err = open_memstream(&lines, &len);
	struct config *config = config_load(file, err);

	fclose(err);
	assert_true((config == NULL) == (len > 0));
	config_destroy(config);
	return lines;
}

static void test_bad_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(bad_tls); i++) {
		char *text = edit(&bad_tls[i]);
		char *lines;

		write_file("t.yaml", text);
		lines = load_errors("t.yaml");
		print_message("%s", lines);
		assert_lines(lines, bad_tls[i].lines);
		free(lines);
		free(text);
	}
}

static void test_files(void **state)
{
	struct dir *dir = *state;
	char file[128];
	char *lines;

	write_file("t.yaml", good);
	snprintf(file, sizeof(file), "%s/t.yaml", dir->path);
	assert_int_equal(chdir("/"), 0); // relative names start at the file, not here
	lines = load_errors(file);
	assert_string_equal(lines, "");
	free(lines);
	assert_int_equal(chdir(dir->path), 0);
	lines = load_errors("none.yaml");
	assert_string_equal(lines, "none.yaml:1: document: No such file or directory; expected a "
				   "readable file of at most 1048576 bytes\n");
	free(lines);
	lines = load_errors(".");
	assert_string_equal(lines, ".:1: document: Is a directory; expected a readable file of at "
				   "most 1048576 bytes\n");
	free(lines);
}

// A copy of the tree's file, beside certificates, must load.
static void check_tree_file(const char *name)
{
	static char text[65536];
	char path[4096];
	char *lines;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/../../config/%s", getenv("VECTORS"), name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	write_file("c.yaml", text);
	lines = load_errors("c.yaml");
	assert_string_equal(lines, "");
	free(lines);
}

static void test_tree_files(void **state)
{
	(void)state;
	if (getenv("VECTORS") == NULL)
		skip();
	check_tree_file("dtlsgw.yaml");
	check_tree_file("lab.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_tls, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(test_files, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(test_tree_files, dir_make, dir_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
