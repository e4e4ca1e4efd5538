// SPDX-License-Identifier: BSD-3-Clause
#include "cookie.h"

#include <openssl/crypto.h>
#include <rte_debug.h>

#include "aead_mb.h"
#include "record.h"
#include "wire.h"

#define SHA_256_BLOCK_LEN 64
#define VERSION_LEN	  2
#define HELLO_PART_LEN	  (VERSION_LEN + DTLS_RANDOM_LEN)
#define VERSION_MAJOR	  0xfe // of every DTLS version

// A client counts 0, then 1 after a HelloVerifyRequest, 2 after a second one.
#define MESSAGE_SEQ_MAX 2

// Longest ClientHello there can be: every vector of RFC 5246 section 7.4.1.2 at its maximum.
#define CLIENT_HELLO_MAX                                                                           \
	(HELLO_PART_LEN + 1 + DTLS_SESSION_ID_MAX + 1 + 255 + 2 + 65534 + 1 + 255 + 2 + 65535)

// What is authenticated: flow, version and random.
#define MESSAGE_LEN (sizeof(struct flow_key) + HELLO_PART_LEN)

#define JOBS_MAX 16 // in one call; keeps the stack small

void cookie_secret_init(struct cookie_secret *secret, struct aead *aead, const uint8_t *random)
{
	uint8_t block[SHA_256_BLOCK_LEN];

	memset(block, 0x36, sizeof(block));
	for (size_t i = 0; i < COOKIE_SECRET_LEN; i++)
		block[i] ^= random[i];
	IMB_SHA256_ONE_BLOCK(aead->mgr, block, secret->ipad);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	IMB_SHA256_ONE_BLOCK(aead->mgr, block, secret->opad);
	explicit_bzero(block, sizeof(block));
}

// Returns the body of the message's first fragment and its length, or NULL.  A record holds one
// fragment of one ClientHello: nothing else can come in that flight.
static const uint8_t *first_fragment(struct wire_reader *r, size_t *len)
{
	uint8_t type = wire_u8(r);
	uint32_t message_len = wire_u24(r);
	uint16_t message_seq = wire_u16(r);
	uint32_t fragment_offset = wire_u24(r);
	uint32_t fragment_len = wire_u24(r);

	if (r->failed || type != DTLS_CLIENT_HELLO || message_seq > MESSAGE_SEQ_MAX ||
	    message_len > CLIENT_HELLO_MAX || fragment_offset != 0 || fragment_len > message_len ||
	    fragment_len != wire_left(r))
		return NULL;
	*len = fragment_len;
	return wire_bytes(r, fragment_len);
}

bool client_hello_parse(const uint8_t *p, size_t len, struct client_hello *hello)
{
	struct record rec;
	struct wire_reader r;
	const uint8_t *body;
	uint8_t session_id_len;
	size_t body_len;

	if (!record_parse(p, len, &rec) || rec.type != DTLS_HANDSHAKE || rec.epoch != 0)
		return false;
	r = wire_reader(p + DTLS_RECORD_HEADER_LEN, rec.fragment_len);
	body = first_fragment(&r, &body_len);
	if (body == NULL)
		return false;
	r = wire_reader(body, body_len);
	hello->record_seq = rec.seq;
	hello->version = wire_bytes(&r, HELLO_PART_LEN);
	session_id_len = wire_u8(&r);
	wire_bytes(&r, session_id_len);
	hello->cookie_len = wire_u8(&r);
	hello->cookie = wire_bytes(&r, hello->cookie_len);
	return !r.failed && session_id_len <= DTLS_SESSION_ID_MAX &&
	       hello->version[0] == VERSION_MAJOR;
}

bool client_hello_peek(const uint8_t *p, size_t len)
{
	struct wire_reader r = wire_reader(p, len);
	uint8_t content_type = wire_u8(&r);
	uint16_t epoch;
	uint8_t type;

	wire_u16(&r); // version
	epoch = wire_u16(&r);
	wire_bytes(&r, DTLS_RECORD_HEADER_LEN - 5);
	type = wire_u8(&r);
	if (r.failed || content_type != DTLS_HANDSHAKE || epoch != 0 || type != DTLS_CLIENT_HELLO)
		return false;
	wire_bytes(&r, 3 + 2); // length, message_seq
	return wire_u24(&r) == 0;
}

static void message_write(uint8_t p[static MESSAGE_LEN], const struct cookie_op *op)
{
	memcpy(p, op->flow, sizeof(*op->flow));
	memcpy(p + sizeof(*op->flow), op->hello.version, HELLO_PART_LEN);
}

