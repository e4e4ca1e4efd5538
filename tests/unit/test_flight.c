// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <openssl/err.h>

#include "dtls.h"
#include "hs_bio.h"
#include "hs_table.h"
#include "install.h"
#include "record.h"
#include "unit.h"
#include "wire.h"

#define PORT	   40000
#define ECDSA	   "ECDHE-ECDSA-AES128-GCM-SHA256"
#define PATIENCE   5000 // ms
#define CHAIN	   9	// certificates of some 700 bytes
#define BIG_EXT	   0xff77
#define BIG_LEN	   4000
#define FLIGHT_MAX 6

static struct lab lab;
static struct lab_client client;

static int set_up(void **state)
{
	(void)state;
	lab_start(&lab);
	lab.rig.config.retransmit_ms = 20;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	return 0;
}

static void finish(struct lab_client *c)
{
	lab_check_nonces(c);
	lab_close(c);
	lab_client_stop(c);
}

// True if a datagram of the gateway starts with a ServerHello: a flight, sent or sent again.
static bool starts_flight(const struct lab_datagram *d)
{
	static const uint8_t server_hello = 2;
	struct wire_reader r = wire_reader(d->bytes, d->len);

	wire_bytes(&r, DTLS_RECORD_HEADER_LEN);
	return wire_u8(&r) == server_hello && d->bytes[0] == DTLS_HANDSHAKE;
}

// Sets largest[i] to the longest datagram of transmission i, bytes[i] to the sum.  Returns how many
// there were.
static unsigned int measure(const struct lab_queue *seen, uint16_t *largest, unsigned int *bytes)
{
	unsigned int nb = 0;

	for (uint16_t i = 1; i < seen->nb; i++) { // behind the HelloVerifyRequest
		const struct lab_datagram *d = &seen->datagram[i];

		if (starts_flight(d) && ++nb > FLIGHT_MAX)
			return FLIGHT_MAX;
		largest[nb - 1] = RTE_MAX(largest[nb - 1], d->len);
		bytes[nb - 1] += d->len;
	}
	return nb;
}

// The sizes of a flight of more than 4 KB that stays unanswered.
static void test_shrinks(void **state)
{
	static const uint16_t limit[] = {1400, 1400, 1400, 1200, 548};
	uint16_t largest[FLIGHT_MAX] = {0};
	unsigned int bytes[FLIGHT_MAX] = {0};

	(void)state;
	lab_chain(&lab, CHAIN);
	lab_client_start(&lab, &client, PORT, ECDSA);
	client.lose = ~1u;
	for (int n = 0; n < 2; n++) {
		lab_step(&client);
		lab_pump(&lab);
	}
	while (measure(&client.seen, (uint16_t[FLIGHT_MAX]){0}, (unsigned int[FLIGHT_MAX]){0}) <=
	       UNIT_NB(limit)) {
		lab_wait(&lab);
		lab_pump(&lab);
	}
	measure(&client.seen, largest, bytes);
	for (size_t i = 0; i < UNIT_NB(limit); i++) {
		print_message("transmission %zu: %u bytes, at most %u\n", i, bytes[i], largest[i]);
		unit_check(i, bytes[i] > 4096 && largest[i] <= limit[i]);
		unit_check(i, largest[i] > limit[i] - 100);
	}
	client.lose = 0;
	assert_true(lab_handshake(&client, PATIENCE));
	lab_check_echo(&client, "x");
	finish(&client);
}

