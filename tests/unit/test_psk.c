// SPDX-License-Identifier: BSD-3-Clause
// Clients with pre-shared keys against the whole gateway.
#include "lab.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <rte_cycles.h>

#include "dtls.h"
#include "handshake.h"
#include "hs_table.h"
#include "psk_file.h"
#include "session_dir.h"
#include "unit.h"

#define PSK   "PSK-AES128-GCM-SHA256"
#define KEY   "00112233445566778899aabbccddeeff"
#define WRONG "0123456789abcdef0123456789abcdef"
#define IDENTITIES                                                                                 \
	"client-1 " KEY "\n"                                                                       \
	"client-2 ffeeddccbbaa99887766554433221100 second\n"

static struct lab lab;
static struct lab_client client;

static void edit(struct lab *l)
{
	struct config *config = &l->rig.config;

	config->listener[0].certificate_nb = 2;
	config->listener[0].suites =
		(char *)(uintptr_t) "ECDHE+AESGCM:kECDHEPSK+CHACHA20:kDHEPSK+AESGCM:kDHEPSK+"
				    "CHACHA20:kDHEPSK+AESCCM:kPSK+AESGCM:kPSK+CHACHA20:kPSK+AESCCM";
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

static void start(const char *identity, const char *key, const char *ciphers)
{
	lab_client_start(&lab, &client, LAB_PORT, ciphers);
	lab_psk(&client, identity, key);
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

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	return view.identity;
}

// Every suite with a pre-shared key that the gateway can do: data both ways.
static const char *const suites[] = {
	"PSK-AES128-GCM-SHA256",
	"PSK-AES256-GCM-SHA384",
	"PSK-CHACHA20-POLY1305",
	"PSK-AES128-CCM",
	"PSK-AES256-CCM",
	"PSK-AES128-CCM8",
	"PSK-AES256-CCM8",
	"DHE-PSK-AES128-GCM-SHA256",
	"DHE-PSK-AES256-GCM-SHA384",
	"DHE-PSK-CHACHA20-POLY1305",
	"DHE-PSK-AES128-CCM",
	"DHE-PSK-AES256-CCM",
	"DHE-PSK-AES128-CCM8",
	"DHE-PSK-AES256-CCM8",
	"ECDHE-PSK-CHACHA20-POLY1305",
};

static void test_suites(void **state)
{
	static const struct {
		const char *identity, *key;
		uint16_t port;
	} rows[] = {
		{"client-1", KEY, RIG_BACKEND_PORT},
		{"client-2", "ffeeddccbbaa99887766554433221100", RIG_BACKEND_PORT + 1},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(suites); i++) {
		size_t row = i % UNIT_NB(rows);

		start(rows[row].identity, rows[row].key, suites[i]);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, strcmp(SSL_get_cipher(client.ssl), suites[i]) == 0);
		unit_check(i, strcmp(client.psk_hint, "lab") == 0);
		for (int n = 0; n < 3; n++)
			lab_check_echo(&client, "hello");
		unit_check(i, lab.backend_port == rows[row].port);
		unit_check(i, identity_shown()->kind == IDENTITY_PSK);
		unit_check(i, strcmp(identity_shown()->text, rows[row].identity) == 0);
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
	lab_fail_finished(&client);
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
	struct trace wrong, unknown;

	(void)state;
	trace_failure("client-1", WRONG, &wrong);
	assert_int_equal(lab_stats(&lab)->bad_finished, 1);
	assert_int_equal(lab_stats(&lab)->unknown_identity, 0);
	trace_failure("nobody\n\x1b[31m", WRONG, &unknown);
	assert_int_equal(lab_stats(&lab)->bad_finished, 2);
	assert_int_equal(lab_stats(&lab)->unknown_identity, 1);
	assert_int_equal(lab_stats(&lab)->expired, 2);
	assert_int_equal(wrong.reason, SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
	assert_int_equal(unknown.reason, wrong.reason);
	assert_int_equal(unknown.nb, wrong.nb);
	assert_memory_equal(unknown.kind, wrong.kind, sizeof(wrong.kind));
}

// Or after the client's third flight.
static void test_alert_after_three(void **state)
{
	static const char *const identity[] = {"client-1", "nobody"};

	(void)state;
	lab.rig.config.retransmit_ms = 20;
	for (size_t i = 0; i < UNIT_NB(identity); i++) {
		uint64_t begin = rte_rdtsc();

		start(identity[i], WRONG, PSK);
		client.steady = true;
		assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, ERR_GET_REASON(ERR_get_error()) == SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
		unit_check(i, rte_rdtsc() - begin > rte_get_tsc_hz() / 1000 * 2 * 15);
		unit_check(i, client.sent >= 2 + 3); // ClientHellos, its flight
		unit_check(i, lab_stats(&lab)->failed == i + 1);
		unit_check(i, lab_stats(&lab)->bad_finished == i + 1);
		lab_client_stop(&client);
		lab_check_idle(&lab);
	}
	assert_int_equal(lab_stats(&lab)->unknown_identity, 1);
	ERR_clear_error();
}

// Somebody else's records do not end a handshake: not many at once, nor two flights of them.
static void test_forged_finished(void **state)
{
	const struct lab_datagram *d = &client.out.datagram[0];
	struct handshake *hs;
	uint8_t bytes[128];
	struct record rec;
	uint16_t len;

	(void)state;
	start("client-1", KEY, PSK);
	client.lossy = true;
	lab_hold_finished(&client);
	assert_true(record_parse(d->bytes, d->len, &rec) && rec.type == DTLS_HANDSHAKE);
	lab_inject(&client, d->bytes, DTLS_RECORD_HEADER_LEN + rec.fragment_len);
	client.out.nb = 0; // its Finished is lost
	len = lab_seal_as(&client, DTLS_HANDSHAKE, 0, "finished", 8, bytes);
	bytes[len - 1] ^= 1;
	hs = lab_handshake_first(&lab);
	for (uint16_t flight = 1; flight < 3; flight++) {
		for (int n = 0; n < 20; n++)
			lab_inject(&client, bytes, len);
		lab_pump(&lab);
		unit_check(flight, hs->bad_finished_nb == flight);
		hs->bad_finished_tsc -= rte_get_tsc_hz(); // as if a second passed
	}
	assert_int_equal(lab_stats(&lab)->failed, 0);
	client.hold = false;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(lab_stats(&lab)->bad_finished, 0);
	lab_check_echo(&client, "hello");
	finish();
}

// Calls of the gateway's and of libssl for it; see meson.build.
static struct work {
	unsigned int lookups, digests, compares, expansions, macs, opened;
	size_t expanded; // bytes
} work;

bool __real_psk_file_key(const struct psk_file *psk, const char *identity, uint8_t key[PSK_KEY_MAX],
			 uint8_t *key_len);
bool __wrap_psk_file_key(const struct psk_file *psk, const char *identity, uint8_t key[PSK_KEY_MAX],
			 uint8_t *key_len);
void __real_aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n);
void __wrap_aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n);

