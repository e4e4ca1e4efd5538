// SPDX-License-Identifier: BSD-3-Clause
// use_srtp with OpenSSL's client: which profile, and the same keys on both sides.
#include "resume.h"

#include <openssl/srtp.h>
#include <unistd.h>

#include "srtp.h"
#include "srtp_dir.h"

#define LABEL "EXTRACTOR-dtls_srtp"
#define ALL                                                                                        \
	"SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_32:"                      \
	"SRTP_AES128_CM_SHA1_80"
#define WIPES 64

// What was wiped last, by place and length.
static struct {
	const void *p;
	size_t len;
} wiped[WIPES];
static unsigned int wiped_nb;

// In place of libc's.
void explicit_bzero(void *p, size_t len)
{
	volatile uint8_t *byte = p;

	wiped[wiped_nb % WIPES].p = p;
	wiped[wiped_nb++ % WIPES].len = len;
	for (size_t i = 0; i < len; i++)
		byte[i] = 0;
}

static bool was_wiped(const void *p, size_t len)
{
	for (unsigned int i = 0; i < WIPES; i++)
		if (wiped[i].p == p && wiped[i].len == len)
			return true;
	return false;
}

static void set_profiles(struct lab *l, const uint8_t *profile, uint16_t nb)
{
	struct config_listener *listener = &l->rig.config.listener[0];

	listener->srtp_nb = nb;
	for (uint16_t i = 0; i < nb; i++)
		listener->srtp[i] = profile[i];
}

static void edit(struct lab *l)
{
	static const uint8_t all[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES128_CM_SHA1_80,
				      SRTP_PROFILE_AES128_CM_SHA1_32,
				      SRTP_PROFILE_AEAD_AES_256_GCM};

	configure(l);
	set_profiles(l, all, UNIT_NB(all));
	l->rig.config.control_socket = lab_file(l, "control", "");
	unlink(l->rig.config.control_socket);
}

static void edit_one(struct lab *l)
{
	static const uint8_t one[] = {SRTP_PROFILE_AEAD_AES_128_GCM};

	edit(l);
	set_profiles(l, one, 1);
}

static void edit_none(struct lab *l)
{
	edit(l);
	set_profiles(l, NULL, 0);
}

static void edit_closed(struct lab *l)
{
	edit(l);
	l->rig.config.control_socket = NULL;
}

#define SET_UP(name, edit)                                                                         \
	static int name(void **state)                                                              \
	{                                                                                          \
		(void)state;                                                                       \
		lab_start_edited(&lab, edit);                                                      \
		return 0;                                                                          \
	}
SET_UP(set_up, edit)
SET_UP(set_up_one, edit_one)
SET_UP(set_up_none, edit_none)
SET_UP(set_up_closed, edit_closed)

static void start_offering(const char *profiles)
{
	start(LAB_ECDSA, 0);
	assert_int_equal(SSL_set_tlsext_use_srtp(client.ssl, profiles), 0);
}

static void forget(void)
{
	SSL_SESSION_free(saved);
	saved = NULL;
}

// The session, the only one.
static struct session_entry *entry(void)
{
	struct session_view view;
	uint32_t cursor = 0;

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	return session_dir_find(lab.cp.sessions, view.id);
}

// The gateway's keys of the session are what the client exports.
static void check_keys(const struct srtp *srtp)
{
	const struct srtp_info *info = &srtp_info[srtp->profile];
	uint8_t block[2 * SRTP_KEY_MAX], *salts = block + 2 * info->key_len;

	assert_int_equal(SSL_export_keying_material(client.ssl, block,
						    2u * (info->key_len + info->salt_len), LABEL,
						    strlen(LABEL), NULL, 0, 0),
			 1);
	assert_memory_equal(srtp->client, block, info->key_len);
	assert_memory_equal(srtp->client + info->key_len, salts, info->salt_len);
	assert_memory_equal(srtp->server, block + info->key_len, info->key_len);
	assert_memory_equal(srtp->server + info->key_len, salts + info->salt_len, info->salt_len);
	assert_true(memcmp(srtp->client, srtp->server, SRTP_KEY_MAX) != 0);
}

