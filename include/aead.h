// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_AEAD_H
#define DTLSGW_AEAD_H

#include <stdbool.h>
#include <stdint.h>

// Without ipsec-mb's old names, of which some are OpenSSL's as well.
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

// The suites of the record layer.  Columns: name, key bytes, fixed IV bytes, explicit nonce bytes,
// tag bytes, RFC.  A new suite is a line here, a case in dp/aead_mb.c and dp/aead_ossl.c.
#define AEAD_SUITES(X)                                                                             \
	X(AES_128_GCM, 16, 4, 8, 16, "RFC 5288")                                                   \
	X(AES_256_GCM, 32, 4, 8, 16, "RFC 5288")                                                   \
	X(CHACHA20_POLY1305, 32, 12, 0, 16, "RFC 7905")                                            \
	X(AES_128_CCM, 16, 4, 8, 16, "RFC 6655, RFC 7251")                                         \
	X(AES_256_CCM, 32, 4, 8, 16, "RFC 6655, RFC 7251")                                         \
	X(AES_128_CCM_8, 16, 4, 8, 8, "RFC 6655, RFC 7251")                                        \
	X(AES_256_CCM_8, 32, 4, 8, 8, "RFC 6655, RFC 7251")

enum aead_suite {
#define X(name, key, iv, explicit_nonce, tag, rfc) AEAD_##name,
	AEAD_SUITES(X)
#undef X
		AEAD_SUITE_NB
};

#define AEAD_KEY_MAX   32
#define AEAD_NONCE_LEN 12
#define AEAD_AAD_LEN   13
#define AEAD_AAD_ROOM  16 // of which AEAD_AAD_LEN are additional data
#define AEAD_TAG_MAX   16

#define AEAD_AES_ROUND_KEYS_MAX (15 * 16) // bytes, of AES-256

struct aead_info {
	uint8_t key_len;	    // bytes
	uint8_t fixed_iv_len;	    // bytes
	uint8_t explicit_nonce_len; // bytes
	uint8_t tag_len;	    // bytes
};

static const struct aead_info aead_info[AEAD_SUITE_NB] = {
#define X(name, key, iv, explicit_nonce, tag, rfc) [AEAD_##name] = {key, iv, explicit_nonce, tag},
	AEAD_SUITES(X)
#undef X
};

const char *aead_name(enum aead_suite suite);

// One direction's key as ipsec-mb wants it, which stores into it by cache lines, and how far it may
// still be used for opening (RFC 9147 section 4.5.3).  Owner: whoever owns the session half it lies
// in.
struct aead_key {
	union {
		struct gcm_key_data gcm;
		uint8_t ccm[AEAD_AES_ROUND_KEYS_MAX]; // AES encryption round keys
		uint8_t chacha20[32];
	};
	uint64_t forged;       // records that failed to authenticate
	uint64_t forged_limit; // at so many the session ends
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct aead_key) == sizeof(struct gcm_key_data) + 16, "no gap");

// One record's work, in place.  The caller fills everything but ok.
struct aead_op {
	const struct aead_key *key;
	uint8_t *data;	   // data_len bytes: plaintext or ciphertext, replaced by the other
	uint8_t *tag;	   // tag_len bytes: seal writes, open compares in constant time
	uint32_t data_len; // bytes
	uint8_t suite;	   // enum aead_suite
	bool ok;	   // open: the tag is good; on a bad one data is undefined
	uint16_t index;	   // the caller's own
	uint8_t nonce[AEAD_NONCE_LEN] __attribute__((aligned(16)));
	uint8_t aad[AEAD_AAD_ROOM] __attribute__((aligned(16)));
};
_Static_assert(sizeof(struct aead_op) <= 64, "one cache line an operation");

// A thread's ipsec-mb manager.
struct aead;

struct aead *aead_create(void); // NULL if there is no memory or no usable CPU feature
// The same for a thread that shall share no memory with others that seal and open.  Main thread
// only.
struct aead *aead_create_apart(void);
void aead_destroy(struct aead *aead); // NULL is fine
void aead_key_expand(struct aead *aead, enum aead_suite suite, const uint8_t *key,
		     struct aead_key *expanded);

// Seal or open n records; suites may be mixed.  Safe on the hot path.  Nothing of op is left inside
// when they return.
void aead_seal_burst(struct aead *aead, struct aead_op *op, uint16_t n);
void aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n);

#endif