// More than a flight may be: the client hears of it at once.
static void test_too_large(void **state)
{
	(void)state;
	lab_chain(&lab, 16 * CHAIN);
	lab_client_start(&lab, &client, PORT, ECDSA);
	assert_false(lab_handshake(&client, PATIENCE));
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	ERR_clear_error();
	assert_int_equal(lab_stats(&lab)->failed, 1);
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

// A flight that is too large once its datagrams are smaller.
static void test_too_large_again(void **state)
{
	(void)state;
	lab_chain(&lab, 6 * CHAIN);
	lab_client_start(&lab, &client, PORT, ECDSA);
	client.path_max = 600;
	for (int n = 0; n < 2; n++) {
		lab_step(&client);
		lab_pump(&lab);
	}
	for (int n = 0; n < PATIENCE && lab_stats(&lab)->failed == 0; n++) {
		client.seen.nb = 0;
		lab_wait(&lab);
		lab_pump(&lab);
	}
	assert_int_equal(lab_stats(&lab)->failed, 1);
	assert_int_equal(lab_step(&client), SSL_ERROR_SSL);
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	ERR_clear_error();
	lab_client_stop(&client);
	lab_check_idle(&lab);
}

// Over IPv6 every path takes 1280 bytes.
static void test_fallback_sizes(void **state)
{
	static const struct {
		uint16_t header_len, mtu;
		uint16_t after[5];
	} rows[] = {
		{28, 1400, {1400, 1400, 1200, 548, 548}},
		{48, 1400, {1400, 1400, 1200, 1200, 1200}},
		{28, 1000, {1000, 1000, 1000, 548, 548}},
		{28, 500, {500, 500, 500, 500, 500}},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		struct hs_bio h = {
			.dgram = {.mtu = rows[row].mtu, .header_len = rows[row].header_len},
			.retransmit_us = 1000,
		};
		SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());
		SSL *ssl = SSL_new(ctx);
		BIO *bio = hs_bio_new(&h);

		SSL_set_bio(ssl, bio, bio);
		for (int flight = 0; flight < 2; flight++) {
			unsigned int us = hs_bio_timer(ssl, 0);

			unit_check(row, us == 1000);
			for (size_t i = 0; i < UNIT_NB(rows[row].after); i++) {
				us = hs_bio_timer(ssl, us);
				unit_check(row, us == 1000u << (i + 1));
				unit_check(row,
					   h.dgram.mtu == rows[row].after[flight == 0 ? i : 4]);
			}
		}
		unit_check(row, hs_bio_timer(ssl, 50000000) == 60000000);
		SSL_free(ssl);
		SSL_CTX_free(ctx);
	}
}

static void test_port_mtu(void **state)
{
	static const uint16_t mtus[] = {1500, 1400, 1280, 576};
	struct port *port = &lab.rig.dp->port[lab.rig.dp->port_id[RIG_OUTSIDE]];

	(void)state;
	lab_chain(&lab, CHAIN);
	for (size_t row = 0; row < UNIT_NB(mtus); row++) {
		port->mtu = mtus[row];
		lab_client_start(&lab, &client, PORT, ECDSA);
		unit_check(row, lab_handshake(&client, PATIENCE));
		for (uint16_t i = 0; i < client.seen.nb; i++)
			unit_check(row, client.seen.datagram[i].len <= mtus[row] - 28);
		lab_check_echo(&client, "x");
		finish(&client);
	}
}

// A path that takes less than the port, and says nothing.
static void test_narrow_path(void **state)
{
	(void)state;
	lab_chain(&lab, CHAIN);
	lab_client_start(&lab, &client, PORT, ECDSA);
	client.path_max = 576 - 28;
	assert_true(lab_handshake(&client, PATIENCE));
	lab_check_echo(&client, "x");
	finish(&client);
}

static int add_big(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
		   size_t *len, X509 *x, size_t chain, int *alert, void *arg)
{
	static const unsigned char big[BIG_LEN];

	(void)ssl, (void)type, (void)context, (void)x, (void)chain, (void)alert, (void)arg;
	*out = big;
	*len = sizeof(big);
	return 1;
}

// A ClientHello of more than 4 KB, as post-quantum key shares make it.
static void start_big_hello(uint16_t mtu)
{
	lab_client_start(&lab, &client, PORT, ECDSA);
	assert_int_equal(SSL_CTX_add_custom_ext(client.ctx, BIG_EXT, SSL_EXT_CLIENT_HELLO, add_big,
						NULL, NULL, NULL, NULL),
			 1);
	lab_client_renew(&client);
	SSL_set_mtu(client.ssl, mtu);
}