static const struct {
	const char *offer;
	enum srtp_profile profile;
} offers[] = {
	{"SRTP_AES128_CM_SHA1_80", SRTP_PROFILE_AES128_CM_SHA1_80},
	{"SRTP_AES128_CM_SHA1_32", SRTP_PROFILE_AES128_CM_SHA1_32},
	{"SRTP_AEAD_AES_128_GCM", SRTP_PROFILE_AEAD_AES_128_GCM},
	{"SRTP_AEAD_AES_256_GCM", SRTP_PROFILE_AEAD_AES_256_GCM},
	{ALL, SRTP_PROFILE_AEAD_AES_128_GCM}, // the listener's order
};

static void test_profiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(offers); i++) {
		const SRTP_PROTECTION_PROFILE *selected;
		const struct srtp *srtp;

		start_offering(offers[i].offer);
		unit_check(i, lab_handshake(&client, LAB_PATIENCE_MS));
		srtp = entry()->srtp;
		selected = SSL_get_selected_srtp_profile(client.ssl);
		unit_check(i, srtp != NULL && srtp->profile == offers[i].profile);
		assert_string_equal(selected->name, srtp_info[srtp->profile].name);
		unit_check(i, selected->id == srtp_info[srtp->profile].number);
		check_keys(srtp);
		finish();
		forget();
	}
}

// RFC 5764 section 4.1.1: a session without SRTP.
static void check_without(const char *offer)
{
	start(LAB_ECDSA, 0);
	if (offer != NULL)
		assert_int_equal(SSL_set_tlsext_use_srtp(client.ssl, offer), 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_null(SSL_get_selected_srtp_profile(client.ssl));
	assert_null(entry()->srtp);
	finish();
	forget();
}

static void test_no_common_profile(void **state)
{
	(void)state;
	check_without(NULL);
	check_without("SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80");
}

static void test_no_profiles(void **state)
{
	(void)state;
	check_without(ALL);
}

// Nobody can ask, so nothing is kept.
static void test_no_control_socket(void **state)
{
	(void)state;
	start_offering(ALL);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_non_null(SSL_get_selected_srtp_profile(client.ssl));
	assert_null(entry()->srtp);
	finish();
}

static void check_resumed(uint64_t options)
{
	struct srtp first;

	start_offering(ALL);
	SSL_set_options(client.ssl, options);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	first = *entry()->srtp;
	assert_false(finish());
	start_offering(ALL);
	SSL_set_options(client.ssl, options);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	check_keys(entry()->srtp);
	assert_true(memcmp(first.client, entry()->srtp->client, SRTP_KEY_MAX) != 0);
	assert_true(finish());
	forget();
}

// Keys of their own for each association.
static void test_resumed(void **state)
{
	(void)state;
	check_resumed(0);
	check_resumed(SSL_OP_NO_TICKET);
}

static void test_wiped(void **state)
{
	struct flow_key flow = rig_flow(&lab.rig, LAB_PORT);
	const struct srtp *srtp;

	(void)state;
	start_offering(ALL);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	srtp = entry()->srtp;
	assert_ptr_equal(srtp_dir_find(&lab.cp, &flow), entry());
	memset(wiped, 0, sizeof(wiped));
	finish();
	assert_true(was_wiped(srtp, sizeof(*srtp)));
	assert_null(srtp_dir_find(&lab.cp, &flow));
}

// RFC 6347 section 4.2.8: the younger session of the flow is found, while the older one ends.
static void test_replaced(void **state)
{
	struct flow_key flow = rig_flow(&lab.rig, LAB_PORT);
	session_id old;

	(void)state;
	start_offering(ALL);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	old = entry()->id;
	lab_client_stop(&client);
	start_offering(ALL);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_pump(&lab);
	assert_null(session_dir_find(lab.cp.sessions, old));
	assert_ptr_equal(srtp_dir_find(&lab.cp, &flow), entry());
	check_keys(entry()->srtp);
	finish();
}

// Where the extension use_srtp stands in the client's last datagram.
static uint8_t *extension(const uint8_t *bytes, size_t len)
{
	struct lab_datagram *d = &client.out.datagram[client.out.nb - 1];
	uint8_t *at = memmem(d->bytes, d->len, bytes, len);

	assert_non_null(at);
	return at;
}

static const struct {
	const char *what;
	uint16_t at; // byte of the extension
	uint8_t value;
} bad[] = {
	{"profiles longer than the extension", 5, 0x06},
	{"half a profile", 5, 0x01},
	{"no profile", 5, 0x00},
	{"MKI longer than the extension", 8, 0x01},
	{"extension cut short", 3, 0x04},
};

// The gateway says so at once and keeps nothing.
static void test_malformed(void **state)
{
	static const uint8_t offer[] = {0x00, 0x0e, 0x00, 0x05, 0x00, 0x02, 0x00, 0x07, 0x00};
	uint64_t failed = lab_stats(&lab)->failed;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(bad); i++) {
		print_message("  %s\n", bad[i].what);
		start_offering("SRTP_AEAD_AES_128_GCM");
		lab_step(&client);
		lab_pump(&lab); // HelloVerifyRequest
		client.hold = true;
		lab_step(&client);
		extension(offer, sizeof(offer))[bad[i].at] = bad[i].value;
		client.hold = false;
		unit_check(i, !lab_handshake(&client, LAB_PATIENCE_MS));
		unit_check(i, lab_stats(&lab)->failed == failed + i + 1);
		lab_client_stop(&client);
		lab_check_idle(&lab);
		ERR_clear_error();
	}
}

