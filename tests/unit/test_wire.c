// SPDX-License-Identifier: BSD-3-Clause
#include "wire.h"

#include "unit.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};

static void reads_big_endian(void **state)
{
	struct wire_reader r = wire_reader(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(wire_u8(&r), 0x01);
	assert_int_equal(wire_u16(&r), 0x0203);
	assert_int_equal(wire_u24(&r), 0x040506);
	assert_int_equal(wire_u48(&r), UINT64_C(0x0708090a0b0c));
	assert_int_equal(wire_left(&r), 5);
	assert_ptr_equal(wire_bytes(&r, 5), bytes + 12);
	assert_int_equal(wire_left(&r), 0);
	assert_non_null(wire_bytes(&r, 0));
	assert_false(r.failed);
}

// Whatever is read, a byte too many fails, gives 0 and moves nothing.
static void read_past_end(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 8; len++) {
		for (size_t want = 0; want <= 8; want++) {
			struct wire_reader r = wire_reader(bytes, len);
			uint64_t v = wire_uint(&r, want);

			assert_int_equal(r.failed, want > len);
			assert_int_equal(wire_left(&r), want > len ? len : len - want);
			if (want > len)
				assert_int_equal(v, 0);
		}
	}
}

static void failure_stays(void **state)
{
	struct wire_reader r = wire_reader(bytes, 2);

	(void)state;
	assert_int_equal(wire_u24(&r), 0);
	assert_true(r.failed);
	assert_int_equal(wire_u8(&r), 0);
	assert_null(wire_bytes(&r, 0));
	assert_null(wire_bytes(&r, SIZE_MAX));
	assert_int_equal(wire_left(&r), 2);
}

static void vectors(void **state)
{
	static const struct {
		uint8_t in[6];
		size_t len;
		size_t len_size;
		bool failed;
		size_t inner;
	} rows[] = {
		{{0}, 0, 1, true, 0},		// no length
		{{0}, 1, 1, false, 0},		// empty
		{{2, 7, 8}, 3, 1, false, 2},	// fits
		{{3, 7, 8}, 3, 1, true, 0},	// a byte too many
		{{255, 7}, 2, 1, true, 0},	// lies
		{{0, 2, 7, 8}, 4, 2, false, 2}, // two bytes of length
		{{0}, 1, 2, true, 0},		// half a length
		{{0xff, 0xff, 0xff}, 3, 3, true, 0},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct wire_reader r = wire_reader(rows[i].in, rows[i].len);
		struct wire_reader inner = wire_vector(&r, rows[i].len_size);

		unit_check(i, r.failed == rows[i].failed);
		unit_check(i, inner.failed == rows[i].failed);
		unit_check(i, rows[i].failed || wire_left(&inner) == rows[i].inner);
		unit_check(i, rows[i].failed || wire_left(&r) == 0);
	}
}

static void writes_bounded(void **state)
{
	static const uint8_t expect[] = {0x12, 0xab, 0xcd, 0xef, 'x', 'y', 0xee};
	uint8_t out[7];
	struct wire_writer w = wire_writer(out, 6);

	(void)state;
	memset(out, 0xee, sizeof(out));
	wire_put_uint(&w, 0x12, 1);
	wire_put_uint(&w, 0xffabcdef, 3); // the high byte does not fit its field
	wire_put_bytes(&w, "xy", 2);
	assert_false(w.failed);
	wire_put_uint(&w, 1, 1);
	assert_true(w.failed);
	wire_put_bytes(&w, "", 0);
	assert_null(wire_room(&w, 0));
	assert_memory_equal(out, expect, sizeof(expect));
}

static void round_trip(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (size_t len = 0; len <= 8; len++) {
		uint64_t v = len == 0 ? 0 : unit_random(&seed) >> (64 - 8 * len);
		uint8_t p[8];
		struct wire_writer w = wire_writer(p, len);
		struct wire_reader r = wire_reader(p, len);

		wire_put_uint(&w, v, len);
		assert_int_equal(wire_uint(&r, len), v);
		assert_false(w.failed || r.failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_big_endian), cmocka_unit_test(read_past_end),
		cmocka_unit_test(failure_stays),    cmocka_unit_test(vectors),
		cmocka_unit_test(writes_bounded),   cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
