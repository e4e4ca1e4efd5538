// SPDX-License-Identifier: BSD-3-Clause
// The oracle on captures made up here: it must pass good ones and find each fault.
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"
#include "record_crypto.h"
#include "unit.h"
#include "wire.h"

#define PORT   4433
#define HEADER (14 + 20 + 8) // Ethernet, IPv4, UDP

static uint8_t master[RECORD_MASTER], client_random[RECORD_RANDOM], server_random[RECORD_RANDOM];
static struct record_keys keys;
static uint16_t suite;

static void datagram_write(pcap_dumper_t *dumper, enum record_side side, const uint8_t *p,
			   size_t len)
{
	uint8_t frame[2048] = {0};
	struct wire_writer w = wire_writer(frame, sizeof(frame));
	struct pcap_pkthdr header = {.caplen = (bpf_u_int32)(HEADER + len),
				     .len = (bpf_u_int32)(HEADER + len)};
	bool client = side == RECORD_CLIENT;

	wire_room(&w, 12);
	wire_put_uint(&w, 0x0800, 2);
	wire_put_uint(&w, 0x4500, 2);
	wire_put_uint(&w, 28 + len, 2);
	wire_room(&w, 4);
	wire_put_uint(&w, 0x4011, 2);
	wire_room(&w, 2);
	wire_put_uint(&w, client ? 0xc6336402 : 0xc6336401, 4);
	wire_put_uint(&w, client ? 0xc6336401 : 0xc6336402, 4);
	wire_put_uint(&w, client ? 40000 : PORT, 2);
	wire_put_uint(&w, client ? PORT : 40000, 2);
	wire_put_uint(&w, 8 + len, 2);
	wire_room(&w, 2);
	wire_put_bytes(&w, p, len);
	pcap_dump((u_char *)dumper, &header, frame);
}

// A ClientHello or ServerHello that ends behind the suite.
static void hello_write(pcap_dumper_t *dumper, enum record_side side)
{
	uint8_t p[128];
	struct wire_writer w = wire_writer(p, sizeof(p));
	size_t body = 2 + RECORD_RANDOM + 1 + 2;

	wire_put_uint(&w, 22, 1);
	wire_put_uint(&w, 0xfefd, 2);
	wire_put_uint(&w, 0, 8);
	wire_put_uint(&w, 12 + body, 2);
	wire_put_uint(&w, side == RECORD_CLIENT ? 1 : 2, 1);
	wire_put_uint(&w, body, 3);
	wire_put_uint(&w, 1, 2);
	wire_put_uint(&w, 0, 3);
	wire_put_uint(&w, body, 3);
	wire_put_uint(&w, 0xfefd, 2);
	wire_put_bytes(&w, side == RECORD_CLIENT ? client_random : server_random, RECORD_RANDOM);
	wire_put_uint(&w, 0, 1);
	wire_put_uint(&w, suite, 2);
	datagram_write(dumper, side, p, (size_t)(w.next - p));
}

static void record_write(pcap_dumper_t *dumper, enum record_side side, uint64_t seq, uint64_t nonce,
			 const char *text, bool forged)
{
	uint8_t p[256];
	struct wire_writer w = wire_writer(p, sizeof(p));
	size_t size;

	wire_put_uint(&w, 23, 1);
	wire_put_uint(&w, 0xfefd, 2);
	wire_put_uint(&w, UINT64_C(1) << 48 | seq, 8);
	wire_room(&w, 2);
	if (record_explicit_len(&keys) > 0)
		wire_put_uint(&w, nonce, 8);
	size = record_seal(&keys, side, p, (const uint8_t *)text, strlen(text));
	p[size - 1] ^= forged;
	datagram_write(dumper, side, p, size);
}

struct step {
	enum record_side side;
	uint64_t seq;
	uint64_t nonce; // 0: epoch and sequence number
	const char *text;
	bool forged;
};

