// SPDX-License-Identifier: BSD-3-Clause
#include "track.h"
#include "unit.h"

#define NB 5000

static struct tally tally;
static struct track track;

static int set_up(void **state)
{
	(void)state;
	memset(&tally, 0, sizeof(tally));
	track_start(&track);
	stamp_init();
	return 0;
}

static void enter(uint32_t seq)
{
	track_enter(&track, &tally, seq, 0, 1);
}

static void test_in_order(void **state)
{
	(void)state;
	tally.sent = NB;
	for (uint32_t i = 0; i < NB; i++)
		if (i % 10 != 3)
			enter(i);
	assert_int_equal(tally.received, NB - NB / 10);
	assert_int_equal(tally_lost(&tally), NB / 10);
	assert_int_equal(tally.duplicate + tally.reordered + tally.late, 0);
	assert_int_equal(tally.size_received[0], tally.received);
	assert_int_equal(tally.delay.nb, tally.received);
}

// Random losses, repetitions and detours against what one who keeps everything counts.
static void test_random(void **state)
{
	static bool seen[NB];
	uint64_t seed = unit_seed(), received = 0, duplicate = 0, reordered = 0;
	uint32_t next = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 4 * NB; i++) {
		uint32_t back = (uint32_t)(unit_random(&seed) % 100);
		uint32_t seq = i / 4 > back ? i / 4 - back : 0;

		if (unit_random(&seed) % 4 == 0)
			continue;
		enter(seq);
		if (seen[seq]) {
			duplicate++;
		} else {
			received++;
			reordered += seq < next;
		}
		seen[seq] = true;
		next = seq >= next ? seq + 1 : next;
	}
	assert_int_equal(tally.received, received);
	assert_int_equal(tally.duplicate, duplicate);
	assert_int_equal(tally.reordered, reordered);
	assert_int_equal(tally.late, 0);
}

// Left of the window nobody knows whether it is the first; it does not count as received.
static void test_late(void **state)
{
	(void)state;
	enter(TRACK_WINDOW + 10);
	enter(11);
	assert_int_equal(tally.received, 2);
	assert_int_equal(tally.reordered, 1);
	enter(10);
	enter(0);
	assert_int_equal(tally.received, 2);
	assert_int_equal(tally.late, 2);
}

static void test_stamp(void **state)
{
	static uint8_t payload[1400];
	uint64_t seed = unit_seed();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct stamp s = {.client = (uint32_t)unit_random(&seed) % STAMP_CLIENT_MAX,
				  .seq = (uint32_t)unit_random(&seed),
				  .stream = (uint8_t)(unit_random(&seed) % STREAM_NB),
				  .trial = (uint16_t)unit_random(&seed),
				  .tsc = unit_random(&seed)},
			     got;
		uint16_t len = (uint16_t)(STAMP_LEN + unit_random(&seed) % (1400 - STAMP_LEN));

		stamp_write(payload, len, &s);
		assert_true(stamp_read(payload, len, &got));
		assert_int_equal(got.client, s.client);
		assert_int_equal(got.seq, s.seq);
		assert_int_equal(got.stream, s.stream);
		assert_int_equal(got.trial, s.trial);
		assert_int_equal(stamp_age(&got, s.tsc + 77), 77);
	}
}

// One bit that is not as it was, anywhere, or a byte less, is noticed; in the stamp itself nearly
// always.
static void test_stamp_damaged(void **state)
{
	struct stamp s = {.client = 12345, .seq = 67890, .stream = STREAM_DOWN, .trial = 3}, got;
	uint32_t missed = 0;
	uint8_t payload[256];

	(void)state;
	stamp_write(payload, sizeof(payload), &s);
	for (uint32_t bit = 0; bit < 8 * sizeof(payload); bit++) {
		payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit >= 8 * STAMP_LEN)
			assert_false(stamp_read(payload, sizeof(payload), &got));
		else
			missed += stamp_read(payload, sizeof(payload), &got);
		payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(missed <= 2);
	for (uint16_t len = 0; len < STAMP_LEN; len++)
		assert_false(stamp_read(payload, len, &got));
	assert_false(stamp_read(payload, STAMP_PAYLOAD_MAX + 1, &got));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_order, set_up),
		cmocka_unit_test_setup(test_random, set_up),
		cmocka_unit_test_setup(test_late, set_up),
		cmocka_unit_test_setup(test_stamp, set_up),
		cmocka_unit_test_setup(test_stamp_damaged, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
