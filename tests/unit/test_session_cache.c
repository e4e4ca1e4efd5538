// SPDX-License-Identifier: BSD-3-Clause
#include "session_cache.h"

#include "unit.h"

#define MAX 4

static struct session_cache *cache;

static int set_up(void **state)
{
	(void)state;
	cache = session_cache_create(MAX);
	return cache == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	session_cache_destroy(cache);
	return 0;
}

static void put(const char *id, const char *value, time_t expires)
{
	struct session_cache_entry entry = {.id_len = (uint8_t)strlen(id),
					    .expires = expires,
					    .value = (const uint8_t *)value,
					    .value_len = strlen(value)};

	memcpy(entry.id, id, strlen(id));
	assert_int_equal(session_cache_put(cache, &entry), 0);
}

static const char *get(const char *id, time_t now)
{
	const struct session_cache_entry *entry;
	static char text[32];

	entry = session_cache_find(cache, (const uint8_t *)id, strlen(id), now);
	if (entry == NULL)
		return NULL;
	memcpy(text, entry->value, entry->value_len);
	text[entry->value_len] = '\0';
	return text;
}

// The id of the walk's next entry, NUL at its end.
static char visit(void)
{
	const struct session_cache_entry *entry = session_cache_walk_next(cache);

	return entry != NULL ? (char)entry->id[0] : '\0';
}

static void assert_visited(const char *ids)
{
	session_cache_walk(cache);
	for (; *ids != '\0'; ids++)
		assert_int_equal(visit(), *ids);
	assert_int_equal(visit(), '\0');
}

static void test_find(void **state)
{
	(void)state;
	assert_null(get("a", 0));
	put("a", "one", 10);
	put("ab", "two", 10);
	put("", "", 10);
	assert_string_equal(get("a", 0), "one");
	assert_string_equal(get("ab", 9), "two");
	assert_string_equal(get("", 9), "");
	assert_null(get("b", 0));
	put("a", "three", 20);
	assert_int_equal(session_cache_count(cache), 3);
	assert_string_equal(get("a", 0), "three");
	session_cache_remove(cache, (const uint8_t *)"a", 1);
	session_cache_remove(cache, (const uint8_t *)"x", 1);
	assert_null(get("a", 0));
	assert_null(session_cache_find(cache, (const uint8_t *)"", SESSION_CACHE_ID_MAX + 1, 0));
	assert_int_equal(session_cache_count(cache), 2);
}

static void test_expiry(void **state)
{
	(void)state;
	put("a", "one", 10);
	put("b", "two", 11);
	assert_null(get("a", 10));
	assert_int_equal(session_cache_count(cache), 1);
	assert_string_equal(get("b", 10), "two");
}

// The oldest goes first, and an entry put again is new.
static void test_bound(void **state)
{
	char id[] = "a";

	(void)state;
	for (int i = 0; i < MAX; i++, id[0]++)
		put(id, "v", 10);
	put("a", "w", 10);
	put("x", "v", 10);
	assert_int_equal(session_cache_count(cache), MAX);
	assert_null(get("b", 0));
	assert_string_equal(get("a", 0), "w");
	assert_visited("cdax");
}

// What is not there any more and was not removed had expired by then.
static void test_forgotten(void **state)
{
	char id[] = "a";

	(void)state;
	assert_int_equal(session_cache_forgotten(cache), 0);
	for (time_t i = 0; i < MAX; i++, id[0]++)
		put(id, "v", 20 - i);
	put("a", "w", 10);
	session_cache_remove(cache, (const uint8_t *)"c", 1);
	assert_null(get("d", 17));
	assert_int_equal(session_cache_forgotten(cache), 17);
	put("x", "v", 30);
	put("y", "v", 40);
	assert_int_equal(session_cache_forgotten(cache), 17);
	put("z", "v", 50); // in place of b
	assert_int_equal(session_cache_forgotten(cache), 19);
	put("z2", "v", 60); // of a
	assert_int_equal(session_cache_forgotten(cache), 19);
	put("z3", "v", 60); // of x
	assert_int_equal(session_cache_forgotten(cache), 30);
	session_cache_forget(cache, 29);
	assert_int_equal(session_cache_forgotten(cache), 30);
	session_cache_forget(cache, 31);
	assert_int_equal(session_cache_forgotten(cache), 31);
	session_cache_clear(cache);
	assert_int_equal(session_cache_forgotten(cache), 0);
}

// A walk comes to every entry that stays, and to those that come while it goes on.
static void test_walk(void **state)
{
	(void)state;
	assert_visited("");
	assert_int_equal(session_cache_puts(cache), 0);
	put("a", "v", 10);
	put("b", "v", 10);
	put("c", "v", 10);
	session_cache_walk(cache);
	assert_int_equal(visit(), 'a');
	session_cache_remove(cache, (const uint8_t *)"a", 1);
	session_cache_remove(cache, (const uint8_t *)"b", 1); // would be next
	assert_int_equal(visit(), 'c');
	put("d", "v", 10); // the walk is at the end, and does not know yet
	put("c", "w", 10);
	assert_int_equal(visit(), 'd');
	assert_int_equal(visit(), 'c');
	session_cache_remove(cache, (const uint8_t *)"c", 1);
	assert_int_equal(visit(), '\0');
	put("e", "v", 10);
	assert_int_equal(visit(), '\0');
	assert_visited("de");
	session_cache_walk(cache);
	session_cache_clear(cache);
	assert_int_equal(visit(), '\0');
	assert_int_equal(session_cache_count(cache), 0);
	assert_int_equal(session_cache_puts(cache), 6);
}

// Against a plain array.
static void test_random(void **state)
{
	struct {
		bool there;
		uint64_t age;
	} known[8] = {{false, 0}};
	uint64_t seed = unit_seed(), age = 0;

	(void)state;
	for (int n = 0; n < 20000; n++) {
		char id[] = {(char)('a' + unit_random(&seed) % UNIT_NB(known)), '\0'};
		size_t at = (size_t)(id[0] - 'a'), oldest = UNIT_NB(known), nb = 0;

		if (unit_random(&seed) % 4 == 0) {
			session_cache_remove(cache, (const uint8_t *)id, 1);
			known[at].there = false;
		} else {
			put(id, id, 10);
			known[at].there = true;
			known[at].age = ++age;
		}
		for (size_t i = 0; i < UNIT_NB(known); i++) {
			nb += known[i].there;
			if (known[i].there &&
			    (oldest == UNIT_NB(known) || known[i].age < known[oldest].age))
				oldest = i;
		}
		if (nb > MAX)
			known[oldest].there = false;
		for (size_t i = 0; i < UNIT_NB(known); i++) {
			id[0] = (char)('a' + i);
			unit_check(i, (get(id, 0) != NULL) == known[i].there);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_expiry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_walk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("session_cache", tests, NULL, NULL);
}
