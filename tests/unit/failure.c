// SPDX-License-Identifier: BSD-3-Clause
#include "failure.h"

#include "attempt.h"
#include "dtls.h"
#include "hs_table.h"
#include "pki.h"
#include "session_pool.h"
#include "unit.h"
#include "wire.h"

#define HOUR	      3600
#define PSK	      "PSK-AES128-GCM-SHA256"
#define KEY	      "00112233445566778899aabbccddeeff"
#define WRONG_KEY     "ffeeddccbbaa99887766554433221100"
#define HALF_OPEN     8	 // of the rig
#define CHAIN	      60 // certificates, together more than 16 KB
#define CLIENT_HELLO  1
#define CERT_VERIFY   15
#define KEY_EXCHANGE  16
#define CLIENT_FLIGHT 2 // message_seq of the client's flight behind the ClientHellos

static struct lab *const lab = &failure_lab;
static struct pki ca, other, good, expired, stranger;
static SSL_SESSION *stale;

static void configure(struct lab *l)
{
	struct config_listener *listener = &l->rig.config.listener[0];
	char *text = pki_certificate(&ca);

	listener->suites = (char *)(uintptr_t) "ECDHE+AESGCM:kPSK+AESGCM";
	listener->psk_file = lab_file(l, "psk", "client-1 " KEY "\n");
	listener->client_ca = lab_file(l, "ca.pem", text);
	listener->client_certificate = CONFIG_CLIENT_CERTIFICATE_REQUIRED;
	listener->server_name_nb = 1;
	listener->server_name[0] = (struct config_server_name){
		.name = (char *)(uintptr_t) "gw.example.org",
		.backend = CONFIG_BACKEND_NONE,
	};
	listener->refuse_unknown_name = true;
	listener->alpn_nb = 1;
	listener->alpn[0] = (char *)(uintptr_t) "coap";
	l->rig.config.tickets = true;
	l->rig.config.session_cache = 16;
	l->rig.config.resumption_lifetime_s = 1;
	free(text);
}

static void start_with(const struct pki *pki)
{
	attempt_start(LAB_ECDSA);
	assert_int_equal(SSL_use_certificate(attempt.ssl, pki->certificate), 1);
	assert_int_equal(SSL_use_PrivateKey(attempt.ssl, pki->key), 1);
}

static int unsupported_suite(void)
{
	attempt_start("ECDHE-ECDSA-AES128-SHA");
	return attempt_refused();
}

static int old_version(void)
{
	attempt_start("ALL:@SECLEVEL=0");
	SSL_set_min_proto_version(attempt.ssl, DTLS1_VERSION);
	SSL_set_max_proto_version(attempt.ssl, DTLS1_VERSION);
	return attempt_refused();
}

static int unsupported_group(void)
{
	attempt_start(LAB_ECDSA);
	SSL_set1_groups_list(attempt.ssl, "P-384");
	return attempt_refused();
}

static int unknown_name(void)
{
	attempt_start(LAB_ECDSA);
	SSL_set_tlsext_host_name(attempt.ssl, "other.example.org");
	return attempt_refused();
}

static int unknown_protocol(void)
{
	attempt_start(LAB_ECDSA);
	SSL_set_alpn_protos(attempt.ssl, (const uint8_t *)"\2h2", 3);
	return attempt_refused();
}

static int no_certificate(void)
{
	attempt_start(LAB_ECDSA);
	return attempt_refused();
}

static int bad_certificate(void)
{
	start_with(&stranger);
	return attempt_refused();
}

static int expired_certificate(void)
{
	start_with(&expired);
	return attempt_refused();
}

// The client's signature over the handshake is wrong.
static int bad_signature(void)
{
	struct wire_reader r;
	uint8_t *record;

	start_with(&good);
	attempt_hold(2);
	r = attempt_find(CERT_VERIFY, &record);
	record[DTLS_RECORD_HEADER_LEN + wire_left(&r) - 1] ^= 1;
	return attempt_let_go();
}

