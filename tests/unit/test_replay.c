// SPDX-License-Identifier: BSD-3-Clause
#include "replay.h"

#include "dtls.h"
#include "unit.h"

static uint64_t bitmap[REPLAY_WINDOW_MAX / 64];

// One try on a window of w records: seq, and whether it is accepted.
static void try(struct replay *r, size_t step, uint64_t seq, bool accepted)
{
	unit_check(step, replay_fresh(r, seq) == accepted);
	unit_check(step, replay_accept(r, seq) == accepted);
	unit_check(step, !replay_fresh(r, seq));
}

// Sequence numbers are written n * w + k.
struct step {
	uint32_t n;
	int32_t k;
	bool accepted;
};

static const struct step steps[] = {
	/*  0 */ {0, 0, true},	  // the first number there is
	/*  1 */ {0, 1, true},	  //
	/*  2 */ {0, 1, false},	  // twice
	/*  3 */ {0, 0, false},	  // an old one twice
	/*  4 */ {0, 9, true},	  // a gap
	/*  5 */ {0, 8, true},	  // late, into the gap
	/*  6 */ {0, 7, true},	  //
	/*  7 */ {0, 7, false},	  //
	/*  8 */ {1, 0, true},	  // the window is now 1..w
	/*  9 */ {0, 0, false},	  // just left of it
	/* 10 */ {0, 1, false},	  // its left edge, marked
	/* 11 */ {0, 2, true},	  // next to the edge
	/* 12 */ {1, 2, true},	  // the window is now 3..w+2
	/* 13 */ {0, 2, false},	  // just left of it
	/* 14 */ {0, 3, true},	  // its left edge, fresh
	/* 15 */ {1, 1, true},	  // the gap on the right
	/* 16 */ {1, 1, false},	  //
	/* 17 */ {2, 1, true},	  // on by w-1
	/* 18 */ {1, 2, false},	  // left edge, marked before the move
	/* 19 */ {1, 3, true},	  //
	/* 20 */ {3, 1, true},	  // on by exactly w: nothing old is left
	/* 21 */ {2, 1, false},	  //
	/* 22 */ {2, 2, true},	  //
	/* 23 */ {3, 0, true},	  //
	/* 24 */ {4, 2, true},	  // on by w+1
	/* 25 */ {3, 2, false},	  //
	/* 26 */ {3, 3, true},	  //
	/* 27 */ {4, 1, true},	  //
	/* 28 */ {1000, 5, true}, // a huge jump; the place of (n, k) and (1000, k) is the same
	/* 29 */ {4, 1, false},	  //
	/* 30 */ {1000, 1, true}, //
	/* 31 */ {1000, 2, true}, //
	/* 32 */ {999, 5, false}, //
	/* 33 */ {999, 6, true},  //
	/* 34 */ {999, 6, false}, //
	/* 35 */ {1000, 5, false},
};

static void numbered_steps(void **state)
{
	(void)state;
	for (uint32_t w = REPLAY_WINDOW_MIN; w <= REPLAY_WINDOW_MAX; w *= 2) {
		struct replay r;

		memset(bitmap, 0xff, sizeof(bitmap));
		replay_init(&r, bitmap, w);
		for (size_t i = 0; i < UNIT_NB(steps); i++)
			try(&r, i, (uint64_t)steps[i].n * w + (uint64_t)(int64_t)steps[i].k,
			    steps[i].accepted);
	}
}

// In falling order all of a window are fresh, once, and nothing left of it.
static void fills_downwards(void **state)
{
	(void)state;
	for (uint32_t w = REPLAY_WINDOW_MIN; w <= REPLAY_WINDOW_MAX; w *= 2) {
		for (uint64_t top = w - 1; top < 3 * (uint64_t)w; top += 61) {
			struct replay r;

			replay_init(&r, bitmap, w);
			for (uint64_t k = 0; k < w; k++)
				try(&r, k, top - k, true);
			if (top >= w)
				try(&r, w, top - w, false);
		}
	}
}

