// SPDX-License-Identifier: BSD-3-Clause
#include "record.h"

#include "unit.h"

// Header of an application data record of epoch 1, sequence number 0x020304050607, 40 bytes.
static const uint8_t header[DTLS_RECORD_HEADER_LEN] = {
	23, 0xfe, 0xfd, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x00, 0x28,
};
static const uint8_t iv[AEAD_NONCE_LEN] = {0xa1, 0xa2, 0xa3, 0xa4};

static void parses_fields(void **state)
{
	uint8_t p[DTLS_RECORD_HEADER_LEN + 40] = {0};
	struct record rec;

	(void)state;
	memcpy(p, header, sizeof(header));
	assert_true(record_parse(p, sizeof(p), &rec));
	assert_int_equal(rec.type, DTLS_APPLICATION_DATA);
	assert_int_equal(rec.version, DTLS_VERSION_1_2);
	assert_int_equal(rec.epoch, 1);
	assert_int_equal(rec.seq, UINT64_C(0x020304050607));
	assert_int_equal(rec.fragment_len, 40);
}

static void parse_bounds(void **state)
{
	static const struct {
		uint16_t version;
		uint16_t fragment_len;
		size_t len; // of the datagram
		bool good;
	} rows[] = {
		{DTLS_VERSION_1_2, 0, 0, false}, // empty
		{DTLS_VERSION_1_2, 0, 12, false},
		{DTLS_VERSION_1_2, 0, 13, true}, // a header and no more
		{DTLS_VERSION_1_2, 1, 13, false},
		{DTLS_VERSION_1_2, 1, 14, true},
		{DTLS_VERSION_1_2, 1, 1400, true}, // others follow
		{DTLS_VERSION_1_0, 1, 14, true},   // first flights
		{0xfefe, 1, 14, false},
		{0xfefc, 1, 14, false}, // DTLS 1.3 has its own header
		{0x0303, 1, 14, false},
		{0, 1, 14, false},
		{DTLS_VERSION_1_2, DTLS_FRAGMENT_MAX, 13 + DTLS_FRAGMENT_MAX, true},
		{DTLS_VERSION_1_2, DTLS_FRAGMENT_MAX, 12 + DTLS_FRAGMENT_MAX, false},
		{DTLS_VERSION_1_2, DTLS_FRAGMENT_MAX + 1, 14 + DTLS_FRAGMENT_MAX, false},
		{DTLS_VERSION_1_2, UINT16_MAX, 13 + UINT16_MAX, false},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		const struct record rec = {
			.type = DTLS_ALERT,
			.version = rows[i].version,
			.fragment_len = rows[i].fragment_len,
		};
		// As long as the datagram, so that a sanitizer sees a byte read behind it.
		uint8_t *p = malloc(rows[i].len + 1);
		uint8_t whole[DTLS_RECORD_HEADER_LEN];
		struct record out;

		record_write(whole, &rec);
		memset(p, 0, rows[i].len);
		memcpy(p, whole, rows[i].len < sizeof(whole) ? rows[i].len : sizeof(whole));
		p = realloc(p, rows[i].len);
		unit_check(i, record_parse(p, rows[i].len, &out) == rows[i].good);
		free(p);
	}
}

static void any_type_passes(void **state)
{
	uint8_t p[DTLS_RECORD_HEADER_LEN + 40] = {0};
	struct record rec;

	(void)state;
	memcpy(p, header, sizeof(header));
	for (unsigned int type = 0; type <= UINT8_MAX; type++) {
		p[0] = (uint8_t)type;
		assert_true(record_parse(p, sizeof(p), &rec));
		assert_int_equal(rec.type, type);
	}
}

static void writes_what_it_parses(void **state)
{
	static const struct record rows[] = {
		{.type = 22, .version = DTLS_VERSION_1_0},
		{.type = 23, .version = DTLS_VERSION_1_2, .epoch = 1, .seq = DTLS_SEQ_MAX},
		{.type = 255, .version = DTLS_VERSION_1_2, .epoch = 0xffff, .seq = 1},
		{.type = 21, .version = DTLS_VERSION_1_2, .epoch = 0x8000, .fragment_len = 2},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		uint8_t p[DTLS_RECORD_HEADER_LEN + 2] = {0};
		struct record rec;

		memset(&rec, 0, sizeof(rec)); // padding too
		record_write(p, &rows[i]);
		unit_check(i, record_parse(p, sizeof(p), &rec));
		assert_memory_equal(&rec, &rows[i], sizeof(rec));
	}
}

