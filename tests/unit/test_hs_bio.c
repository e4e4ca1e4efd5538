// SPDX-License-Identifier: BSD-3-Clause
#include "hs_bio.h"

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "unit.h"
#include "wire.h"

#define MTU    300
#define WINDOW 64

static struct rte_mempool *pool;
static struct aead *aead;
static struct session *session;
static struct traffic_keys keys;
static struct hs_bio h;
static BIO *bio;

static int start(void **state)
{
	char *argv[] = {"test", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	"64",	     "--lcores", "0@0",		"--log-level=error"};

	(void)state;
	if (rte_eal_init(UNIT_NB(argv), argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("mbuf", 127, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	aead = aead_create();
	session = aligned_alloc(RTE_CACHE_LINE_SIZE,
				RTE_ALIGN(session_size(WINDOW), RTE_CACHE_LINE_SIZE));
	return pool == NULL || aead == NULL || session == NULL;
}

static int stop(void **state)
{
	(void)state;
	free(session);
	aead_destroy(aead);
	return 0;
}

static void use_suite(enum aead_suite suite)
{
	keys_wipe(&keys);
	keys.suite = suite;
	memset(keys.client_key, 1, sizeof(keys.client_key));
	memset(keys.server_key, 2, sizeof(keys.server_key));
	memset(keys.client_iv, 3, aead_info[suite].fixed_iv_len);
	memset(keys.server_iv, 4, aead_info[suite].fixed_iv_len);
	session_init(session, aead, &keys, WINDOW);
}

static int set_up(void **state)
{
	(void)state;
	use_suite(AEAD_AES_128_GCM);
	h = (struct hs_bio){
		.pool = pool,
		.aead = aead,
		.session = session,
		.dgram = {.mtu = MTU, .header_len = 28},
		.epoch0_seq = 17,
	};
	bio = hs_bio_new(&h);
	return bio == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	hs_bio_discard(&h);
	BIO_free(bio);
	assert_int_equal(rte_mempool_avail_count(pool), 127);
	return 0;
}

static uint16_t make(uint8_t *p, uint8_t type, uint16_t epoch, uint64_t seq, uint16_t len)
{
	struct record rec = {.type = type,
			     .version = DTLS_VERSION_1_2,
			     .epoch = epoch,
			     .seq = seq,
			     .fragment_len = len};

	record_write(p, &rec);
	memset(p + DTLS_RECORD_HEADER_LEN, 0x5a, len);
	return DTLS_RECORD_HEADER_LEN + len;
}

// A sealed handshake record; explicit nonce, if the suite has one, other than epoch and number, as
// OpenSSL makes it for GCM.
static uint16_t make_sealed(uint8_t *p, bool client, uint64_t seq, uint8_t first, uint64_t nonce)
{
	struct record rec = {.type = DTLS_HANDSHAKE,
			     .version = DTLS_VERSION_1_2,
			     .epoch = 1,
			     .seq = seq,
			     .plain_len = 24};
	uint8_t explicit_len = aead_info[keys.suite].explicit_nonce_len;
	struct wire_writer on_wire = wire_writer(p + DTLS_RECORD_HEADER_LEN, explicit_len);
	struct aead_op op;

	memset(p + DTLS_RECORD_HEADER_LEN + explicit_len, 0x77, rec.plain_len);
	p[DTLS_RECORD_HEADER_LEN + explicit_len] = first;
	record_seal_prepare(keys.suite, client ? keys.client_iv : keys.server_iv, p, &rec, &op);
	if (explicit_len != 0) {
		struct wire_writer used = wire_writer(op.nonce + 4, 8);

		wire_put_uint(&on_wire, nonce, 8);
		wire_put_uint(&used, nonce, 8);
	}
	op.key = client ? &session->rx.key : &session->tx.key;
	aead_seal_burst(aead, &op, 1);
	return DTLS_RECORD_HEADER_LEN + rec.fragment_len;
}

static void test_read(void **state)
{
	static const uint8_t record[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 9};
	uint8_t bytes[64];

	(void)state;
	assert_int_equal(BIO_read(bio, bytes, sizeof(bytes)), -1);
	assert_true(BIO_should_read(bio));
	dgram_bio_offer(&h.dgram, record, sizeof(record));
	assert_int_equal(BIO_pending(bio), sizeof(record));
	assert_int_equal(BIO_read(bio, bytes, sizeof(bytes)), sizeof(record));
	assert_memory_equal(bytes, record, sizeof(record));
	assert_int_equal(BIO_pending(bio), 0);
	assert_int_equal(BIO_read(bio, bytes, sizeof(bytes)), -1);
	assert_true(BIO_should_read(bio));
}

static void test_control(void **state)
{
	static const struct {
		int command;
		long result;
	} rows[] = {
		{BIO_CTRL_FLUSH, 1},
		{BIO_CTRL_DGRAM_QUERY_MTU, MTU},
		{BIO_CTRL_DGRAM_GET_MTU_OVERHEAD, 28},
		{BIO_CTRL_DGRAM_GET_FALLBACK_MTU, MTU},
		{73, 0},
		{76, 0}, // kernel TLS
		{BIO_CTRL_WPENDING, 0},
	};

	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++)
		unit_check(row, BIO_ctrl(bio, rows[row].command, 0, NULL) == rows[row].result);
}

// Records fill datagrams in order, renumbered; the lengths are those of whole records.
static void test_datagrams(void **state)
{
	static const struct {
		uint16_t len;
		uint16_t datagram;
	} rows[] = {{100, 0}, {100, 0}, {100, 0}, {1 + 13, 1}, {286, 1}, {14, 2}, {300, 3}};
	uint16_t at[UNIT_NB(rows)] = {0};
	uint8_t bytes[1400];
	uint16_t len = 0;

	(void)state;
	for (size_t row = 0; row < UNIT_NB(rows); row++)
		len += make(bytes + len, DTLS_HANDSHAKE, 0, 1000 + row,
			    rows[row].len - DTLS_RECORD_HEADER_LEN);
	assert_int_equal(BIO_write(bio, bytes, len), len);
	assert_int_equal(h.flight_nb, 4);
	for (size_t row = 0; row < UNIT_NB(rows); row++) {
		struct rte_mbuf *m = h.flight[rows[row].datagram];
		uint16_t *offset = &at[rows[row].datagram];
		struct record rec;

		unit_check(row, record_parse(rte_pktmbuf_mtod_offset(m, uint8_t *, *offset),
					     m->data_len - *offset, &rec));
		unit_check(row, rec.seq == 17 + row && rec.epoch == 0);
		*offset += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		unit_check(row, *offset <= m->data_len && m->data_len <= MTU);
	}
	assert_int_equal(h.epoch0_seq, 17 + UNIT_NB(rows));
}

static void test_bad_writes(void **state)
{
	uint8_t bytes[400];
	uint16_t len = make(bytes, DTLS_HANDSHAKE, 0, 0, 50);

	(void)state;
	assert_int_equal(BIO_write(bio, bytes, len - 1), -1);
	assert_int_equal(BIO_write(bio, bytes, 5), -1);
	h.epoch0_seq = DTLS_SEQ_MAX;
	assert_int_equal(BIO_write(bio, bytes, len), len);
	assert_int_equal(BIO_write(bio, bytes, len), -1);
	h.epoch0_seq = 0;
	len = make(bytes, DTLS_HANDSHAKE, 1, 0, 50); // not sealed
	assert_int_equal(BIO_write(bio, bytes, len), -1);
	len = make_sealed(bytes, false, 0, DTLS_FINISHED, 99);
	h.session = NULL;
	assert_int_equal(BIO_write(bio, bytes, len), -1);
}

// Without an mbuf a record is lost like a datagram; a Finished is not.
static void test_no_mbuf(void **state)
{
	struct rte_mbuf *all[127];
	uint8_t bytes[400];
	uint16_t len = make(bytes, DTLS_HANDSHAKE, 0, 0, 100);

	(void)state;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, UNIT_NB(all)), 0);
	assert_int_equal(BIO_write(bio, bytes, len), len);
	assert_false(h.write_failed || h.flight_full);
	len = make_sealed(bytes, false, 0, DTLS_FINISHED, 99);
	assert_int_equal(BIO_write(bio, bytes, len), -1);
	assert_true(h.write_failed && !h.flight_full);
	rte_pktmbuf_free_bulk(all, UNIT_NB(all));
}

