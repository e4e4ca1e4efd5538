// SPDX-License-Identifier: BSD-3-Clause
#include "aead.h"

#define X(suite, key, iv, explicit_nonce, tag, rfc)                                                \
	_Static_assert((key) <= AEAD_KEY_MAX && (tag) <= AEAD_TAG_MAX, #suite);
AEAD_SUITES(X)
#undef X

const char *aead_name(enum aead_suite suite)
{
	static const char *const name[AEAD_SUITE_NB] = {
#define X(suite, key, iv, explicit_nonce, tag, rfc) [AEAD_##suite] = #suite,
		AEAD_SUITES(X)
#undef X
	};

	return name[suite];
}
