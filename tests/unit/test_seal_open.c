// SPDX-License-Identifier: BSD-3-Clause
#include "open.h"
#include "rig.h"
#include "unit.h"

// Sessions of every suite on one lcore: records in one burst, and the limits of each.

static struct rig rig;
static struct rig_session rs[AEAD_SUITE_NB];

static uint16_t client_port(enum aead_suite suite)
{
	return (uint16_t)(RIG_CLIENT_PORT + suite);
}

static uint16_t nat_port(enum aead_suite suite)
{
	return (uint16_t)(RIG_NAT_PORT + suite);
}

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
		rig_install_suite(&rig, &rs[suite], client_port(suite), nat_port(suite), suite);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

// The client of suite seals its next record; spoilt: in the last bit of its tag.
static void put_record(enum aead_suite suite, const void *plain, uint16_t len, bool spoilt)
{
	struct rig_session *s = &rs[suite];
	uint8_t out[2048];
	uint16_t record_len =
		rig_seal(&rig, s, DTLS_APPLICATION_DATA, 1, s->seq++, plain, len, out);

	out[record_len - 1] ^= spoilt;
	rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, client_port(suite), out, record_len));
}

static void put_reply(enum aead_suite suite, const void *payload, uint16_t len)
{
	rig_put(&rig, RIG_INSIDE, rig_from_backend(&rig, nat_port(suite), payload, len));
}

static void expect_at_client(enum aead_suite suite, uint64_t seq, uint8_t type, const void *plain,
			     int len)
{
	struct rte_mbuf *m = rig_take(&rig, RIG_OUTSIDE);
	uint8_t got[2048];
	struct record rec;
	uint16_t record_len;
	const uint8_t *p;

	assert_non_null(m);
	p = rig_payload(m, &record_len);
	unit_check(suite, record_len == len + record_overhead(suite));
	unit_check(suite, rig_open(&rig, &rs[suite], p, record_len, &rec, got) == len);
	unit_check(suite, rec.seq == seq && rec.epoch == 1 && rec.type == type);
	unit_check(suite, memcmp(got, plain, (size_t)len) == 0);
	rte_pktmbuf_free(m);
}

static void expect_ended(enum aead_suite suite, enum session_end end)
{
	struct msg msg;

	assert_true(rig_message(&rig, &msg));
	unit_check(suite, msg.type == MSG_SESSION_ENDED);
	unit_check(suite, msg.session == rs[suite].session && msg.session->end == end);
}

// Four records of every session, suites in turn: all in one burst, one of each spoilt.
static void records_of_all_suites_in_one_burst(void **state)
{
	char text[32];

	(void)state;
	for (int n = 0; n < 4; n++) {
		for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
			int len = sprintf(text, "%s %d", aead_name(suite), n);

			put_record(suite, text, (uint16_t)len, n == (int)suite % 4);
		}
	}
	rig_poll(&rig);
	for (int n = 0; n < 4; n++) {
		for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
			int len = sprintf(text, "%s %d", aead_name(suite), n);
			struct rte_mbuf *m;
			uint16_t got_len;
			const uint8_t *p;

			if (n == (int)suite % 4)
				continue;
			m = rig_take(&rig, RIG_INSIDE);
			assert_non_null(m);
			p = rig_payload(m, &got_len);
			unit_check(suite, got_len == len && memcmp(p, text, got_len) == 0);
			rte_pktmbuf_free(m);
		}
	}
	assert_null(rig_take(&rig, RIG_INSIDE));
	assert_int_equal(rig_drops(&rig, DROP_BAD_TAG), AEAD_SUITE_NB);
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
		unit_check(suite, rs[suite].session->rx.key.forged == 1);
}

static void replies_of_all_suites_in_one_burst(void **state)
{
	uint8_t plain[1500];

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	for (int n = 0; n < 3; n++) {
		for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
			put_reply(suite, plain + n + suite, (uint16_t)(100 * n));
	}
	rig_poll(&rig);
	for (uint64_t n = 0; n < 3; n++) {
		for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++)
			expect_at_client(suite, n, DTLS_APPLICATION_DATA, plain + n + suite,
					 (int)(100 * n));
	}
}

