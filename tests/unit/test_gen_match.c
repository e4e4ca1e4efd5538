// SPDX-License-Identifier: BSD-3-Clause
#include "dial_bio.h"
#include "encap.h"
#include "hosts.h"
#include "match.h"
#include "unit.h"

#define PAYLOAD 40

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};

// A frame to us as the gateway makes it.  Returns its bytes.
static uint16_t make(uint8_t *frame, const char *src, const char *dst)
{
	static uint8_t buffer[512];
	struct encap_addr addr = {.src_port = rte_cpu_to_be_16(4433),
				  .dst_port = rte_cpu_to_be_16(10007)};
	struct port port = {.mtu = 1500};
	struct rte_mbuf m = {.buf_addr = buffer,
			     .buf_len = sizeof(buffer),
			     .data_off = 128,
			     .data_len = PAYLOAD,
			     .pkt_len = PAYLOAD,
			     .nb_segs = 1};
	struct encap e;
	uint64_t word = 0;

	assert_int_equal(ip_parse(src, &addr.src), 0);
	assert_int_equal(ip_parse(dst, &addr.dst), 0);
	memcpy(&word, &mac, sizeof(mac));
	encap_init(&e, &port, 0, 0, &addr);
	encap_push(&m, &e, &port, word);
	memcpy(frame, rte_pktmbuf_mtod(&m, uint8_t *), m.data_len);
	return m.data_len;
}

static const struct {
	const char *src, *dst;
} families[] = {
	{"198.51.100.1", "198.51.100.2"},
	{"2001:db8::1", "2001:db8::2"},
};

static void test_good(void **state)
{
	uint8_t frame[512];
	char text[IP_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(families); i++) {
		uint16_t len = make(frame, families[i].src, families[i].dst);
		struct match match;

		unit_check(i, match_frame(&mac, frame, len, &match));
		assert_string_equal(ip_format(&match.src, text), families[i].src);
		assert_string_equal(ip_format(&match.dst, text), families[i].dst);
		unit_check(i, match.src_port == rte_cpu_to_be_16(4433));
		unit_check(i, match.dst_port == rte_cpu_to_be_16(10007));
		unit_check(i, match.payload_len == PAYLOAD);
		unit_check(i, match.payload_at + PAYLOAD == len);
		// What pads the frame is not payload.
		unit_check(i, match_frame(&mac, frame, len + 9u, &match));
		unit_check(i, match.payload_len == PAYLOAD);
	}
}

static void test_truncated(void **state)
{
	uint8_t frame[512];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(families); i++) {
		uint16_t len = make(frame, families[i].src, families[i].dst);

		for (uint16_t n = 0; n < len; n++) {
			uint8_t *copy = malloc(n > 0 ? n : 1); // so that a sanitizer sees more
			struct match match;

			memcpy(copy, frame, n);
			unit_check(i, !match_frame(&mac, copy, n, &match));
			free(copy);
		}
	}
}

// Whatever the bytes are, a payload that is found lies in the frame.
static void test_random(void **state)
{
	uint64_t seed = unit_seed();
	uint8_t frame[512];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint16_t len = make(frame, families[i % 2].src, families[i % 2].dst);
		struct match match;

		for (uint64_t k = unit_random(&seed) % 4; k < 4; k++)
			frame[unit_random(&seed) % len] = (uint8_t)unit_random(&seed);
		if (match_frame(&mac, frame, len, &match))
			assert_true(match.payload_at + match.payload_len <= len);
	}
}

static void test_other(void **state)
{
	static const struct {
		uint16_t at;
		uint8_t value;
	} wrong[] = {
		{0, 4},	    // another MAC address
		{12, 0x81}, // another EtherType
		{14, 0x46}, // IP options
		{14, 0x65}, // another version
		{20, 0x20}, // more fragments
		{21, 1},    // a later fragment
		{23, 6},    // TCP
		{16, 1},    // longer than the frame
		{39, 7},    // a UDP length that is too short
		{38, 1},    // and one that is too long
	};
	uint8_t frame[512];
	struct match match;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(wrong); i++) {
		uint16_t len = make(frame, families[0].src, families[0].dst);

		frame[wrong[i].at] = wrong[i].value;
		unit_check(i, !match_frame(&mac, frame, len, &match));
	}
}

static void test_hosts(void **state)
{
	static const char *const firsts[] = {"198.51.100.250", "2001:db8::ffff:fffa"};
	static const char *const thirds[] = {"198.51.100.252", "2001:db8::ffff:fffc"};
	static const char *const alien[] = {"198.51.101.10", "2001:db8:0:1::ffff:fffc"};
	char text[IP_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < UNIT_NB(firsts); i++) {
		struct hosts h = {.nb = 5};
		struct ip_addr a;

		assert_int_equal(ip_parse(firsts[i], &h.first), 0);
		a = hosts_addr(&h, 2);
		assert_string_equal(ip_format(&a, text), thirds[i]);
		for (uint32_t k = 0; k < 8; k++) {
			a = hosts_addr(&h, k);
			unit_check(i, hosts_find(&h, &a) == (k < 5 ? k : HOSTS_NONE));
		}
		assert_int_equal(ip_parse(alien[i], &a), 0);
		unit_check(i, hosts_find(&h, &a) == HOSTS_NONE);
	}
}

// The session goes on behind the highest sequence number of epoch 1 in libssl's flights.
static void test_sequence_numbers(void **state)
{
	static const struct record flight[] = {
		{.seq = 7, .epoch = 0, .fragment_len = 3},
		{.seq = 2, .epoch = 1, .fragment_len = 5},
		{.seq = 1, .epoch = 1, .fragment_len = 0},
		{.seq = 9, .epoch = 0, .fragment_len = 4},
	};
	struct dial_bio b = {0};
	uint8_t bytes[256];
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < UNIT_NB(flight); i++) {
		struct record rec = flight[i];

		rec.type = DTLS_HANDSHAKE;
		rec.version = DTLS_VERSION_1_2;
		record_write(bytes + len, &rec);
		len += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
	}
	dial_bio_note(&b, bytes, DTLS_RECORD_HEADER_LEN + 3);
	assert_int_equal(b.epoch1_next, 0);
	dial_bio_note(&b, bytes, len);
	assert_int_equal(b.epoch1_next, 3);
	dial_bio_note(&b, bytes, len - 1); // what is cut off does not count, nor harm
	dial_bio_note(&b, bytes, 0);
	assert_int_equal(b.epoch1_next, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_random), cmocka_unit_test(test_other),
		cmocka_unit_test(test_hosts),  cmocka_unit_test(test_sequence_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
