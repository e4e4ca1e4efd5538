// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "resumption_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The input is one record of the file, as it stands there before it is sealed.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_cache_entry entry;
	enum resumption_state_kind kind;

	if (!resumption_state_parse(data, size, &kind, &entry))
		return 0;
	if (kind != RESUMPTION_STATE_ORIGIN && kind != RESUMPTION_STATE_REVOKED &&
	    kind != RESUMPTION_STATE_SESSION && kind != RESUMPTION_STATE_FORGOTTEN)
		abort();
	if (entry.id_len > SESSION_CACHE_ID_MAX || entry.value < data ||
	    entry.value + entry.value_len != data + size)
		abort();
	return 0;
}