// out[i] = the cookie of *op[i]; n <= JOBS_MAX.  ok[i] is false where ipsec-mb refused.
static void compute(struct aead *aead, const struct cookie_secret *secret,
		    struct cookie_op *const *op, uint16_t n, uint8_t (*out)[COOKIE_LEN], bool *ok)
{
	uint8_t message[JOBS_MAX][MESSAGE_LEN];
	IMB_JOB job[JOBS_MAX];

	memset(job, 0, n * sizeof(job[0]));
	for (uint16_t i = 0; i < n; i++) {
		message_write(message[i], op[i]);
		job[i].src = message[i];
		job[i].msg_len_to_hash_in_bytes = MESSAGE_LEN;
		job[i].auth_tag_output = out[i];
		job[i].auth_tag_output_len_in_bytes = COOKIE_LEN;
		job[i].u.HMAC._hashed_auth_key_xor_ipad = secret->ipad;
		job[i].u.HMAC._hashed_auth_key_xor_opad = secret->opad;
		job[i].hash_alg = IMB_AUTH_HMAC_SHA_256;
		job[i].cipher_mode = IMB_CIPHER_NULL;
	}
	IMB_SUBMIT_HASH_BURST(aead->mgr, job, n, IMB_AUTH_HMAC_SHA_256);
	for (uint16_t i = 0; i < n; i++)
		ok[i] = job[i].status == IMB_STATUS_COMPLETED;
}

static bool matches(const struct cookie_op *op, const uint8_t cookie[COOKIE_LEN])
{
	return op->hello.cookie_len == COOKIE_LEN &&
	       CRYPTO_memcmp(op->hello.cookie, cookie, COOKIE_LEN) == 0;
}

// At most JOBS_MAX operations: the new secret for all, the old one for those with another cookie.
static void cookie_part(struct aead *aead, const struct cookie_secrets *secrets,
			struct cookie_op *op, uint16_t n)
{
	struct cookie_op *todo[JOBS_MAX] = {0};
	uint8_t out[JOBS_MAX][COOKIE_LEN] = {0};
	bool ok[JOBS_MAX];
	uint16_t left = 0;

	for (uint16_t i = 0; i < n; i++)
		todo[i] = &op[i];
	compute(aead, &secrets->secret[0], todo, n, out, ok);
	for (uint16_t i = 0; i < n; i++) {
		RTE_ASSERT(ok[i]);
		memcpy(op[i].cookie, out[i], COOKIE_LEN);
		op[i].good = ok[i] && matches(&op[i], out[i]);
		if (!op[i].good && op[i].hello.cookie_len == COOKIE_LEN)
			todo[left++] = &op[i];
	}
	if (left == 0)
		return;
	compute(aead, &secrets->secret[1], todo, left, out, ok);
	for (uint16_t i = 0; i < left; i++)
		todo[i]->good = ok[i] && matches(todo[i], out[i]);
}

void cookie_burst(struct aead *aead, const struct cookie_secrets *secrets, struct cookie_op *op,
		  uint16_t n)
{
	for (uint16_t i = 0; i < n; i += JOBS_MAX)
		cookie_part(aead, secrets, op + i, n - i < JOBS_MAX ? n - i : JOBS_MAX);
}

void hello_verify_write(uint8_t p[static HELLO_VERIFY_LEN], uint64_t record_seq,
			const uint8_t cookie[static COOKIE_LEN])
{
	const uint32_t body_len = VERSION_LEN + 1 + COOKIE_LEN;
	const struct record rec = {
		.type = DTLS_HANDSHAKE,
		.version = DTLS_VERSION_1_0,
		.seq = record_seq,
		.fragment_len = HELLO_VERIFY_LEN - DTLS_RECORD_HEADER_LEN,
	};
	struct wire_writer w = wire_writer(p, HELLO_VERIFY_LEN);

	record_write(wire_room(&w, DTLS_RECORD_HEADER_LEN), &rec);
	wire_put_uint(&w, DTLS_HELLO_VERIFY_REQUEST, 1);
	wire_put_uint(&w, body_len, 3);
	wire_put_uint(&w, 0, 2); // message_seq
	wire_put_uint(&w, 0, 3); // fragment_offset
	wire_put_uint(&w, body_len, 3);
	wire_put_uint(&w, DTLS_VERSION_1_0, VERSION_LEN);
	wire_put_uint(&w, COOKIE_LEN, 1);
	wire_put_bytes(&w, cookie, COOKIE_LEN);
}