// In rising order, with every gap there can be.
static void rises(void **state)
{
	(void)state;
	for (uint32_t w = REPLAY_WINDOW_MIN; w <= REPLAY_WINDOW_MAX; w *= 2) {
		for (uint64_t gap = 1; gap <= w + 65; gap++) {
			struct replay r;

			replay_init(&r, bitmap, w);
			try(&r, 0, 3, true);
			try(&r, 1, 3 + gap, true);
			unit_check(gap, replay_fresh(&r, 3) == false);
			unit_check(gap, gap == 1 || replay_fresh(&r, 2 + gap));
			unit_check(gap, replay_fresh(&r, 2) == (gap + 1 < w));
		}
	}
}

static void ends_of_the_range(void **state)
{
	static const uint64_t seq[] = {DTLS_SEQ_MAX, DTLS_SEQ_MAX - 1, 0, DTLS_SEQ_MAX};
	static const bool accepted[] = {true, true, false, false};
	struct replay r;

	(void)state;
	replay_init(&r, bitmap, REPLAY_WINDOW_MIN);
	for (size_t i = 0; i < UNIT_NB(seq); i++)
		try(&r, i, seq[i], accepted[i]);
	try(&r, 4, DTLS_SEQ_MAX - REPLAY_WINDOW_MIN, false);
	try(&r, 5, DTLS_SEQ_MAX - REPLAY_WINDOW_MIN + 1, true);
}

// replay_fresh() is a filter: it changes nothing.
static void fresh_is_const(void **state)
{
	struct replay r, before;
	uint64_t copy[REPLAY_WINDOW_MAX / 64];

	(void)state;
	replay_init(&r, bitmap, 1024);
	assert_true(replay_accept(&r, 5000));
	before = r;
	memcpy(copy, bitmap, sizeof(copy));
	assert_true(replay_fresh(&r, DTLS_SEQ_MAX));
	assert_true(replay_fresh(&r, 4999));
	assert_false(replay_fresh(&r, 5000));
	assert_false(replay_fresh(&r, 0));
	// A refused number changes nothing either.
	assert_false(replay_accept(&r, 3000));
	assert_memory_equal(&r, &before, sizeof(r));
	assert_memory_equal(bitmap, copy, sizeof(copy));
}

// The oracle: the list of all that was accepted, one flag a number, no ring.
#define ORACLE_NB (1 << 20)
static bool oracle_seen[ORACLE_NB];

static bool oracle_accept(uint64_t seq, uint64_t *next, uint32_t window)
{
	if (oracle_seen[seq] || seq + window < *next)
		return false;
	oracle_seen[seq] = true;
	if (seq >= *next)
		*next = seq + 1;
	return true;
}

static uint64_t random_seq(uint64_t *seed, uint64_t next, uint32_t w)
{
	uint64_t v = unit_random(seed);
	uint64_t far = v >> 8;

	switch (v % 16) {
	case 0: // a jump within two windows
		return next + far % (2 * w);
	case 1: // anywhere left
		return next == 0 ? 0 : far % next;
	case 2: // about the left edge
		return next < w + 4 ? 0 : next - w - 4 + far % 8;
	case 3 ... 9: // within the window
		return next < w ? far % w : next - 1 - far % w;
	default: // the next few
		return next + far % 3;
	}
}

static void random_against_oracle(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (uint32_t w = REPLAY_WINDOW_MIN; w <= REPLAY_WINDOW_MAX; w *= 2) {
		struct replay r;
		uint64_t next = 0;
		size_t tries = 0;

		memset(oracle_seen, 0, sizeof(oracle_seen));
		replay_init(&r, bitmap, w);
		for (; tries < 400000; tries++) {
			uint64_t seq = random_seq(&seed, next, w);

			if (seq >= ORACLE_NB)
				break;
			try(&r, tries, seq, oracle_accept(seq, &next, w));
			unit_check(tries, r.next == next);
		}
		assert_true(tries > 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbered_steps), cmocka_unit_test(fills_downwards),
		cmocka_unit_test(rises),	  cmocka_unit_test(ends_of_the_range),
		cmocka_unit_test(fresh_is_const), cmocka_unit_test(random_against_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
