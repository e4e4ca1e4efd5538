// SPDX-License-Identifier: BSD-3-Clause
// The records in the file over which resumption outlives the program.
#include "resumption_state.h"

#include "unit.h"

static void test_parse(void **state)
{
	static const struct {
		uint8_t kind, id_len;
		size_t value_len;
		bool good;
	} rows[] = {
		{RESUMPTION_STATE_REVOKED, 16, 0, true},
		{RESUMPTION_STATE_REVOKED, 15, 0, false},
		{RESUMPTION_STATE_REVOKED, 16, 1, false},
		{RESUMPTION_STATE_SESSION, 32, 1, true},
		{RESUMPTION_STATE_SESSION, 1, 200, true},
		{RESUMPTION_STATE_SESSION, 0, 1, false},
		{RESUMPTION_STATE_SESSION, 32, 0, false},
		{RESUMPTION_STATE_SESSION, 33, 1, false},
		{0, 16, 0, false},
		{RESUMPTION_STATE_FORGOTTEN, 0, 0, true},
		{RESUMPTION_STATE_FORGOTTEN, 16, 0, false},
		{RESUMPTION_STATE_FORGOTTEN, 0, 1, false},
		{5, 0, 0, false},
		{255, 16, 0, false},
	};
	struct session_cache_entry entry;
	enum resumption_state_kind kind;
	uint8_t record[256] = {0};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		size_t len = 10 + rows[i].id_len + rows[i].value_len;
		bool good;

		record[0] = rows[i].kind;
		record[8] = 77; // seconds
		record[9] = rows[i].id_len;
		good = resumption_state_parse(record, len, &kind, &entry);
		unit_check(i, good == rows[i].good);
		if (!good)
			continue;
		unit_check(i, kind == rows[i].kind && entry.expires == 77);
		unit_check(i, entry.id_len == rows[i].id_len);
		unit_check(i, entry.value_len == rows[i].value_len);
		for (size_t cut = 0; cut < 10u + rows[i].id_len; cut++)
			unit_check(cut, !resumption_state_parse(record, cut, &kind, &entry));
	}
	record[0] = RESUMPTION_STATE_ORIGIN;
	for (size_t len = 0; len < 40; len++)
		unit_check(len, resumption_state_parse(record, len, &kind, &entry) == (len == 17));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};

	return cmocka_run_group_tests_name("resumption_record", tests, NULL, NULL);
}
