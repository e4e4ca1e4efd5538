// SPDX-License-Identifier: BSD-3-Clause
#include "cookie.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "record.h"
#include "unit.h"
#include "wire.h"

#define HELLO_MAX  512
#define COOKIE_AT  (DTLS_RECORD_HEADER_LEN + DTLS_HANDSHAKE_HEADER_LEN + 34 + 1 + 1)
#define SECRETS_NB 3

// A ClientHello to be.  Lengths are what they should be, plus the lie.
struct hello {
	int type, record_version, epoch;
	int message_type, message_seq, fragment_offset;
	int version, session_id_len, cookie_len;
	int more;   // bytes of the message in further fragments
	int behind; // bytes of suites and extensions behind the cookie
	int lie_record, lie_message, lie_fragment;
};

static const struct hello good = {
	.type = DTLS_HANDSHAKE,
	.record_version = DTLS_VERSION_1_0,
	.message_type = DTLS_CLIENT_HELLO,
	.version = DTLS_VERSION_1_2,
	.behind = 40,
};

static const struct flow_key flow = {
	.remote = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}},
	.local = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
	.remote_port = 0x1234,
	.local_port = 0x5111,
	.port_id = 3,
};

static struct aead *aead;
static uint8_t raw_secret[COOKIE_SECRET_LEN];
static struct cookie_secret secret[SECRETS_NB]; // [0] expands raw_secret
static struct cookie_secrets secrets;

static size_t build(const struct hello *h, uint8_t p[static HELLO_MAX])
{
	int body = 34 + 1 + h->session_id_len + 1 + h->cookie_len + h->behind;
	const struct record rec = {
		.type = (uint8_t)h->type,
		.version = (uint16_t)h->record_version,
		.epoch = (uint16_t)h->epoch,
		.seq = UINT64_C(0x0102030405),
		.fragment_len = (uint16_t)(DTLS_HANDSHAKE_HEADER_LEN + body + h->lie_record),
	};
	struct wire_writer w = wire_writer(p, HELLO_MAX);

	memset(p, 0, HELLO_MAX);
	record_write(wire_room(&w, DTLS_RECORD_HEADER_LEN), &rec);
	wire_put_uint(&w, (uint64_t)h->message_type, 1);
	wire_put_uint(&w, (uint64_t)(body + h->more + h->lie_message), 3);
	wire_put_uint(&w, (uint64_t)h->message_seq, 2);
	wire_put_uint(&w, (uint64_t)h->fragment_offset, 3);
	wire_put_uint(&w, (uint64_t)(body + h->lie_fragment), 3);
	wire_put_uint(&w, (uint64_t)h->version, 2);
	memset(wire_room(&w, DTLS_RANDOM_LEN), 0x77, DTLS_RANDOM_LEN);
	wire_put_uint(&w, (uint64_t)h->session_id_len, 1);
	memset(wire_room(&w, (size_t)h->session_id_len), 0x55, (size_t)h->session_id_len);
	wire_put_uint(&w, (uint64_t)h->cookie_len, 1);
	wire_room(&w, (size_t)(h->cookie_len + h->behind));
	assert_false(w.failed);
	return (size_t)(w.next - p);
}

// Parses a copy that ends with its allocation, so that a sanitizer sees a byte read behind it.
static bool parses(const uint8_t *p, size_t len)
{
	struct client_hello hello;
	uint8_t *copy = malloc(len > 0 ? len : 1);
	bool parsed;

	memcpy(copy, p, len);
	parsed = client_hello_parse(copy, len, &hello);
	if (parsed) {
		assert_true(client_hello_peek(copy, len));
		assert_true(hello.cookie + hello.cookie_len <= copy + len);
		assert_true(len >= HELLO_VERIFY_LEN); // no amplifier
	}
	free(copy);
	return parsed;
}

static void parses_fields(void **state)
{
	struct hello h = good;
	struct client_hello hello;
	uint8_t p[HELLO_MAX];

	(void)state;
	h.session_id_len = 32;
	h.cookie_len = 3;
	assert_true(client_hello_parse(p, build(&h, p), &hello));
	assert_int_equal(hello.record_seq, UINT64_C(0x0102030405));
	assert_ptr_equal(hello.version, p + 25);
	assert_int_equal(hello.cookie_len, 3);
	assert_ptr_equal(hello.cookie, p + COOKIE_AT + 32);
}

