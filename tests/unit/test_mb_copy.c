// SPDX-License-Identifier: BSD-3-Clause
#include "mb_copy.h"

#include "aead_mb.h"
#include "unit.h"

#define MANY 40 // more than there are copies

#define SHARES_ERRNO (IMB_VERSION_NUM < IMB_VERSION(1, 4, 0))

// Two lcores run code with data of its own each.
static void test_apart(void **state)
{
	static const uint8_t key[16] = {1}, plain[32] = {2};
	struct aead *aead[] = {aead_create(), aead_create_apart(), aead_create_apart()};
	struct aead_op op[3];
	struct aead_key expanded;
	uint8_t data[3][sizeof(plain)], tag[3][16];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(aead[i]);
		for (size_t k = 0; k < i; k++)
			assert_true(!SHARES_ERRNO ||
				    aead[i]->mgr->gcm128_enc != aead[k]->mgr->gcm128_enc);
		aead_key_expand(aead[0], AEAD_AES_128_GCM, key, &expanded);
		memcpy(data[i], plain, sizeof(plain));
		op[i] = (struct aead_op){.key = &expanded,
					 .suite = AEAD_AES_128_GCM,
					 .data = data[i],
					 .data_len = sizeof(plain),
					 .tag = tag[i]};
		aead_seal_burst(aead[i], &op[i], 1);
		assert_memory_equal(data[i], data[0], sizeof(plain));
		assert_memory_equal(tag[i], tag[0], sizeof(tag[0]));
	}
	for (size_t i = 0; i < 3; i++)
		aead_destroy(aead[i]);
}

// Where copies run out, users share them evenly; one that nobody uses is taken again.
static void test_shared(void **state)
{
	struct mb_copy *copy[MANY];
	unsigned int low = MANY, high = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		copy[i] = mb_copy_get();
	for (size_t i = 0; SHARES_ERRNO && i < MANY; i++) {
		low = RTE_MIN(low, copy[i]->users);
		high = RTE_MAX(high, copy[i]->users);
		assert_ptr_not_equal(copy[i], mb_copy_linked());
	}
	if (SHARES_ERRNO) {
		assert_in_range(high - low, 0, 1);
		assert_int_equal(high, (MANY + MB_COPIES_MAX - 1) / MB_COPIES_MAX);
	}
	assert_int_equal(mb_copy_shares(copy[0]), SHARES_ERRNO);
	for (size_t i = 0; i < MANY; i++)
		mb_copy_put(copy[i]);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(copy[i]->users, 0);
	copy[0] = mb_copy_get();
	copy[1] = mb_copy_get();
	assert_true(!SHARES_ERRNO || copy[0] != copy[1]);
	assert_false(mb_copy_shares(copy[0]));
	mb_copy_put(copy[0]);
	mb_copy_put(copy[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests_name("mb_copy", tests, NULL, NULL);
}