static const struct {
	const char *name;
	bool other_keylog;
	struct step steps[4];
	struct oracle_counts want;
} cases[] = {
	{.name = "good",
	 .steps = {{RECORD_CLIENT, 0, 77, "a", false},
		   {RECORD_SERVER, 0, 0, "b", false},
		   {RECORD_SERVER, 1, 0, "c", false}},
	 .want = {.datagrams = 5, .associations = 1, .records = {1, 2}}},
	{.name = "nonce repeated with other content",
	 .steps = {{RECORD_SERVER, 5, 0, "b", false}, {RECORD_SERVER, 5, 0, "c", false}},
	 .want = {.datagrams = 4, .associations = 1, .records = {0, 2}, .repeated = {0, 1}}},
	{.name = "nonce repeated with another sequence number",
	 .steps = {{RECORD_CLIENT, 5, 9, "b", false}, {RECORD_CLIENT, 6, 9, "b", false}},
	 .want = {.datagrams = 4, .associations = 1, .records = {2, 0}, .repeated = {1, 0}}},
	{.name = "record repeated byte for byte",
	 .steps = {{RECORD_SERVER, 5, 0, "b", false}, {RECORD_SERVER, 5, 0, "b", false}},
	 .want = {.datagrams = 4, .associations = 1, .records = {0, 2}, .copies = 1}},
	{.name = "both sides with the same nonce",
	 .steps = {{RECORD_CLIENT, 5, 0, "b", false}, {RECORD_SERVER, 5, 0, "c", false}},
	 .want = {.datagrams = 4, .associations = 1, .records = {1, 1}}},
	{.name = "server's nonce is its own",
	 .steps = {{RECORD_SERVER, 5, 12345, "b", false}},
	 .want = {.datagrams = 3, .associations = 1, .records = {0, 1}, .nonce_rule = 1}},
	{.name = "forged",
	 .steps = {{RECORD_SERVER, 5, 0, "b", true}, {RECORD_CLIENT, 5, 0, "b", true}},
	 .want = {.datagrams = 4, .associations = 1, .forged = {1, 1}}},
	{.name = "not in the key log",
	 .other_keylog = true,
	 .steps = {{RECORD_SERVER, 5, 0, "b", false}},
	 .want = {.datagrams = 3, .forged = {0, 1}, .unknown = 1}},
};

static void keylog_write(const char *path, bool other)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("CLIENT_RANDOM ", f);
	for (int i = 0; i < RECORD_RANDOM; i++)
		fprintf(f, "%02x", client_random[i] ^ other);
	fputc(' ', f);
	for (int i = 0; i < RECORD_MASTER; i++)
		fprintf(f, "%02x", master[i]);
	fputc('\n', f);
	fclose(f);
}

// True for a case about explicit nonces.
static bool is_explicit(size_t i)
{
	bool own = false;

	for (const struct step *s = cases[i].steps; s->text != NULL; s++)
		own |= s->nonce != 0;
	return own;
}

static void run_cases(void)
{
	char dir[] = "/tmp/nonce-oracle-XXXXXX", capture[64], keylog[64];

	assert_non_null(mkdtemp(dir));
	snprintf(capture, sizeof(capture), "%s/capture", dir);
	snprintf(keylog, sizeof(keylog), "%s/keylog", dir);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oracle_counts counts;
		pcap_dumper_t *dumper;
		pcap_t *pcap;

		if (is_explicit(i) && record_explicit_len(&keys) == 0)
			continue;
		pcap = pcap_open_dead(DLT_EN10MB, 65535);
		dumper = pcap_dump_open(pcap, capture);

		print_message("%04x: %s\n", suite, cases[i].name);
		assert_non_null(dumper);
		keylog_write(keylog, cases[i].other_keylog);
		hello_write(dumper, RECORD_CLIENT);
		hello_write(dumper, RECORD_SERVER);
		for (const struct step *s = cases[i].steps; s->text != NULL; s++)
			record_write(dumper, s->side, s->seq,
				     s->nonce != 0 ? s->nonce : UINT64_C(1) << 48 | s->seq, s->text,
				     s->forged);
		pcap_dump_close(dumper);
		pcap_close(pcap);
		assert_true(oracle_run(capture, keylog, PORT, &counts));
		assert_memory_equal(&counts, &cases[i].want, sizeof(counts));
	}
	unlink(capture);
	unlink(keylog);
	rmdir(dir);
}

// A suite of each cipher, and of each key exchange.
static void test_suites(void **state)
{
	static const uint16_t suites[] = {0xc02b, 0xc030, 0xccaa, 0x00a8, 0xc0a7, 0xc0ae, 0xccac};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(suites); i++) {
		suite = suites[i];
		assert_true(record_keys_derive(&keys, suite, master, client_random, server_random));
		run_cases();
	}
	assert_false(record_keys_derive(&keys, 0xc00a, master, client_random, server_random));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_suites)};

	memset(master, 1, sizeof(master));
	memset(client_random, 2, sizeof(client_random));
	memset(server_random, 3, sizeof(server_random));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