static int long_chain(void)
{
	start_with(&good);
	for (int i = 0; i < CHAIN; i++)
		assert_int_equal(SSL_add1_chain_cert(attempt.ssl, other.certificate), 1);
	return attempt_refused();
}

static int psk(const char *identity, const char *key)
{
	attempt_start(PSK);
	lab_psk(&attempt, identity, key);
	attempt_hold(2);
	attempt.hold = false;
	lab_pump(lab);
	return attempt_expire();
}

static int unknown_identity(void)
{
	return psk("nobody", KEY);
}

static int wrong_key(void)
{
	return psk("client-1", WRONG_KEY);
}

// A session whose time is over gives a full handshake, which this client does not end.
static int stale_session(void)
{
	uint8_t *record;

	attempt_start(LAB_ECDSA);
	assert_int_equal(SSL_set_session(attempt.ssl, stale), 1);
	attempt_hold(2);
	attempt_find(KEY_EXCHANGE, &record);
	attempt.out.nb = 0;
	return attempt_expire();
}

// The last extension of the ClientHello claims a byte more than there is.
static int truncated_extension(void)
{
	struct wire_reader r;
	const uint8_t *len;
	uint8_t *record;

	attempt_start(LAB_ECDSA);
	attempt_hold(1);
	r = attempt_find(CLIENT_HELLO, &record);
	wire_bytes(&r, DTLS_HANDSHAKE_HEADER_LEN + 2 + DTLS_RANDOM_LEN);
	wire_vector(&r, 1); // session id
	wire_vector(&r, 1); // cookie
	wire_vector(&r, 2); // suites
	wire_vector(&r, 1); // compression methods
	wire_bytes(&r, 2);
	do {
		wire_bytes(&r, 2);
		len = wire_bytes(&r, 2);
		wire_bytes(&r, (size_t)(len[0] << 8 | len[1]));
	} while (wire_left(&r) > 0);
	assert_false(r.failed);
	record[len + 1 - record]++;
	return attempt_let_go();
}

// Behind the cookie, where the data plane does not look.
static int garbage_hello(void)
{
	struct wire_reader r;
	uint8_t *record;
	size_t at;

	attempt_start(LAB_ECDSA);
	attempt_hold(1);
	r = attempt_find(CLIENT_HELLO, &record);
	wire_bytes(&r, DTLS_HANDSHAKE_HEADER_LEN + 2 + DTLS_RANDOM_LEN);
	wire_vector(&r, 1);
	wire_vector(&r, 1);
	at = (size_t)(r.next - record);
	memset(record + at, 0xa5, wire_left(&r));
	return attempt_let_go();
}

static int garbage_before_cookie(void)
{
	static const uint8_t garbage[40] = {[0 ... 39] = 0xa5};

	attempt_start(LAB_ECDSA);
	attempt_inject(DTLS_HANDSHAKE, CLIENT_HELLO, 0, garbage, sizeof(garbage));
	lab_pump(lab);
	return attempt_stop();
}

static int garbage_key_exchange(void)
{
	struct wire_reader r;
	uint8_t *record;

	start_with(&good);
	attempt_hold(2);
	r = attempt_find(KEY_EXCHANGE, &record);
	wire_bytes(&r, DTLS_HANDSHAKE_HEADER_LEN);
	memset(record + (r.next - record), 0xa5, wire_left(&r));
	return attempt_let_go();
}

static int early_finished(void)
{
	static const uint8_t finished[12];

	attempt_start(LAB_ECDSA);
	attempt_hold(2);
	attempt_inject(DTLS_HANDSHAKE, DTLS_FINISHED, CLIENT_FLIGHT, finished, sizeof(finished));
	return attempt_let_go();
}

