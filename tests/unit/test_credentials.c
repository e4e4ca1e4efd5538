// SPDX-License-Identifier: BSD-3-Clause
// The gateway's own certificates, read again while it runs.
#include "resume.h"

#include "credentials.h"
#include "pki.h"
#include "psk_file.h"
#include "tls.h"

#define NAME "gw.example.org"
#define RSA  "ECDHE-RSA-AES128-GCM-SHA256"

static struct pki pair[2]; // what stands in the files for NAME, and what comes

static void write_pair(struct lab *l, const char *name, const struct pki *certificate,
		       const struct pki *key)
{
	char file[32], *text;

	snprintf(file, sizeof(file), "%s.pem", name);
	text = pki_certificate(certificate);
	lab_file(l, file, text);
	free(text);
	snprintf(file, sizeof(file), "%s.key.pem", name);
	text = pki_key(key);
	lab_file(l, file, text);
	free(text);
}

static void edit(struct lab *l)
{
	struct config_server_name *name = &l->rig.config.listener[0].server_name[0];

	configure(l);
	l->rig.config.listener[0].psk_file = lab_file(l, "psk", "client-1 00\n");
	for (int i = 0; i < 2; i++)
		pki_make(&pair[i], NULL, &(struct pki_wish){.name = NAME, .serial = 100 + i});
	write_pair(l, "name", &pair[0], &pair[0]);
	l->rig.config.listener[0].server_name_nb = 1;
	name->name = (char *)(uintptr_t)NAME;
	name->backend = CONFIG_BACKEND_NONE;
	name->certificate_nb = 1;
	name->certificate[0].certificate = l->path[1];
	name->certificate[0].key = l->path[2];
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

static int tear_down_all(void **state)
{
	pki_free(&pair[0]);
	pki_free(&pair[1]);
	return tear_down(state);
}

static long serial_shown(void)
{
	return ASN1_INTEGER_get(X509_get_serialNumber(SSL_get0_peer_certificate(client.ssl)));
}

// A new client's view of the certificate for a name; NULL: of the listener's.
static long serial(const char *name, const char *suite)
{
	long shown;

	SSL_SESSION_free(saved);
	saved = NULL;
	start(suite, 0);
	if (name != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(client.ssl, name), 1);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	shown = serial_shown();
	finish();
	return shown;
}

static void test_name(void **state)
{
	(void)state;
	assert_int_equal(serial(NAME, LAB_ECDSA), 100);
	write_pair(&lab, "name", &pair[1], &pair[1]);
	assert_int_equal(serial(NAME, LAB_ECDSA), 100);
	cp_reload(&lab.cp);
	assert_int_equal(serial(NAME, LAB_ECDSA), 101);
	assert_int_equal(serial(NULL, LAB_ECDSA), 1);
	assert_int_equal(serial(NULL, RSA), 2);
}

// Each file that is no good leaves what was read of its pair before, and of no other.
static void test_bad_files(void **state)
{
	struct config_listener *listener = &lab.rig.config.listener[0];
	struct config_certificate good = listener->certificate[0];
	struct config_certificate *c = &listener->server_name[0].certificate[0];
	char *ca = c->certificate, *key = c->key;

	(void)state;
	write_pair(&lab, "name", &pair[1], &pair[0]); // the key is to come
	cp_reload(&lab.cp);
	assert_int_equal(serial(NAME, LAB_ECDSA), 100);
	c->key = lab_file(&lab, "empty", "");
	cp_reload(&lab.cp);
	assert_int_equal(serial(NAME, LAB_ECDSA), 100);
	*c = listener->certificate[1]; // RSA
	cp_reload(&lab.cp);
	assert_int_equal(serial(NAME, LAB_ECDSA), 100);
	c->certificate = ca;
	c->key = key;
	write_pair(&lab, "name", &pair[1], &pair[1]);
	listener->certificate[0].certificate = (char *)(uintptr_t) "/nowhere";
	cp_reload(&lab.cp);
	listener->certificate[0] = good;
	assert_int_equal(serial(NAME, LAB_ECDSA), 101);
	assert_int_equal(serial(NULL, LAB_ECDSA), 1);
}

// A session outlives the certificate of its handshake, and a handshake that has begun too.
static void test_under_way(void **state)
{
	(void)state;
	start(LAB_ECDSA, 0);
	assert_int_equal(SSL_set_tlsext_host_name(client.ssl, NAME), 1);
	lab_last_flight(&client);
	write_pair(&lab, "name", &pair[1], &pair[1]);
	cp_reload(&lab.cp);
	cp_reload(&lab.cp);
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(serial_shown(), 100);
	lab_check_echo(&client, "during");
	cp_reload(&lab.cp);
	assert_false(finish());
	start(LAB_ECDSA, 0);
	assert_int_equal(SSL_set_tlsext_host_name(client.ssl, NAME), 1);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_true(finish());
}

// A chain grows and shrinks with its file.
static void test_chain(void **state)
{
	struct config_listener *listener = &lab.rig.config.listener[0];
	char *one = pki_certificate(&pair[0]), *two, *usual = listener->certificate[0].certificate;
	char *key = listener->certificate[0].key;

	(void)state;
	assert_true(asprintf(&two, "%s%s", one, one) > 0);
	lab_file(&lab, "name.pem", two);
	listener->certificate[0] = listener->server_name[0].certificate[0];
	for (int round = 0; round < 2; round++) {
		cp_reload(&lab.cp);
		start(LAB_ECDSA, 0);
		assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
		assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(client.ssl)), 2 - round);
		finish();
		SSL_SESSION_free(saved);
		saved = NULL;
		lab_file(&lab, "name.pem", one);
	}
	listener->certificate[0].certificate = usual;
	listener->certificate[0].key = key;
	free(one);
	free(two);
}

static atomic_bool over;

// What a thread of handshakes does of tls.h.
static void *make_ssls(void *arg)
{
	atomic_uint *nb = arg;

	while (!atomic_load(&over)) {
		struct tls_client c;
		uint8_t key[PSK_KEY_MAX], len;
		SSL *ssl = tls_ssl_new(lab.cp.tls[0], &c);

		assert_non_null(ssl);
		assert_non_null(SSL_CTX_get0_certificate(SSL_get_SSL_CTX(ssl)));
		assert_ptr_equal(credentials_of(ssl), c.credentials);
		assert_true(psk_file_key(c.credentials->psk, "client-1", key, &len));
		SSL_free(ssl);
		tls_client_fini(&c);
		atomic_fetch_add(nb, 1);
	}
	return NULL;
}

static void test_threads(void **state)
{
	atomic_uint nb[2] = {0};
	pthread_t thread[2];

	(void)state;
	atomic_store(&over, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, make_ssls, &nb[i]), 0);
	for (int n = 0; n < 50 || nb[0] < 10 || nb[1] < 10; n++)
		tls_reload(lab.cp.tls[0]);
	atomic_store(&over, true);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(atomic_load(&lab.cp.tls[0]->credentials->references), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down_all)
		TEST(name), TEST(bad_files), TEST(under_way), TEST(chain), TEST(threads),
#undef TEST
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
