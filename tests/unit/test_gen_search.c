// SPDX-License-Identifier: BSD-3-Clause
#include "search.h"
#include "unit.h"

#define TRIALS_MAX 100

// A server that passes up to a rate, and a generator that sends up to one.
struct bench {
	double server, generator;
	uint32_t spoiled; // trials from the first on that fail whatever the rate
};

// Runs a search; returns the highest rate that passed, and sets *trials.
static double run(struct search *s, struct bench *b, uint32_t *trials)
{
	double best = 0;

	*trials = 0;
	while (!s->over) {
		double rate = s->next < b->generator ? s->next : b->generator;
		enum search_outcome outcome = SEARCH_PASSED;

		assert_true(++*trials < TRIALS_MAX);
		if (rate > b->server || *trials <= b->spoiled)
			outcome = SEARCH_FAILED;
		else if (rate < s->next)
			outcome = SEARCH_SHORT;
		if (outcome != SEARCH_FAILED && rate > best)
			best = rate;
		search_enter(s, outcome, rate);
	}
	return best;
}

// Whatever the server takes is found, from below, within the resolution.
static void test_finds(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		double ceiling = (double)(1 + unit_random(&seed) % 100000000);
		double share = (double)(unit_random(&seed) % 990 + 10) / 1000;
		double guess = ceiling * (double)(unit_random(&seed) % 1000 + 1) / 1000;
		struct bench b = {.server = share * ceiling, .generator = 2 * ceiling};
		struct search s;
		uint32_t trials;
		double best;

		search_start(&s, ceiling, guess, 0.01, 1);
		best = run(&s, &b, &trials);
		unit_check(i, best <= b.server);
		unit_check(i, best >= b.server * 0.98);
		unit_check(i, trials <= 16);
	}
}

static void test_all_pass(void **state)
{
	struct bench b = {.server = 2e6, .generator = 2e6};
	struct search s;
	uint32_t trials;

	(void)state;
	search_start(&s, 1e6, 1e6, 0.01, 1);
	assert_true(run(&s, &b, &trials) == 1e6);
	assert_int_equal(trials, 1);
}

static void test_none_passes(void **state)
{
	struct bench b = {.server = 0, .generator = 2e6};
	struct search s;
	uint32_t trials;

	(void)state;
	search_start(&s, 1e6, 9e5, 0.01, 2);
	assert_true(run(&s, &b, &trials) == 0);
	assert_true(trials <= 24); // down to SEARCH_LEAST by halves, each rate twice
}

// The generator is the slower one: the search ends at what it can send.
static void test_generator_short(void **state)
{
	struct bench b = {.server = 2e6, .generator = 5e5};
	struct search s;
	uint32_t trials;

	(void)state;
	search_start(&s, 1e6, 9e5, 0.01, 1);
	assert_true(run(&s, &b, &trials) >= 0.98 * 5e5);
	assert_true(trials <= 12);
}

// A trial that fails by itself does not matter where there is another try.
static void test_tries(void **state)
{
	struct bench b = {.server = 7e5, .generator = 2e6, .spoiled = 1};
	struct search s;
	uint32_t trials;

	(void)state;
	search_start(&s, 1e6, 6.9e5, 0.02, 2);
	assert_true(run(&s, &b, &trials) >= 6.9e5);
	search_start(&s, 1e6, 6.9e5, 0.02, 1);
	assert_true(run(&s, &b, &trials) < 6.9e5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),	    cmocka_unit_test(test_all_pass),
		cmocka_unit_test(test_none_passes), cmocka_unit_test(test_generator_short),
		cmocka_unit_test(test_tries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