// A flight of more datagrams than there may be fails at once; there is room for the alert.
static void test_no_room(void **state)
{
	uint8_t bytes[400];
	uint16_t len = make(bytes, DTLS_HANDSHAKE, 0, 0, MTU - DTLS_RECORD_HEADER_LEN);

	(void)state;
	for (int i = 0; i < HS_FLIGHT_MAX; i++)
		assert_int_equal(BIO_write(bio, bytes, len), len);
	assert_false(h.write_failed || h.flight_full);
	assert_int_equal(BIO_write(bio, bytes, len), -1);
	assert_true(h.write_failed && h.flight_full);
	assert_int_equal(h.flight_nb, HS_FLIGHT_MAX);
	hs_bio_alert(&h, DTLS_ALERT_INTERNAL_ERROR);
	assert_int_equal(h.flight_nb, 1);
}

// OpenSSL's own number, 7 ahead of the session's, never gets out.
static void reseals(enum aead_suite suite)
{
	uint8_t bytes[128], *p;
	struct record rec;
	struct aead_op op;
	uint16_t len = 0;

	use_suite(suite);
	for (uint64_t n = 0; n < 3; n++) {
		len = make_sealed(bytes, false, n + 7, DTLS_FINISHED, 0xdeadbeef00 + n);
		unit_check(suite, BIO_write(bio, bytes, len) == len);
		p = rte_pktmbuf_mtod_offset(h.flight[0], uint8_t *, n * len);
		unit_check(suite, record_parse(p, len, &rec));
		unit_check(suite, rec.seq == n && rec.epoch == 1);
		if (aead_info[suite].explicit_nonce_len != 0) // is epoch and number
			assert_memory_equal(p + DTLS_RECORD_HEADER_LEN, p + 3, 8);
		unit_check(suite, record_open_prepare(suite, keys.server_iv, p, &rec, &op));
		op.key = &session->tx.key;
		aead_open_burst(aead, &op, 1);
		unit_check(suite, op.ok && op.data[0] == DTLS_FINISHED);
	}
	unit_check(suite, session->tx.seq == 3);
	unit_check(suite, h.finished_len == 24 && h.finished[0] == DTLS_FINISHED);
	assert_int_equal(h.finished[23], 0x77);
	bytes[len - 1] ^= 1;
	unit_check(suite, BIO_write(bio, bytes, len) == -1);
	hs_bio_discard(&h);
}