// A record fills the MTU to the byte, whatever its suite adds.
static void the_largest_reply(void **state)
{
	uint8_t plain[1500] = {1, 2, 3};

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		uint16_t len = 1500 - 28 - record_overhead(suite);

		put_reply(suite, plain, len);
		put_reply(suite, plain, len + 1);
		rig_poll(&rig);
		expect_at_client(suite, 0, DTLS_APPLICATION_DATA, plain, len);
		unit_check(suite, rig_drops(&rig, DROP_TOO_BIG) == suite + 1u);
	}
}

// One byte too few for explicit nonce and tag.
static void short_records(void **state)
{
	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		uint8_t bytes[64] = {0};
		struct record rec = {
			.type = DTLS_APPLICATION_DATA,
			.version = DTLS_VERSION_1_2,
			.epoch = 1,
			.fragment_len = record_overhead(suite) - DTLS_RECORD_HEADER_LEN - 1,
		};

		record_write(bytes, &rec);
		rig_put(&rig, RIG_OUTSIDE,
			rig_from_client(&rig, client_port(suite), bytes,
					DTLS_RECORD_HEADER_LEN + rec.fragment_len));
		rig_poll(&rig);
		unit_check(suite, rig_drops(&rig, DROP_RECORD_LEN) == suite + 1u);
		unit_check(suite, rs[suite].session->rx.key.forged == 0);
	}
}

// Whoever calls open_burst() with a length field that says more than there is.
static void longer_than_there_is(void **state)
{
	static struct burst b;

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig.dp->mbuf_pool);
		struct record rec;
		uint16_t len;
		uint8_t *p;

		assert_non_null(m);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		len = rig_seal(&rig, &rs[suite], DTLS_APPLICATION_DATA, 1, rs[suite].seq++, "text",
			       4, p);
		assert_true(record_parse(p, len, &rec));
		rec.fragment_len++;
		record_write(p, &rec);
		assert_non_null(rte_pktmbuf_append(m, len));
		b.n = 1;
		b.mbuf[0] = m;
		b.session[0] = rs[suite].session;
		open_burst(rig.aead, &b);
		unit_check(suite, b.verdict[0] == DROP_RECORD);
		unit_check(suite, rs[suite].session->rx.records == 0);
		rte_pktmbuf_free(m);
	}
}

// RFC 9147 section 4.5.3: the 128th forgery ends a session with CCM_8, and no other.
static void forgeries(void **state)
{
	static const uint8_t close_notify[] = {DTLS_ALERT_WARNING, DTLS_ALERT_CLOSE_NOTIFY};

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		bool ends = aead_info[suite].tag_len == 8;

		for (int n = 0; n < 127; n++) {
			put_record(suite, "forged", 6, true);
			rig_poll(&rig);
		}
		unit_check(suite, rs[suite].session->state == SESSION_LIVE);
		put_record(suite, "forged", 6, true);
		rig_poll(&rig);
		if (ends) {
			expect_at_client(suite, 0, DTLS_ALERT, close_notify, 2);
			expect_ended(suite, SESSION_END_FORGERY_LIMIT);
		} else {
			unit_check(suite, rs[suite].session->state == SESSION_LIVE);
		}
	}
	assert_int_equal(rig_drops(&rig, DROP_BAD_TAG), 128 * AEAD_SUITE_NB);
}

// The same: 2^23 records with CCM, less what is kept back for alerts and the last flight.
static void records_sealed(void **state)
{
	static const uint8_t close_notify[] = {DTLS_ALERT_WARNING, DTLS_ALERT_CLOSE_NOTIFY};
	const uint64_t last = (1 << 23) - 16 - 1;
	uint64_t ended = 0;

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		bool ccm = suite >= AEAD_AES_128_CCM;

		rs[suite].session->tx.seq = last;
		put_reply(suite, "last", 4);
		put_reply(suite, "over", 4);
		rig_poll(&rig);
		expect_at_client(suite, last, DTLS_APPLICATION_DATA, "last", 4);
		if (ccm) {
			expect_at_client(suite, last + 1, DTLS_ALERT, close_notify, 2);
			expect_ended(suite, SESSION_END_SEQ_LIMIT);
			ended++;
		} else {
			expect_at_client(suite, last + 1, DTLS_APPLICATION_DATA, "over", 4);
		}
		unit_check(suite, rig_drops(&rig, DROP_SEQ_LIMIT) == ended);
	}
	assert_int_equal(ended, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_of_all_suites_in_one_burst),
		TEST(replies_of_all_suites_in_one_burst),
		TEST(the_largest_reply),
		TEST(short_records),
		TEST(longer_than_there_is),
		TEST(forgeries),
		TEST(records_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