// Each a good ClientHello but for one field.
static void parse_rules(void **state)
{
#define ROW(name, value, accepted)                                                                 \
	{                                                                                          \
		offsetof(struct hello, name), value, accepted, #name                               \
	}
	static const struct {
		size_t at;
		int value;
		bool accepted;
		const char *name;
	} rows[] = {
		ROW(type, DTLS_APPLICATION_DATA, false),
		ROW(record_version, DTLS_VERSION_1_2, true),
		ROW(record_version, 0x0301, false),
		ROW(epoch, 1, false),
		ROW(message_type, DTLS_FINISHED, false),
		ROW(message_seq, 1, true),
		ROW(message_seq, 2, true),
		ROW(message_seq, 3, false),
		ROW(message_seq, 0x100, false),
		ROW(fragment_offset, 1, false),
		ROW(fragment_offset, 0x10000, false),
		ROW(version, DTLS_VERSION_1_0, true), // cp answers it with an alert
		ROW(version, 0xfefc, true),	      // of the future: negotiated down
		ROW(version, 0x0303, false),
		ROW(version, 0, false),
		ROW(session_id_len, 32, true),
		ROW(session_id_len, 33, false),
		ROW(session_id_len, 255, false),
		ROW(cookie_len, 0, true),
		ROW(cookie_len, 1, true),
		ROW(cookie_len, 255, true),
		ROW(more, 1, true), // the first fragment of a longer message
		ROW(more, 100000, true),
		ROW(more, 0x20200, false), // longer than any ClientHello
		ROW(more, 0xffff00, false),
		ROW(behind, 0, true), // the fragment ends with the cookie
		ROW(lie_record, 1, false),
		ROW(lie_record, -1, false),
		ROW(lie_record, 300, false),
		ROW(lie_message, -1, false),
		ROW(lie_fragment, 1, false),
		ROW(lie_fragment, -1, false),
		ROW(lie_fragment, -40, false),
	};
#undef ROW
	uint8_t p[HELLO_MAX];

	(void)state;
	assert_true(parses(p, build(&good, p)));
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct hello h = good;

		memcpy((uint8_t *)&h + rows[i].at, &rows[i].value, sizeof(int));
		if (parses(p, build(&h, p)) != rows[i].accepted)
			fail_msg("%s = %d", rows[i].name, rows[i].value);
	}
}

// No length inside may point behind the cookie's end, wherever the datagram, the record or the
// fragment ends.
static void truncations(void **state)
{
	struct hello h = good;
	uint8_t p[HELLO_MAX];
	size_t len;

	(void)state;
	h.session_id_len = 32;
	h.cookie_len = 32;
	h.behind = 0;
	len = build(&h, p);
	assert_true(parses(p, len));
	assert_true(parses(p, len + 20)); // another record behind it
	for (size_t cut = 0; cut < len; cut++)
		assert_false(parses(p, cut));
	// The same with lengths that agree with the cut.
	for (size_t cut = DTLS_RECORD_HEADER_LEN + DTLS_HANDSHAKE_HEADER_LEN; cut < len; cut++) {
		size_t body = cut - DTLS_RECORD_HEADER_LEN - DTLS_HANDSHAKE_HEADER_LEN;

		p[12] = (uint8_t)(body + DTLS_HANDSHAKE_HEADER_LEN);
		p[24] = (uint8_t)body;
		assert_false(parses(p, cut));
	}
}

static void inner_lengths_lie(void **state)
{
	struct hello h = good;
	uint8_t p[HELLO_MAX];
	size_t len;

	(void)state;
	h.behind = 0;
	len = build(&h, p);
	for (int lie = 1; lie <= UINT8_MAX; lie++) {
		p[COOKIE_AT - 1] = (uint8_t)lie;
		assert_false(parses(p, len));
	}
	p[COOKIE_AT - 1] = 0;
	for (int lie = 1; lie <= UINT8_MAX; lie++) {
		p[COOKIE_AT - 2] = (uint8_t)lie;
		assert_false(parses(p, len));
	}
}