static int garbage_finished(void)
{
	struct lab_datagram *d;

	start_with(&good);
	attempt_hold(2);
	d = &attempt.out.datagram[attempt.out.nb - 1];
	d->bytes[d->len - 1] ^= 1;
	attempt.hold = false;
	lab_pump(lab);
	return attempt_expire();
}

static int alert_of_client(void)
{
	static const uint8_t alert[] = {DTLS_ALERT_FATAL, DTLS_ALERT_INTERNAL_ERROR};

	attempt_start(LAB_ECDSA);
	attempt_hold(2);
	attempt_inject(DTLS_ALERT, 0, 0, alert, sizeof(alert));
	return attempt_let_go();
}

static int vanishes(void)
{
	attempt_start(LAB_ECDSA);
	attempt_hold(2);
	attempt.out.nb = 0;
	return attempt_expire();
}

// A new client on the port of one that has vanished; it vanishes as well.
static int replaced(void)
{
	attempt_start(LAB_ECDSA);
	attempt_hold(2);
	attempt_stop();
	lab_age(lab, 1001);
	return vanishes();
}

static int too_many(void)
{
	uint64_t dropped = rig_drops(&lab->rig, DROP_HALF_OPEN);

	for (uint16_t i = 1; i <= HALF_OPEN; i++) {
		attempt_start_on(LAB_PORT + i, LAB_ECDSA);
		attempt_hold(2);
		attempt_stop();
	}
	attempt_start(LAB_ECDSA);
	attempt_hold(1);
	attempt.hold = false;
	lab_pump(lab);
	assert_int_equal(rig_drops(&lab->rig, DROP_HALF_OPEN), dropped + 1);
	return attempt_expire();
}

static int no_session_memory(void)
{
	struct session_pool *pool = lab->rig.dp->sessions;
	static struct session *all[1024];
	unsigned int nb = 0;
	int alert;

	start_with(&good);
	attempt_hold(2);
	while ((all[nb] = session_pool_get(pool, 0)) != NULL)
		assert_true(++nb < UNIT_NB(all));
	alert = attempt_let_go();
	while (nb > 0)
		session_pool_put(pool, all[--nb]);
	return alert;
}

#define COUNTER(name) offsetof(struct handshake_stats, name)

