// SPDX-License-Identifier: BSD-3-Clause
#include "session.h"

#include "dtls.h"
#include "unit.h"

static struct aead *aead;

static int set_up(void **state)
{
	(void)state;
	aead = aead_create();
	return aead == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	aead_destroy(aead);
	return 0;
}

static void fill_keys(struct traffic_keys *keys, enum aead_suite suite)
{
	keys->suite = suite;
	memset(keys->client_key, 0xc0, sizeof(keys->client_key));
	memset(keys->server_key, 0x50, sizeof(keys->server_key));
	memset(keys->client_iv, 0, sizeof(keys->client_iv));
	memset(keys->server_iv, 0, sizeof(keys->server_iv));
	memset(keys->client_iv, 0xc1, aead_info[suite].fixed_iv_len);
	memset(keys->server_iv, 0x51, aead_info[suite].fixed_iv_len);
}

// True if what is sealed with key opens with the raw key.
static bool seals_as(const struct aead_key *key, enum aead_suite suite, const uint8_t *raw)
{
	uint8_t data[20] = "some twenty letters", tag[AEAD_TAG_MAX];
	struct aead_key expanded;
	struct aead_op op = {
		.key = key,
		.data = data,
		.tag = tag,
		.data_len = sizeof(data),
		.suite = (uint8_t)suite,
	};

	aead_key_expand(aead, suite, raw, &expanded);
	aead_seal_burst(aead, &op, 1);
	op.key = &expanded;
	aead_open_burst(aead, &op, 1);
	return op.ok && strcmp((char *)data, "some twenty letters") == 0;
}

static void inits(enum aead_suite suite, uint32_t window)
{
	const struct encap no_encap = {0};
	size_t size = session_size(window);
	struct session *s =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(size + 1, RTE_CACHE_LINE_SIZE));
	struct traffic_keys keys;

	memset(s, 0xee, size + 1);
	fill_keys(&keys, suite);
	session_init(s, aead, &keys, window);
	assert_int_equal(((uint8_t *)s)[size], 0xee); // nothing behind the window

	assert_int_equal(s->suite, suite);
	assert_int_equal(s->state, SESSION_BUILT);
	assert_int_equal(s->end, SESSION_END_NONE);
	assert_int_equal(s->id, 0);
	assert_int_equal(s->used_tsc, 0);
	assert_null(s->next_over);
	assert_memory_equal(&s->rx.encap, &no_encap, sizeof(no_encap));
	assert_memory_equal(&s->tx.encap, &no_encap, sizeof(no_encap));

	assert_int_equal(s->rx.epoch, 1);
	assert_int_equal(s->rx.records | s->rx.bytes | s->rx.key.forged, 0);
	assert_memory_equal(s->rx.iv, keys.client_iv, AEAD_NONCE_LEN);
	assert_true(seals_as(&s->rx.key, suite, keys.client_key));
	assert_false(seals_as(&s->rx.key, suite, keys.server_key));

	assert_int_equal(s->tx.epoch, 1);
	assert_int_equal(s->tx.seq | s->tx.bytes, 0);
	assert_memory_equal(s->tx.iv, keys.server_iv, AEAD_NONCE_LEN);
	assert_true(seals_as(&s->tx.key, suite, keys.server_key));

	for (uint32_t seq = 0; seq < window; seq++)
		assert_true(replay_fresh(&s->rx.replay, seq));
	assert_true(replay_accept(&s->rx.replay, window - 1));
	free(s);
}

static void all_suites_and_windows(void **state)
{
	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		for (uint32_t w = REPLAY_WINDOW_MIN; w <= REPLAY_WINDOW_MAX; w *= 2)
			inits(suite, w);
	}
}

// RFC 8446 section 5.5 and RFC 9147 section 4.5.3.
static void limits(void **state)
{
	static const struct {
		uint64_t records, blocks, forged;
	} rows[AEAD_SUITE_NB] = {
		[AEAD_AES_128_GCM] = {DTLS_SEQ_MAX, UINT64_C(23726566) << 10, UINT64_C(1) << 36},
		[AEAD_AES_256_GCM] = {DTLS_SEQ_MAX, UINT64_C(23726566) << 10, UINT64_C(1) << 36},
		[AEAD_CHACHA20_POLY1305] = {DTLS_SEQ_MAX, UINT64_MAX, UINT64_C(1) << 36},
		[AEAD_AES_128_CCM] = {1 << 23, UINT64_MAX, 11863283}, // 2^23.5
		[AEAD_AES_256_CCM] = {1 << 23, UINT64_MAX, 11863283},
		[AEAD_AES_128_CCM_8] = {1 << 23, UINT64_MAX, 128},
		[AEAD_AES_256_CCM_8] = {1 << 23, UINT64_MAX, 128},
	};

	(void)state;
	for (enum aead_suite suite = 0; suite < AEAD_SUITE_NB; suite++) {
		struct session *s = aligned_alloc(
			RTE_CACHE_LINE_SIZE,
			RTE_ALIGN(session_size(REPLAY_WINDOW_MIN), RTE_CACHE_LINE_SIZE));
		struct traffic_keys keys;

		fill_keys(&keys, suite);
		session_init(s, aead, &keys, REPLAY_WINDOW_MIN);
		unit_check(suite, s->tx.seq_limit == rows[suite].records - 16);
		unit_check(suite, s->tx.blocks_left == rows[suite].blocks);
		unit_check(suite, s->rx.key.forged_limit == rows[suite].forged);
		free(s);
	}
}

static void wipes_keys(void **state)
{
	const struct traffic_keys none = {0};
	struct traffic_keys keys;

	(void)state;
	fill_keys(&keys, AEAD_AES_256_GCM);
	keys_wipe(&keys);
	assert_memory_equal(keys.client_key, none.client_key, sizeof(none.client_key));
	assert_memory_equal(keys.server_key, none.server_key, sizeof(none.server_key));
	assert_memory_equal(keys.server_iv, none.server_iv, sizeof(none.server_iv));
}

static void end_texts(void **state)
{
	(void)state;
	for (enum session_end end = 0; end < SESSION_END_NB; end++)
		unit_check(end, strlen(session_end_text(end)) > 0);
	assert_string_equal(session_end_text(SESSION_END_IDLE), "idle timeout");
	assert_string_equal(session_end_text(SESSION_END_NB), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_suites_and_windows),
		cmocka_unit_test(limits),
		cmocka_unit_test(wipes_keys),
		cmocka_unit_test(end_texts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