static void peeks(void **state)
{
	struct hello h = good;
	uint8_t p[HELLO_MAX];
	size_t len = build(&good, p);

	(void)state;
	// From its message type on it is a ClientHello, however little of it there is.
	for (size_t cut = 0; cut <= len; cut++)
		assert_int_equal(client_hello_peek(p, cut), cut > DTLS_RECORD_HEADER_LEN);
	h.fragment_offset = 1;
	assert_false(client_hello_peek(p, build(&h, p)));
	h = good;
	h.epoch = 1;
	assert_false(client_hello_peek(p, build(&h, p)));
	h = good;
	h.message_type = DTLS_FINISHED;
	assert_false(client_hello_peek(p, build(&h, p)));
	h = good;
	h.type = DTLS_ALERT;
	assert_false(client_hello_peek(p, build(&h, p)));
	h = good;
	h.record_version = 0;
	assert_true(client_hello_peek(p, build(&h, p)));
}

// A ClientHello with a cookie of the given length, and its work.  The first bytes of the cookie
// are those of made, if there is one.
static struct cookie_op op_of(uint8_t p[static HELLO_MAX], int cookie_len, const uint8_t *made)
{
	struct hello h = good;
	struct cookie_op op = {.flow = &flow};
	size_t len;

	h.cookie_len = cookie_len;
	len = build(&h, p);
	if (made != NULL)
		memcpy(p + COOKIE_AT, made, (size_t)RTE_MIN(cookie_len, COOKIE_LEN));
	assert_true(client_hello_parse(p, len, &op.hello));
	return op;
}

static bool accepted(struct cookie_op op)
{
	cookie_burst(aead, &secrets, &op, 1);
	return op.good;
}

static void use_secrets(size_t newest, size_t older)
{
	secrets.secret[0] = secret[newest];
	secrets.secret[1] = secret[older];
}

static void good_old_and_too_old(void **state)
{
	uint8_t p[HELLO_MAX];
	struct cookie_op op = op_of(p, 0, NULL);
	struct cookie_op back;

	(void)state;
	use_secrets(0, 1);
	cookie_burst(aead, &secrets, &op, 1);
	assert_false(op.good);
	back = op_of(p, COOKIE_LEN, op.cookie);
	assert_true(accepted(back));
	use_secrets(2, 0); // rotated once
	assert_true(accepted(back));
	use_secrets(1, 2); // rotated twice
	assert_false(accepted(back));
}