static void prepares_opening(void **state)
{
	uint8_t p[DTLS_RECORD_HEADER_LEN + 40];
	const uint8_t nonce[] = {0xa1, 0xa2, 0xa3, 0xa4, 0xe0, 0xe1,
				 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7};
	const uint8_t aad[] = {0, 1, 2, 3, 4, 5, 6, 7, 23, 0xfe, 0xfd, 0, 16};
	struct record rec;
	struct aead_op op = {0};

	(void)state;
	memcpy(p, header, sizeof(header));
	memcpy(p + sizeof(header), nonce + 4, 8); // a peer may choose any explicit nonce
	assert_true(record_parse(p, sizeof(p), &rec));
	assert_true(record_open_prepare(AEAD_AES_256_GCM, iv, p, &rec, &op));
	assert_int_equal(rec.plain_len, 40 - 8 - 16);
	assert_int_equal(op.suite, AEAD_AES_256_GCM);
	assert_ptr_equal(op.data, p + 13 + 8);
	assert_int_equal(op.data_len, 16);
	assert_ptr_equal(op.tag, p + sizeof(p) - 16);
	assert_false(op.ok);
	assert_memory_equal(op.nonce, nonce, sizeof(nonce));
	assert_memory_equal(op.aad, aad, sizeof(aad));
}

static void opening_bounds(void **state)
{
	static const struct {
		uint16_t fragment_len;
		bool good;
	} rows[] = {
		{0, false},
		{8, false},
		{16, false},
		{23, false},
		{24, true},
		{25, true},
		{24 + DTLS_PLAIN_MAX, true},
		{25 + DTLS_PLAIN_MAX, false},
		{DTLS_FRAGMENT_MAX, false},
	};
	static uint8_t p[DTLS_RECORD_HEADER_LEN + DTLS_FRAGMENT_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct record rec = {.type = 23, .fragment_len = rows[i].fragment_len};
		struct aead_op op = {0};

		unit_check(i,
			   record_open_prepare(AEAD_AES_128_GCM, iv, p, &rec, &op) == rows[i].good);
		unit_check(i, !rows[i].good || op.data_len == rows[i].fragment_len - 24u);
	}
}

static void prepares_sealing(void **state)
{
	// Header, explicit nonce = epoch and sequence number, 16 bytes of text, room for the tag.
	uint8_t p[DTLS_RECORD_HEADER_LEN + 40];
	const uint8_t nonce[] = {0xa1, 0xa2, 0xa3, 0xa4, 0, 1, 2, 3, 4, 5, 6, 7};
	const uint8_t aad[] = {0, 1, 2, 3, 4, 5, 6, 7, 23, 0xfe, 0xfd, 0, 16};
	struct record rec = {
		.type = 23,
		.version = DTLS_VERSION_1_2,
		.epoch = 1,
		.seq = UINT64_C(0x020304050607),
		.plain_len = 16,
	};
	struct aead_op op = {0};

	(void)state;
	memset(p, 'x', sizeof(p));
	record_seal_prepare(AEAD_AES_128_GCM, iv, p, &rec, &op);
	assert_int_equal(rec.fragment_len, 40);
	assert_int_equal(record_overhead(AEAD_AES_128_GCM) + 16u, sizeof(p));
	assert_memory_equal(p, header, sizeof(header));
	assert_memory_equal(p + 13, nonce + 4, 8);
	assert_int_equal(p[21], 'x');
	assert_ptr_equal(op.data, p + 21);
	assert_int_equal(op.data_len, 16);
	assert_ptr_equal(op.tag, p + 37);
	assert_memory_equal(op.nonce, nonce, sizeof(nonce));
	assert_memory_equal(op.aad, aad, sizeof(aad));
}

