// SPDX-License-Identifier: BSD-3-Clause
#include "aead.h"

const struct aead_info aead_info[AEAD_SUITE_NB] = {
#define X(suite, key, iv, explicit_nonce, tag, rfc)                                                \
	[AEAD_##suite] = {                                                                         \
		.name = #suite,                                                                    \
		.key_len = key,                                                                    \
		.fixed_iv_len = iv,                                                                \
		.explicit_nonce_len = explicit_nonce,                                              \
		.tag_len = tag,                                                                    \
	},
	AEAD_SUITES(X)
#undef X
};

#define X(suite, key, iv, explicit_nonce, tag, rfc)                                                \
	_Static_assert((key) <= AEAD_KEY_MAX && (tag) <= AEAD_TAG_MAX, #suite);
AEAD_SUITES(X)
#undef X
