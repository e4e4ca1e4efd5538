// SPDX-License-Identifier: BSD-3-Clause
#include "drop.h"

#include <ctype.h>

#include "unit.h"

static void known_names(void **state)
{
	(void)state;
	assert_string_equal(drop_name(DROP_BAD_TAG), "bad_tag");
	assert_string_equal(drop_text(DROP_BAD_TAG), "record that does not authenticate");
	assert_string_equal(drop_name(DROP_EPOCH_0), "epoch_0");
	assert_string_equal(drop_name(DROP_NB), "unknown");
	assert_string_equal(drop_text(DROP_NB), "unknown");
}

// Every reason has a name of its own, fit for a counter, and a sentence.
static void all_names(void **state)
{
	(void)state;
	DROP_FOREACH (r) {
		const char *name = drop_name(r);

		unit_check(r, strlen(name) > 0 && strlen(drop_text(r)) > 0);
		for (const char *c = name; *c != '\0'; c++)
			unit_check(r, islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
					      *c == '_');
		for (enum drop other = 0; other < r; other++)
			unit_check(r, strcmp(name, drop_name(other)) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_names),
		cmocka_unit_test(all_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