static void test_reseal(void **state)
{
	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
		reseals(suite);
}

static void test_accept(void **state)
{
	uint8_t bytes[128], forged[128];

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		uint16_t len;

		use_suite(suite);
		len = make_sealed(bytes, true, 5, DTLS_FINISHED, 12345);
		for (uint16_t i = 0; i < len; i++) {
			memcpy(forged, bytes, len);
			forged[i] ^= 0x40;
			unit_check(suite, !hs_bio_accept(&h, forged, len));
		}
		unit_check(suite, session->rx.replay.next == 0);
		unit_check(suite, session->rx.key.forged > 0 && session->rx.key.forged < len);
		unit_check(suite, hs_bio_accept(&h, bytes, len));
		unit_check(suite, !hs_bio_accept(&h, bytes, len));
		unit_check(suite, session->rx.replay.next == 6);
	}
}

// RFC 9147 section 4.5.3, from the first record on.
static void test_forgery_limit(void **state)
{
	uint8_t bytes[128], forged[128];
	uint16_t len;

	(void)state;
	use_suite(AEAD_AES_128_CCM_8);
	len = make_sealed(bytes, true, 5, DTLS_FINISHED, 12345);
	memcpy(forged, bytes, len);
	forged[len - 1] ^= 1;
	for (int n = 0; n < 127; n++)
		assert_false(hs_bio_accept(&h, forged, len));
	assert_int_equal(session->rx.key.forged, 127);
	assert_true(hs_bio_accept(&h, bytes, len));
	assert_false(hs_bio_accept(&h, forged, len));
	session->rx.replay.next = 0;
	assert_false(hs_bio_accept(&h, forged, len));
	len = make_sealed(bytes, true, 500, DTLS_FINISHED, 12346);
	bytes[len - 1] ^= 1;
	assert_false(hs_bio_accept(&h, bytes, len));
	bytes[len - 1] ^= 1;
	assert_int_equal(session->rx.key.forged, 128);
	assert_false(hs_bio_accept(&h, bytes, len));
}

static void test_alert(void **state)
{
	static const uint8_t expected[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 18, 0, 2, 2, 80};
	uint8_t bytes[64];

	(void)state;
	BIO_write(bio, bytes, make(bytes, DTLS_HANDSHAKE, 0, 0, 20));
	hs_bio_alert(&h, DTLS_ALERT_INTERNAL_ERROR);
	assert_int_equal(h.flight_nb, 1);
	assert_int_equal(h.flight[0]->data_len, sizeof(expected));
	assert_memory_equal(rte_pktmbuf_mtod(h.flight[0], uint8_t *), expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(read),    TEST(control),	    TEST(datagrams), TEST(bad_writes),
		TEST(no_room), TEST(no_mbuf),	    TEST(reseal),    TEST(accept),
		TEST(alert),   TEST(forgery_limit),
#undef TEST
	};

	return cmocka_run_group_tests_name("hs_bio", tests, start, stop);
}
