// SPDX-License-Identifier: BSD-3-Clause
#include "session_dir.h"

#include "unit.h"

#define SIZE 8

static struct session session[SIZE + 1];
static struct session_dir *dir;

static int set_up(void **state)
{
	(void)state;
	memset(session, 0, sizeof(session));
	dir = session_dir_create(SIZE, 0);
	return dir == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	session_dir_destroy(dir);
	return 0;
}

static void test_bound(void **state)
{
	struct session_entry *entry[SIZE];

	(void)state;
	for (int i = 0; i < SIZE; i++) {
		entry[i] = session_dir_enter(dir, &session[i], false);
		assert_non_null(entry[i]);
		assert_int_not_equal(session[i].id, 0);
		assert_ptr_equal(session_dir_find(dir, session[i].id), entry[i]);
	}
	assert_null(session_dir_enter(dir, &session[SIZE], false));
	assert_int_equal(session_dir_count(dir), SIZE);
	session_dir_leave(dir, entry[3]);
	assert_int_equal(session_dir_count(dir), SIZE - 1);
	assert_non_null(session_dir_enter(dir, &session[SIZE], false));
	assert_int_not_equal(session[SIZE].id, session[3].id);
}

// An id is good as long as its session is there, whatever the slot holds later.
static void test_stale_ids(void **state)
{
	session_id old[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct session_entry *entry = session_dir_enter(dir, &session[0], false);

		old[i] = session[0].id;
		for (int k = 0; k < i; k++)
			assert_null(session_dir_find(dir, old[k]));
		assert_ptr_equal(session_dir_find(dir, old[i]), entry);
		session_dir_leave(dir, entry);
		assert_null(session_dir_find(dir, old[i]));
		assert_null(session_dir_find(dir, entry->id)); // of the next session
	}
	assert_null(session_dir_find(dir, 0));
	assert_null(session_dir_find(dir, UINT64_C(1) << 32 | SIZE));
	assert_null(session_dir_find(dir, UINT64_MAX));
}

static void test_list(void **state)
{
	struct session *s = &session[0];
	struct session_entry *entry;
	struct session_view view;
	uint32_t cursor = 0;

	(void)state;
	ip_parse("192.0.2.2", &s->backend);
	s->backend_port = rte_cpu_to_be_16(7);
	s->nat_port = rte_cpu_to_be_16(1024);
	s->suite = AEAD_AES_256_GCM;
	s->rx.records = 11;
	s->tx.bytes = 22;
	session_dir_enter(dir, &session[1], false); // not live yet
	entry = session_dir_enter(dir, s, false);
	entry->live = true;
	ip_parse("198.51.100.2", &entry->flow.remote);
	ip_parse("2001:db8::1", &entry->flow.local);
	entry->flow.remote_port = rte_cpu_to_be_16(40000);
	entry->flow.local_port = rte_cpu_to_be_16(4433);
	assert_int_equal(session_dir_list(dir, &cursor, &view, 1), 1);
	assert_int_equal(view.id, s->id);
	assert_memory_equal(&view.flow, &entry->flow, sizeof(view.flow));
	assert_memory_equal(&view.backend, &s->backend, sizeof(view.backend));
	assert_int_equal(view.backend_port, rte_cpu_to_be_16(7));
	assert_string_equal(view.suite, "AES_256_GCM");
	assert_int_equal(view.nat_port, 1024);
	assert_int_equal(view.rx_records, 11);
	assert_int_equal(view.tx_bytes, 22);
	assert_null(view.profile);
	assert_int_equal(session_dir_list(dir, &cursor, &view, 1), 0);
	assert_int_equal(cursor, SESSION_DIR_END);
	assert_int_equal(session_dir_list(dir, &cursor, &view, 1), 0);
	cursor = SIZE;
	assert_int_equal(session_dir_list(dir, &cursor, &view, 1), 0);
	assert_int_equal(cursor, SESSION_DIR_END);
}

// A session of the walk's test: one that stays, or that comes and goes.
static void enter_live(struct session_dir *of, struct session *s)
{
	session_dir_enter(of, s, false)->live = true;
}

// Each step looks at so many slots and copies so many sessions, not more.  While others come and go
// between the steps, a session that is there all the time is listed once.
static void test_steps(void **state)
{
	enum { SLOTS = 20 * SESSION_DIR_STEP, MAX = 16 };
	static struct session stays[200], others[SLOTS - 200];
	static unsigned int seen[SLOTS];
	struct session_view view[MAX];
	uint64_t seed = unit_seed();

	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		struct session_dir *many = session_dir_create(SLOTS, 0);
		uint32_t cursor = 0, steps = 0;

		memset(seen, 0, sizeof(seen));
		memset(others, 0, sizeof(others));
		for (size_t i = 0; i < UNIT_NB(stays); i++) {
			for (uint64_t n = unit_random(&seed) % 20; n > 0; n--)
				enter_live(many, &others[20 * i + n - 1]);
			enter_live(many, &stays[i]);
		}
		while (cursor != SESSION_DIR_END) {
			uint32_t before = cursor;
			uint32_t nb = session_dir_list(many, &cursor, view, MAX);

			steps++;
			unit_check(steps, nb <= MAX && cursor > before);
			unit_check(steps, cursor == SESSION_DIR_END
						  ? SLOTS - before <= SESSION_DIR_STEP
						  : cursor - before <= SESSION_DIR_STEP);
			for (uint32_t i = 0; i < nb; i++)
				seen[(uint32_t)view[i].id]++;
			for (int n = 0; n < 50; n++) {
				struct session *s = &others[unit_random(&seed) % UNIT_NB(others)];
				struct session_entry *entry = session_dir_find(many, s->id);

				if (entry != NULL)
					session_dir_leave(many, entry);
				else
					enter_live(many, s);
			}
		}
		for (size_t i = 0; i < UNIT_NB(stays); i++)
			unit_check(i, seen[(uint32_t)stays[i].id] == 1);
		for (size_t i = 0; i < SLOTS; i++)
			unit_check(i, seen[i] <= 1);
		session_dir_destroy(many);
	}
}

static void test_removal(void **state)
{
	struct session_entry *entry;

	(void)state;
	for (int i = 0; i < SIZE; i++)
		session_dir_enter(dir, &session[i], false);
	session_dir_leave(dir, session_dir_find(dir, session[5].id));
	for (int i = 0; i < SIZE - 1; i++) {
		entry = session_dir_unremoved(dir);
		assert_non_null(entry);
		assert_ptr_equal(session_dir_unremoved(dir), entry);
		entry->removing = true;
	}
	assert_null(session_dir_unremoved(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_ids, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removal, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("session_dir", tests, NULL, NULL);
}