// What OpenSSL's client does not offer, in place of the same length that it does.
static const struct {
	const char *what;
	uint8_t body[7]; // list of profiles, MKI
	bool answered;
} odd[] = {
	{"MKI of two bytes", {0x00, 0x02, 0x00, 0x07, 0x02, 0x01, 0x00}, true},
	{"unknown profiles", {0x00, 0x04, 0xff, 0xff, 0x00, 0x05, 0x00}, false},
	{"unknown profile, then one that is known",
	 {0x00, 0x04, 0xff, 0xff, 0x00, 0x07, 0x00},
	 true},
};

static bool was_answered(void)
{
	static const uint8_t answer[] = {0x00, 0x0e, 0x00, 0x05, 0x00, 0x02, 0x00, 0x07, 0x00};

	for (uint16_t i = 0; i < client.seen.nb; i++) {
		const struct lab_datagram *d = &client.seen.datagram[i];

		if (memmem(d->bytes, d->len, answer, sizeof(answer)) != NULL)
			return true;
	}
	return false;
}

// RFC 5764 sections 4.1.1 and 4.1.3: answered with a profile that is known and an empty MKI, or not
// at all; the handshake goes on.
static void test_odd_offers(void **state)
{
	static const uint8_t offer[] = {0x00, 0x0e, 0x00, 0x07, 0x00, 0x04,
					0x00, 0x07, 0x00, 0x01, 0x00};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(odd); i++) {
		print_message("  %s\n", odd[i].what);
		start_offering("SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
		lab_step(&client);
		lab_pump(&lab); // HelloVerifyRequest
		client.hold = true;
		lab_step(&client);
		memcpy(extension(offer, sizeof(offer)) + 4, odd[i].body, sizeof(odd[i].body));
		client.hold = false;
		lab_pump(&lab); // up to ServerHelloDone
		unit_check(i, client.seen.nb > 1 && cp_half_open(&lab.cp) == 1);
		unit_check(i, was_answered() == odd[i].answered);
		lab_client_stop(&client);
		lab_age(&lab, 1000); // so that the next one may take its place
	}
	assert_int_equal(lab_stats(&lab)->failed, 0);
	start_offering(ALL);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	check_keys(entry()->srtp);
	finish();
}

// RFC 7627 section 5.4: nothing is exported without the extended master secret.
static void test_no_extended_master(void **state)
{
	FILE *stream;
	char *log;
	size_t len;

	(void)state;
	stream = open_memstream(&log, &len);
	rte_openlog_stream(stream);
	rte_log_set_global_level(RTE_LOG_NOTICE);
	start_offering(ALL);
	SSL_set_options(client.ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	rte_log_set_global_level(RTE_LOG_ERR);
	rte_openlog_stream(NULL);
	fclose(stream);
	assert_non_null(strstr(log, "failed: use_srtp without extended_master_secret"));
	free(log);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
	assert_int_equal(lab_stats(&lab)->failed, 1);
	// Without SRTP it is as everywhere.
	start(LAB_ECDSA, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	finish();
}

#define TEST(f, set_up) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_profiles, set_up),	     TEST(test_no_common_profile, set_up_one),
		TEST(test_no_profiles, set_up_none), TEST(test_no_control_socket, set_up_closed),
		TEST(test_resumed, set_up),	     TEST(test_wiped, set_up),
		TEST(test_replaced, set_up),	     TEST(test_malformed, set_up),
		TEST(test_odd_offers, set_up),	     TEST(test_no_extended_master, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
