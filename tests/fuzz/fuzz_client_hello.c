// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "cookie.h"
#include "record.h"

// A datagram as the stateless part takes it: peek, parse, cookie, HelloVerifyRequest.

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct aead *aead;
static struct cookie_secrets secrets;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void set_up(void)
{
	static const uint8_t random[2][COOKIE_SECRET_LEN] = {"new", "old"};

	if (aead != NULL)
		return;
	aead = aead_create();
	require(aead != NULL);
	cookie_secret_init(&secrets.secret[0], aead, random[0]);
	cookie_secret_init(&secrets.secret[1], aead, random[1]);
}

static bool inside(const uint8_t *part, size_t len, const uint8_t *p, size_t size)
{
	return part >= p && len <= size && part <= p + size - len;
}

// Once the cookie in the ClientHello is the one that was made, it is good.
static void check_cookie(struct cookie_op *op, uint8_t *p)
{
	cookie_burst(aead, &secrets, op, 1);
	require(!op->good || op->hello.cookie_len == COOKIE_LEN);
	if (op->hello.cookie_len != COOKIE_LEN)
		return;
	memcpy(p + (op->hello.cookie - p), op->cookie, COOKIE_LEN);
	cookie_burst(aead, &secrets, op, 1);
	require(op->good);
}

static void run(uint8_t *p, size_t size)
{
	const struct flow_key flow = {.remote_port = 1, .local_port = 2};
	struct cookie_op op = {.flow = &flow};
	bool peeked = client_hello_peek(p, size);
	struct record rec;

	if (!client_hello_parse(p, size, &op.hello))
		return;
	require(peeked);
	require(size >= HELLO_VERIFY_LEN); // no amplifier
	require(inside(op.hello.version, 2 + DTLS_RANDOM_LEN, p, size));
	require(inside(op.hello.cookie, op.hello.cookie_len, p, size));
	check_cookie(&op, p);
	hello_verify_write(p, op.hello.record_seq, op.cookie);
	require(record_parse(p, HELLO_VERIFY_LEN, &rec) && rec.seq == op.hello.record_seq);
	require(DTLS_RECORD_HEADER_LEN + rec.fragment_len == HELLO_VERIFY_LEN);
	require(!client_hello_peek(p, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		return 0;
	set_up();
	memcpy(copy, data, size);
	run(copy, size);
	free(copy);
	return 0;
}
