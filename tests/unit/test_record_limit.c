// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>

#include "dtls.h"
#include "record.h"
#include "unit.h"
#include "wire.h"

#define PORT	  40000
#define ECDSA	  "ECDHE-ECDSA-AES128-GCM-SHA256"
#define PATIENCE  5000 // ms
#define LIMIT_EXT 28
#define BY_MTU	  (1500 - 28 - 37)

static struct lab lab;
static struct lab_client client;

// The client's record_size_limit, and what the gateway answered.
static struct {
	uint8_t bytes[3];
	size_t len; // 0: not sent
	uint16_t answer;
} ext;

static void edit(struct lab *l)
{
	l->rig.config.tickets = true;
	l->rig.config.resumption_lifetime_s = 100;
}

static int set_up(void **state)
{
	(void)state;
	lab_start(&lab);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	return 0;
}

static int add(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
	       size_t *len, X509 *x, size_t chain, int *alert, void *arg)
{
	(void)ssl, (void)type, (void)context, (void)x, (void)chain, (void)alert, (void)arg;
	*out = ext.bytes;
	*len = ext.len;
	return ext.len > 0;
}

static int parse(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *in,
		 size_t len, X509 *x, size_t chain, int *alert, void *arg)
{
	struct wire_reader r = wire_reader(in, len);

	(void)ssl, (void)type, (void)context, (void)x, (void)chain, (void)alert, (void)arg;
	ext.answer = wire_u16(&r);
	return !r.failed && wire_left(&r) == 0;
}

// A client that asks for these; mfl as TLSEXT_max_fragment_length_*, limit_len bytes of limit.
static void start(uint8_t mfl, uint32_t limit, size_t limit_len)
{
	struct wire_writer w = wire_writer(ext.bytes, sizeof(ext.bytes));

	ext.len = limit_len;
	ext.answer = 0;
	wire_put_uint(&w, limit, limit_len);
	lab_client_start(&lab, &client, PORT, ECDSA);
	assert_int_equal(SSL_CTX_add_custom_ext(client.ctx, LIMIT_EXT,
						SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO,
						add, NULL, NULL, parse, NULL),
			 1);
	assert_int_equal(SSL_CTX_set_tlsext_max_fragment_length(client.ctx, mfl), 1);
	lab_client_renew(&client);
}

// The longest handshake fragment that the gateway sent.
static uint16_t longest_fragment(void)
{
	uint16_t longest = 0;

	for (uint16_t i = 0; i < client.seen.nb; i++) {
		const struct lab_datagram *d = &client.seen.datagram[i];
		struct record rec;
		uint16_t at = 0;

		while (record_parse(d->bytes + at, d->len - at, &rec)) {
			if (rec.epoch == 0)
				longest = RTE_MAX(longest, rec.fragment_len);
			at += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		}
	}
	return longest;
}

// The backend's datagram of len bytes reaches the client.
static bool reaches_client(uint16_t len)
{
	uint8_t plain[2048] = {0}, got[2048];

	rig_put(&lab.rig, RIG_INSIDE, rig_from_backend(&lab.rig, lab.nat_port, plain, len));
	lab_pump(&lab);
	return SSL_read(client.ssl, got, sizeof(got)) == len;
}

static const struct {
	uint8_t mfl;
	uint16_t limit; // 0: not sent
	uint16_t plain_max;
	uint16_t answer;
} rows[] = {
	{0, 0, BY_MTU, 0},	   {1, 0, 512, 0},
	{2, 0, 1024, 0},	   {3, 0, BY_MTU, 0},
	{4, 0, BY_MTU, 0},	   {0, 64, 64, 16384},
	{0, 1000, 1000, 16384},	   {0, 16384, BY_MTU, 16384},
	{0, 65535, BY_MTU, 16384}, {1, 300, 300, 0},
	{1, 1000, 512, 0},
};