const struct failure failures[] = {
	{"unsupported suite", unsupported_suite, SSL_AD_HANDSHAKE_FAILURE, COUNTER(failed), -1,
	 "failed: no shared cipher"},
	{"old version", old_version, SSL_AD_PROTOCOL_VERSION, COUNTER(failed), -1,
	 "failed: unsupported protocol"},
	{"unsupported group", unsupported_group, SSL_AD_HANDSHAKE_FAILURE, COUNTER(failed), -1,
	 "failed: no shared cipher"},
	{"unknown name", unknown_name, SSL_AD_UNRECOGNIZED_NAME, COUNTER(unknown_name), -1,
	 "failed: "},
	{"unknown protocol", unknown_protocol, SSL_AD_NO_APPLICATION_PROTOCOL, COUNTER(failed), -1,
	 "failed: no application protocol"},
	{"no certificate", no_certificate, SSL_AD_HANDSHAKE_FAILURE, COUNTER(no_certificate), -1,
	 "failed: peer did not return a certificate"},
	{"bad certificate", bad_certificate, SSL_AD_UNKNOWN_CA, COUNTER(bad_certificate), -1,
	 "failed: unable to get local issuer certificate, certificate of CN=stranger"},
	{"expired certificate", expired_certificate, SSL_AD_CERTIFICATE_EXPIRED,
	 COUNTER(bad_certificate), -1,
	 "failed: certificate has expired, certificate of CN=expired"},
	{"bad signature", bad_signature, SSL_AD_DECRYPT_ERROR, COUNTER(failed), -1, "signature"},
	{"long chain", long_chain, SSL_AD_DECODE_ERROR, COUNTER(failed), -1,
	 "failed: a message is too long or its fragments disagree"},
	{"unknown identity", unknown_identity, SSL_AD_DECRYPT_ERROR, COUNTER(unknown_identity), -1,
	 "unknown identity \"nobody\""},
	{"wrong key", wrong_key, SSL_AD_DECRYPT_ERROR, COUNTER(bad_finished), -1,
	 "did not authenticate, identity \"client-1\""},
	{"stale session", stale_session, FAILURE_NO_ALERT, COUNTER(resumptions_refused), -1,
	 "failed: not finished in time, not resumed: its t"}, // time is over, ticket's key is gone
	{"truncated extension", truncated_extension, SSL_AD_DECODE_ERROR, COUNTER(failed), -1,
	 "failed: bad extension"},
	{"garbage for a ClientHello", garbage_hello, SSL_AD_DECODE_ERROR, COUNTER(failed), -1,
	 "failed: length"},
	{"garbage before the cookie", garbage_before_cookie, FAILURE_NO_ALERT, FAILURE_NO_COUNTER,
	 DROP_CLIENT_HELLO, NULL},
	{"garbage for a key exchange", garbage_key_exchange, SSL_AD_DECODE_ERROR, COUNTER(failed),
	 -1, "failed: "},
	{"early Finished", early_finished, SSL_AD_UNEXPECTED_MESSAGE, COUNTER(failed), -1,
	 "failed: unexpected message"},
	{"garbage for a Finished", garbage_finished, SSL_AD_DECRYPT_ERROR, COUNTER(bad_finished),
	 -1, "did not authenticate"},
	{"alert of the client", alert_of_client, FAILURE_NO_ALERT, COUNTER(failed), -1,
	 "failed: tlsv1 alert internal error"},
	{"client vanishes", vanishes, FAILURE_NO_ALERT, COUNTER(expired), -1,
	 "failed: not finished in time"},
	{"replaced", replaced, FAILURE_NO_ALERT, COUNTER(replaced), -1,
	 "failed: replaced by a new ClientHello"},
	{"no session memory", no_session_memory, SSL_AD_INTERNAL_ERROR, COUNTER(failed), -1,
	 "failed: no memory for one more session"},
	{"too many under way", too_many, FAILURE_NO_ALERT, COUNTER(expired), DROP_HALF_OPEN,
	 "failed: not finished in time"},
};
const size_t failure_nb = UNIT_NB(failures);

static void make_certificates(void)
{
	pki_make(&ca, NULL, &(struct pki_wish){.name = "authority", .authority = true});
	pki_make(&other, NULL, &(struct pki_wish){.name = "other", .authority = true});
	pki_make(&good, &ca, &(struct pki_wish){.name = "good"});
	pki_make(&stranger, &other, &(struct pki_wish){.name = "stranger"});
	pki_make(&expired, &ca,
		 &(struct pki_wish){.name = "expired", .from_s = -2 * HOUR, .to_s = -HOUR});
}

// A session and its ticket, from which on the clock runs.
static void make_stale(void)
{
	time_t begin;

	start_with(&good);
	assert_true(lab_handshake(&attempt, LAB_PATIENCE_MS));
	lab_check_echo(&attempt, "x");
	stale = SSL_get1_session(attempt.ssl);
	assert_true(SSL_SESSION_has_ticket(stale));
	SSL_SESSION_set_timeout(stale, HOUR); // for the client it is good
	lab_close(&attempt);
	lab_client_stop(&attempt);
	for (begin = time(NULL); time(NULL) < begin + 2;) {
		lab_wait(lab);
		lab_pump(lab);
	}
}

void failure_start(void)
{
	make_certificates();
	lab_start_edited(lab, configure);
	make_stale();
}

void failure_stop(void)
{
	SSL_SESSION_free(stale);
	lab_stop(lab);
	pki_free(&ca);
	pki_free(&other);
	pki_free(&good);
	pki_free(&stranger);
	pki_free(&expired);
}