bool __wrap_psk_file_key(const struct psk_file *psk, const char *identity, uint8_t key[PSK_KEY_MAX],
			 uint8_t *key_len)
{
	work.lookups++;
	return __real_psk_file_key(psk, identity, key, key_len);
}

void __wrap_aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	work.opened += n;
	__real_aead_open_burst(aead, op, n);
}

// In front of libcrypto's, which libssl calls too.
int EVP_KDF_derive(EVP_KDF_CTX *kdf, unsigned char *key, size_t len, const OSSL_PARAM params[])
{
	static int (*real)(EVP_KDF_CTX *, unsigned char *, size_t, const OSSL_PARAM[]);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_KDF_derive");
	work.expansions++;
	work.expanded += len;
	return real(kdf, key, len, params);
}

// Of the key block, which the gateway derives itself (decision 0014).
int EVP_MAC_final(EVP_MAC_CTX *mac, unsigned char *out, size_t *len, size_t size)
{
	static int (*real)(EVP_MAC_CTX *, unsigned char *, size_t *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_MAC_final");
	work.macs++;
	return real(mac, out, len, size);
}

int EVP_Digest(const void *data, size_t len, unsigned char *md, unsigned int *size,
	       const EVP_MD *type, ENGINE *engine)
{
	static int (*real)(const void *, size_t, unsigned char *, unsigned int *, const EVP_MD *,
			   ENGINE *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_Digest");
	work.digests++;
	return real(data, len, md, size, type, engine);
}

int CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
	static int (*real)(const void *, const void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "CRYPTO_memcmp");
	work.compares++;
	return real(a, b, len);
}

// What the gateway does with the flight of a client with a wrong key.
static struct work failure_work(const char *identity)
{
	struct work done;

	start(identity, WRONG, PSK);
	lab_hold_finished(&client);
	client.hold = false;
	memset(&work, 0, sizeof(work));
	lab_pump(&lab);
	done = work;
	lab_client_stop(&client);
	lab_expire(&lab);
	lab_check_idle(&lab);
	return done;
}

// An unknown identity costs the gateway what a wrong key costs: the same search, pre-master secret,
// key block and attempt to open the Finished.  perf/bench_psk compares the times of the search.
static void test_same_work(void **state)
{
	struct work wrong = failure_work("client-1"), unknown = failure_work("nobody-1");

	(void)state;
	print_message("%u lookups, %u digests, %u compares, %u expansions of %zu bytes, %u MACs, "
		      "%u opened\n",
		      wrong.lookups, wrong.digests, wrong.compares, wrong.expansions,
		      wrong.expanded, wrong.macs, wrong.opened);
	assert_int_equal(wrong.lookups, 1);
	assert_int_equal(wrong.opened, 1);
	assert_true(wrong.digests > 0 && wrong.compares > 0 && wrong.expansions >= 2 &&
		    wrong.macs > 0);
	assert_int_equal(unknown.lookups, wrong.lookups);
	assert_int_equal(unknown.digests, wrong.digests);
	assert_int_equal(unknown.compares, wrong.compares);
	assert_int_equal(unknown.expansions, wrong.expansions);
	assert_int_equal(unknown.expanded, wrong.expanded);
	assert_int_equal(unknown.macs, wrong.macs);
	assert_int_equal(unknown.opened, wrong.opened);
	assert_int_equal(lab_stats(&lab)->bad_finished, 2);
	assert_int_equal(lab_stats(&lab)->unknown_identity, 1);
	ERR_clear_error();
}

// A client that knows neither key nor identity but guesses the key of an identity to be empty or
// the key that an unknown identity gets.
static void test_long_identity(void **state)
{
	char identity[130];

	(void)state;
	memset(identity, 'x', sizeof(identity) - 1);
	identity[sizeof(identity) - 1] = '\0';
	start(identity, "00", PSK);
	lab_fail_finished(&client);
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
	assert_int_equal(lab_stats(&lab)->completed, 0);
}

static void gets_in(const char *identity, const char *key)
{
	start(identity, key, PSK);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_check_echo(&client, "x");
	finish();
}

static void stays_out(const char *identity, const char *key)
{
	start(identity, key, PSK);
	lab_fail_finished(&client);
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

static void test_reload(void **state)
{
	(void)state;
	stays_out("client-3", "aa");
	lab_file(&lab, "psk", "client-3 aa\nclient-1 bb\n");
	cp_reload(&lab.cp);
	gets_in("client-3", "aa");
	gets_in("client-1", "bb");
	stays_out("client-2", "ffeeddccbbaa99887766554433221100");
	lab_file(&lab, "psk", "client-3 ab\nclient-1 zz\n");
	cp_reload(&lab.cp); // logs psk:2
	gets_in("client-3", "aa");
}

// A live session outlives its identity, a handshake under way does not: its client hears, and
// counts, as one with an identity that was never there, or with a wrong key.
static void test_reload_under_way(void **state)
{
	static const struct {
		const char *file;
		bool unknown;
	} rows[] = {{"client-2 00\n", true}, {"client-1 " WRONG "\n", false}};
	static struct lab_client live;
	uint64_t unknown = 0;

	(void)state;
	lab_client_start(&lab, &live, LAB_PORT + 1, PSK);
	lab_psk(&live, "client-1", KEY);
	assert_true(lab_handshake(&live, LAB_PATIENCE_MS));
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		lab_file(&lab, "psk", IDENTITIES);
		cp_reload(&lab.cp);
		start("client-1", KEY, PSK);
		lab_last_flight(&client);
		lab_file(&lab, "psk", rows[i].file);
		cp_reload(&lab.cp);
		lab_fail_finished(&client);
		unit_check(i, ERR_GET_REASON(ERR_get_error()) == SSL_R_TLSV1_ALERT_DECRYPT_ERROR);
		ERR_clear_error();
		lab_client_stop(&client);
		unknown += rows[i].unknown;
		unit_check(i, lab_stats(&lab)->unknown_identity == unknown);
		unit_check(i, lab_stats(&lab)->bad_finished == i + 1);
		unit_check(i, lab_stats(&lab)->failed == i + 1);
	}
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
		TEST(alert_after_three),
		TEST(forged_finished),
		TEST(same_work),
		TEST(long_identity),
		TEST(reload),
		TEST(reload_under_way),
#undef TEST
	};

	return cmocka_run_group_tests_name("psk", tests, NULL, NULL);
}
