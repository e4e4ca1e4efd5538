// SPDX-License-Identifier: BSD-3-Clause
#include "drop.h"

#include <ctype.h>
#include <rte_common.h>

#define NAME_LEN 24 // bytes, NUL included

static char name[DROP_NB][NAME_LEN] = {
#define X(reason, text) [DROP_##reason] = #reason,
	DROP_REASONS(X)
#undef X
};

#define X(reason, text) _Static_assert(sizeof(#reason) <= NAME_LEN, #reason);
DROP_REASONS(X)
#undef X

static const char *const text[DROP_NB] = {
#define X(reason, sentence) [DROP_##reason] = sentence,
	DROP_REASONS(X)
#undef X
};

RTE_INIT(drop_names_lower)
{
	DROP_FOREACH (r) {
		for (char *c = name[r]; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
	}
}

const char *drop_name(enum drop reason)
{
	return reason < DROP_NB ? name[reason] : "unknown";
}

const char *drop_text(enum drop reason)
{
	return reason < DROP_NB ? text[reason] : "unknown";
}