// RFC 7905 section 2: the IV, xored with the padded epoch and sequence number; nothing explicit.
static void chacha20_nonce(void **state)
{
	const uint8_t long_iv[] = {0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5,
				   0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb};
	const uint8_t nonce[] = {0xb0,	   0xb1,     0xb2,     0xb3,	 0xb4,	   0xb5 ^ 1,
				 0xb6 ^ 2, 0xb7 ^ 3, 0xb8 ^ 4, 0xb9 ^ 5, 0xba ^ 6, 0xbb ^ 7};
	uint8_t p[DTLS_RECORD_HEADER_LEN + 40];
	struct record rec = {
		.type = 23,
		.version = DTLS_VERSION_1_2,
		.epoch = 1,
		.seq = UINT64_C(0x020304050607),
		.plain_len = 24,
	};
	struct aead_op op = {0};

	(void)state;
	memset(p, 'x', sizeof(p));
	record_seal_prepare(AEAD_CHACHA20_POLY1305, long_iv, p, &rec, &op);
	assert_int_equal(rec.fragment_len, 40);
	assert_int_equal(record_overhead(AEAD_CHACHA20_POLY1305), 13 + 16);
	assert_memory_equal(p, header, sizeof(header));
	assert_int_equal(p[13], 'x');
	assert_ptr_equal(op.data, p + 13);
	assert_ptr_equal(op.tag, p + 37);
	assert_memory_equal(op.nonce, nonce, sizeof(nonce));
	memset(&op, 0, sizeof(op));
	assert_true(record_parse(p, sizeof(p), &rec));
	assert_true(record_open_prepare(AEAD_CHACHA20_POLY1305, long_iv, p, &rec, &op));
	assert_int_equal(rec.plain_len, 24);
	assert_ptr_equal(op.data, p + 13);
	assert_memory_equal(op.nonce, nonce, sizeof(nonce));
}

// No two records of a key have the same nonce, whatever the suite.
static void nonces_differ(void **state)
{
	static const struct {
		uint16_t epoch;
		uint64_t seq;
	} rows[] = {
		{1, 0},
		{1, 1},
		{1, 255},
		{1, 256},
		{1, 1 << 16},
		{1, 1 << 24},
		{2, 0},
		{256, 0},
		{0xffff, 0},
		{1, DTLS_SEQ_MAX},
		{1, UINT64_C(1) << 32},
		{2, 1},
		{0x100, 1},
		{1, 0x100000000001},
		{0xffff, DTLS_SEQ_MAX},
	};
	uint8_t nonce[UNIT_NB(rows)][AEAD_NONCE_LEN];
	uint8_t p[DTLS_RECORD_HEADER_LEN + 40];

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		uint8_t full_iv[AEAD_NONCE_LEN] = {0};

		memset(full_iv, 0xa5, aead_info[suite].fixed_iv_len);
		for (size_t i = 0; i < UNIT_NB(rows); i++) {
			struct record rec = {
				.type = 23, .epoch = rows[i].epoch, .seq = rows[i].seq};
			struct aead_op op = {0};

			record_seal_prepare(suite, full_iv, p, &rec, &op);
			memcpy(nonce[i], op.nonce, sizeof(op.nonce));
			for (size_t j = 0; j < i; j++)
				unit_check(suite,
					   memcmp(nonce[i], nonce[j], sizeof(nonce[i])) != 0);
		}
	}
}

// Each suite's shortest and longest record, and one byte less and more.
static void opening_bounds_of_all(void **state)
{
	static uint8_t p[DTLS_RECORD_HEADER_LEN + DTLS_FRAGMENT_MAX];

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		uint16_t added = record_overhead(suite) - DTLS_RECORD_HEADER_LEN;

		for (int i = -1; i <= DTLS_PLAIN_MAX + 1; i++) {
			struct record rec = {.type = 23, .fragment_len = (uint16_t)(added + i)};
			bool good = i >= 0 && i <= DTLS_PLAIN_MAX;
			struct aead_op op = {0};

			unit_check(suite, record_open_prepare(suite, iv, p, &rec, &op) == good);
			unit_check(suite, !good || (op.data_len == (uint32_t)i &&
						    op.tag + aead_info[suite].tag_len ==
							    p + 13 + rec.fragment_len));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_fields),    cmocka_unit_test(parse_bounds),
		cmocka_unit_test(any_type_passes),  cmocka_unit_test(writes_what_it_parses),
		cmocka_unit_test(prepares_opening), cmocka_unit_test(opening_bounds),
		cmocka_unit_test(prepares_sealing), cmocka_unit_test(chacha20_nonce),
		cmocka_unit_test(nonces_differ),    cmocka_unit_test(opening_bounds_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
