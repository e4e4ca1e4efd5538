// SPDX-License-Identifier: BSD-3-Clause
#include "session.h"

#include <string.h>

#include "dtls.h"

// Sequence numbers kept back from application data, for alerts and a resent last flight.
#define SEQ_RESERVE 16

// How far one key may be used.
struct limits {
	uint64_t records; // sealed
	uint64_t blocks;  // of 16 bytes, sealed
	uint64_t forged;  // records that failed to authenticate
};

static struct limits limits_get(enum aead_suite suite)
{
	switch (suite) {
	case AEAD_AES_128_GCM:
	case AEAD_AES_256_GCM:
		// 2^24.5 full-size records, 2^10 blocks each, may be protected with one key (RFC
		// 8446 section 5.5, to which RFC 9147 section 4.5.3 refers), and 2^36 may fail to
		// authenticate (RFC 9147 section 4.5.3).
		return (struct limits){.records = DTLS_SEQ_MAX,
				       .blocks = UINT64_C(23726566) << 10,
				       .forged = UINT64_C(1) << 36};
	case AEAD_CHACHA20_POLY1305:
		// None but the sequence numbers (RFC 8446 section 5.5), and 2^36 (RFC 9147 section
		// 4.5.3).
		return (struct limits){
			.records = DTLS_SEQ_MAX, .blocks = UINT64_MAX, .forged = UINT64_C(1) << 36};
	case AEAD_AES_128_CCM:
	case AEAD_AES_256_CCM:
		// 2^23 records and 2^23.5 (RFC 9147 section 4.5.3 and appendix B).
		return (struct limits){.records = UINT64_C(1) << 23,
				       .blocks = UINT64_MAX,
				       .forged = UINT64_C(11863283)};
	case AEAD_AES_128_CCM_8:
	case AEAD_AES_256_CCM_8:
		// 2^7 keep the chance of a forgery as low as the others do; in return whoever can
		// send in the client's name can end the session (RFC 9147 section 4.5.3 and
		// appendix B).
		return (struct limits){.records = UINT64_C(1) << 23,
				       .blocks = UINT64_MAX,
				       .forged = UINT64_C(1) << 7};
	case AEAD_SUITE_NB:
		break;
	}
	return (struct limits){0};
}

const char *session_end_text(enum session_end end)
{
	static const char *const text[SESSION_END_NB] = {
#define X(name, sentence) [SESSION_END_##name] = sentence,
		SESSION_ENDS(X)
#undef X
	};

	return end < SESSION_END_NB ? text[end] : "unknown";
}

void session_init(struct session *s, struct aead *aead, const struct traffic_keys *keys,
		  uint32_t replay_window)
{
	const struct aead_info *info = &aead_info[keys->suite];
	const struct limits limits = limits_get(keys->suite);
	const uint8_t node = s->node;

	memset(s, 0, sizeof(*s));
	s->node = node;
	s->suite = (uint8_t)keys->suite;
	s->state = SESSION_BUILT;
	s->end = SESSION_END_NONE;

	s->rx.epoch = 1;
	memcpy(s->rx.iv, keys->client_iv, info->fixed_iv_len);
	aead_key_expand(aead, keys->suite, keys->client_key, &s->rx.key);
	s->rx.key.forged_limit = limits.forged;
	replay_init(&s->rx.replay, s->replay_bitmap, replay_window);

	s->tx.epoch = 1;
	s->tx.seq_limit = limits.records - SEQ_RESERVE;
	s->tx.blocks_left = limits.blocks;
	s->tx.plain_max = DTLS_PLAIN_MAX;
	memcpy(s->tx.iv, keys->server_iv, info->fixed_iv_len);
	aead_key_expand(aead, keys->suite, keys->server_key, &s->tx.key);
}