static void test_big_hello(void **state)
{
	static const uint16_t mtus[] = {1400, 548, 300};

	(void)state;
	lab_chain(&lab, CHAIN);
	for (size_t row = 0; row < UNIT_NB(mtus); row++) {
		start_big_hello(mtus[row]);
		unit_check(row, lab_handshake(&client, PATIENCE));
		lab_check_echo(&client, "x");
		finish(&client);
	}
}

// The same in one UDP datagram that IP has to cut.
static void test_ip_fragments(void **state)
{
	(void)state;
	start_big_hello(LAB_DATAGRAM_MAX);
	assert_true(lab_handshake(&client, PATIENCE));
	assert_int_equal(lab.rig.dp->stats[0]->reassembled, 2); // without and with cookie
	lab_check_echo(&client, "x");
	finish(&client);
}

// Steps the client until all of the ClientHello with the cookie waits in client.out.
static void hold_second_hello(void)
{
	lab_step(&client);
	lab_pump(&lab);
	client.hold = true;
	lab_step(&client);
	assert_true(client.out.nb > 3);
}

static void swap(uint16_t a, uint16_t b)
{
	struct lab_datagram d = client.out.datagram[a];

	client.out.datagram[a] = client.out.datagram[b];
	client.out.datagram[b] = d;
}

// The fragments of one burst come in any order, of several behind the first one.  Those in front of
// it are dropped, for before the cookie there is no memory; then the client's next try brings them.
static void test_reordered_hello(void **state)
{
	static const struct {
		uint16_t first; // where fragment 0 goes to
		bool one_burst, answered;
	} rows[] = {
		{0, true, true},  {1, true, true},   {3, true, true},
		{0, false, true}, {1, false, false},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		start_big_hello(1400);
		client.lossy = !rows[row].answered;
		hold_second_hello();
		swap(1, 3);
		swap(0, rows[row].first);
		for (; !rows[row].one_burst && client.out.nb > 1; lab_queue_shift(&client.out)) {
			lab_inject(&client, client.out.datagram[0].bytes,
				   client.out.datagram[0].len);
			rig_poll(&lab.rig);
		}
		client.hold = false;
		lab_pump(&lab);
		unit_check(row, (client.received > 1) == rows[row].answered);
		unit_check(row, lab_handshake(&client, PATIENCE));
		lab_check_echo(&client, "x");
		finish(&client);
	}
}

// Bytes of the handshake header to overwrite: type 0, length 1, message_seq 4, offset 6, length 9.
static const struct {
	uint8_t at, len;
	uint32_t value;
} lies[] = {
	{1, 3, 0xffffff}, // 16 MB claimed
	{1, 3, 0},	  {1, 3, 0x1001},   {4, 2, 0},
	{4, 2, 9},	  {4, 2, 0xffff},   {6, 3, 0xffffff}, // offset and length overflow
	{6, 3, 4500},	  {9, 3, 0xffffff}, {9, 3, 0},
	{9, 3, 1},	  {0, 1, 2},	    {0, 1, 20},
};

// A lying fragment among good ones: the handshake may fail, and nothing is left of it.
static void test_lying_fragments(void **state)
{
	(void)state;
	for (size_t row = 0; row < UNIT_NB(lies); row++) {
		for (uint16_t fragment = 0; fragment < 3; fragment++) {
			struct wire_writer w;

			start_big_hello(1400);
			hold_second_hello();
			w = wire_writer(client.out.datagram[fragment].bytes +
						DTLS_RECORD_HEADER_LEN + lies[row].at,
					lies[row].len);
			wire_put_uint(&w, lies[row].value, lies[row].len);
			client.hold = false;
			lab_pump(&lab);
			unit_check(row, lab_stats(&lab)->completed == 0);
			lab_client_stop(&client);
		}
	}
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(shrinks),	       TEST(too_large),	   TEST(too_large_again),
		TEST(fallback_sizes),  TEST(port_mtu),	   TEST(narrow_path),
		TEST(big_hello),       TEST(ip_fragments), TEST(reordered_hello),
		TEST(lying_fragments),
#undef TEST
	};

	return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