static void every_bit_counts(void **state)
{
	uint8_t p[HELLO_MAX];
	struct cookie_op op = op_of(p, 0, NULL), back;
	struct flow_key other;

	(void)state;
	use_secrets(0, 1);
	cookie_burst(aead, &secrets, &op, 1);
	back = op_of(p, COOKIE_LEN, op.cookie);
	// The cookie itself, version, random.
	for (size_t bit = 0; bit < 8 * COOKIE_LEN; bit++) {
		p[COOKIE_AT + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(accepted(back));
		p[COOKIE_AT + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t i = 0; i < 34; i++) {
		p[25 + i] ^= 1;
		assert_false(accepted(back));
		p[25 + i] ^= 1;
	}
	// The flow.
	for (size_t i = 0; i < sizeof(other); i++) {
		other = flow;
		((uint8_t *)&other)[i] ^= 1;
		back.flow = &other;
		assert_false(accepted(back));
	}
	back.flow = &flow;
	assert_true(accepted(back));
}

static void wrong_lengths(void **state)
{
	static const int lens[] = {0, 1, 31, 33, 255};
	uint8_t p[HELLO_MAX];
	struct cookie_op op = op_of(p, 0, NULL);

	(void)state;
	use_secrets(0, 1);
	cookie_burst(aead, &secrets, &op, 1);
	for (size_t i = 0; i < UNIT_NB(lens); i++)
		unit_check(i, !accepted(op_of(p, lens[i], op.cookie)));
}

// Bursts longer than one call of ipsec-mb, good and bad and old cookies mixed.
static void bursts(void **state)
{
	static uint8_t p[64][HELLO_MAX];
	struct cookie_op op[64];
	struct cookie_op made = op_of(p[0], 0, NULL), old = made;

	(void)state;
	use_secrets(1, 2);
	cookie_burst(aead, &secrets, &old, 1);
	use_secrets(0, 1);
	cookie_burst(aead, &secrets, &made, 1);
	for (uint16_t n = 0; n <= UNIT_NB(op); n++) {
		for (size_t i = 0; i < n; i++) {
			const uint8_t *cookie[] = {made.cookie, NULL, old.cookie};

			op[i] = op_of(p[i], i % 4 == 3 ? 0 : COOKIE_LEN, cookie[i % 3]);
		}
		cookie_burst(aead, &secrets, op, n);
		for (size_t i = 0; i < n; i++) {
			unit_check(i, op[i].good == (i % 4 != 3 && i % 3 != 1));
			assert_memory_equal(op[i].cookie, made.cookie, COOKIE_LEN);
		}
	}
}

// The cookie is the HMAC-SHA-256 that libcrypto computes over flow, version and random, whatever
// the session id.
static void known_hmac(void **state)
{
	struct hello h = good;
	uint8_t p[HELLO_MAX], message[128], expect[COOKIE_LEN];

	(void)state;
	use_secrets(0, 1);
	for (h.session_id_len = 0; h.session_id_len <= DTLS_SESSION_ID_MAX; h.session_id_len++) {
		struct cookie_op op = {.flow = &flow};
		struct wire_writer w = wire_writer(message, sizeof(message));
		unsigned int len = sizeof(expect);

		assert_true(client_hello_parse(p, build(&h, p), &op.hello));
		wire_put_bytes(&w, &flow, sizeof(flow));
		wire_put_bytes(&w, p + 25, 34);
		assert_non_null(HMAC(EVP_sha256(), raw_secret, sizeof(raw_secret), message,
				     (size_t)(w.next - message), expect, &len));
		cookie_burst(aead, &secrets, &op, 1);
		assert_memory_equal(op.cookie, expect, sizeof(expect));
	}
}

// RFC 6347 section 4.2.1, byte for byte, written over the ClientHello it answers.
static void writes_hello_verify(void **state)
{
	static const uint8_t expect[] = {
		22,   0xfe, 0xff, 0,  0, 0, 0x01, 0x02, 0x03, 0x04, 0x05, 0,  47, //
		3,    0,    0,	  35, 0, 0, 0,	  0,	0,    0,    0,	  35,	  //
		0xfe, 0xff, 32,
	};
	uint8_t p[HELLO_MAX];
	struct cookie_op op = op_of(p, 0, NULL);

	(void)state;
	use_secrets(0, 1);
	cookie_burst(aead, &secrets, &op, 1);
	p[HELLO_VERIFY_LEN] = 0xee;
	hello_verify_write(p, op.hello.record_seq, op.cookie);
	assert_memory_equal(p, expect, sizeof(expect));
	assert_memory_equal(p + sizeof(expect), op.cookie, COOKIE_LEN);
	assert_int_equal(sizeof(expect) + COOKIE_LEN, HELLO_VERIFY_LEN);
	assert_int_equal(p[HELLO_VERIFY_LEN], 0xee);
}

// The smallest ClientHello that is answered is not smaller than the answer.
static void never_amplifies(void **state)
{
	struct hello h = good;
	uint8_t p[HELLO_MAX];
	size_t len;

	(void)state;
	h.behind = 0;
	len = build(&h, p);
	assert_true(parses(p, len));
	assert_true(len >= HELLO_VERIFY_LEN);
}

static int set_up(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	aead = aead_create();
	if (aead == NULL)
		return -1;
	for (size_t i = SECRETS_NB; i-- > 0;) {
		unit_random_bytes(&seed, raw_secret, sizeof(raw_secret));
		cookie_secret_init(&secret[i], aead, raw_secret);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	aead_destroy(aead);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_fields),
		cmocka_unit_test(parse_rules),
		cmocka_unit_test(truncations),
		cmocka_unit_test(inner_lengths_lie),
		cmocka_unit_test(peeks),
		cmocka_unit_test(good_old_and_too_old),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(wrong_lengths),
		cmocka_unit_test(bursts),
		cmocka_unit_test(known_hmac),
		cmocka_unit_test(writes_hello_verify),
		cmocka_unit_test(never_amplifies),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