static void test_sealed(void **state)
{
	(void)state;
	lab_chain(&lab, 3);
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		uint64_t too_big = rig_drops(&lab.rig, DROP_TOO_BIG);

		start(rows[row].mfl, rows[row].limit, rows[row].limit > 0 ? 2 : 0);
		unit_check(row, lab_handshake(&client, PATIENCE));
		unit_check(row, ext.answer == rows[row].answer);
		unit_check(row, SSL_SESSION_get_max_fragment_length(SSL_get0_session(client.ssl)) ==
					rows[row].mfl);
		if (rows[row].mfl != 0)
			unit_check(row, longest_fragment() <= 256u << rows[row].mfl);
		lab_check_echo(&client, "x");
		unit_check(row, reaches_client(rows[row].plain_max));
		unit_check(row, rig_drops(&lab.rig, DROP_TOO_BIG) == too_big);
		unit_check(row, !reaches_client(rows[row].plain_max + 1));
		unit_check(row, rig_drops(&lab.rig, DROP_TOO_BIG) == too_big + 1);
		lab_check_nonces(&client);
		lab_close(&client);
		lab_client_stop(&client);
		ERR_clear_error();
	}
}

static void test_refused(void **state)
{
	static const struct {
		uint32_t limit;
		size_t len;
		int reason;
	} bad[] = {
		{63, 2, SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER},
		{0, 2, SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER},
		{64, 1, SSL_R_TLSV1_ALERT_DECODE_ERROR},
		{64, 3, SSL_R_TLSV1_ALERT_DECODE_ERROR},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(bad); row++) {
		start(0, bad[row].limit, bad[row].len);
		unit_check(row, !lab_handshake(&client, PATIENCE));
		unit_check(row, ERR_GET_REASON(ERR_get_error()) == bad[row].reason);
		ERR_clear_error();
		lab_client_stop(&client);
		lab_check_idle(&lab);
	}
}

static int set_up_resumption(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

// The session of a client with these, which the caller frees.
static SSL_SESSION *session_with(uint8_t mfl, uint16_t limit)
{
	SSL_SESSION *session;

	start(mfl, limit, limit > 0 ? 2 : 0);
	assert_true(lab_handshake(&client, PATIENCE));
	session = SSL_get1_session(client.ssl);
	lab_close(&client);
	lab_client_stop(&client);
	return session;
}

// record_size_limit is asked for anew when a session is resumed (RFC 8449 section 4);
// max_fragment_length has to stay what it was (RFC 6066 section 4), else there is a new session.
static void test_resumed(void **state)
{
	static const struct {
		uint8_t mfl, new_mfl;
		uint16_t limit, new_limit;
		uint16_t plain_max;
		uint16_t answer;
		bool resumed;
	} resumed[] = {
		{0, 0, 300, 1000, 1000, 16384, true}, {0, 0, 300, 0, BY_MTU, 0, true},
		{0, 0, 0, 300, 300, 16384, true},     {1, 1, 0, 0, 512, 0, true},
		{1, 1, 300, 400, 400, 0, true},	      {1, 1, 300, 0, 512, 0, true},
		{2, 2, 0, 512, 512, 0, true},	      {1, 2, 0, 0, 1024, 0, false},
		{1, 0, 0, 0, BY_MTU, 0, false},	      {1, 0, 300, 300, 300, 16384, false},
		{0, 1, 0, 0, 512, 0, false},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(resumed); row++) {
		SSL_SESSION *session = session_with(resumed[row].mfl, resumed[row].limit);

		start(resumed[row].new_mfl, resumed[row].new_limit,
		      resumed[row].new_limit > 0 ? 2 : 0);
		SSL_set_session(client.ssl, session);
		SSL_SESSION_free(session);
		unit_check(row, lab_handshake(&client, PATIENCE));
		unit_check(row, SSL_session_reused(client.ssl) == resumed[row].resumed);
		unit_check(row, ext.answer == resumed[row].answer);
		lab_check_echo(&client, "x");
		unit_check(row, reaches_client(resumed[row].plain_max));
		unit_check(row, !reaches_client(resumed[row].plain_max + 1));
		lab_check_nonces(&client);
		lab_close(&client);
		lab_client_stop(&client);
		ERR_clear_error();
		lab_check_idle(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sealed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resumed, set_up_resumption, tear_down),
	};

	return cmocka_run_group_tests_name("record_limit", tests, NULL, NULL);
}
