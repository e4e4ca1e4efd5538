// SPDX-License-Identifier: BSD-3-Clause
// Attacks a live association from its own 5-tuple, with records below libssl, and checks that what
// is good goes on: after every harmful step one fresh record must be echoed, exactly once.  Prints
// "harmful N" and, for scenarios that are to be counted, nothing else came back.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "association.h"
#include "options.h"
#include "rng.h"

#define TYPE_CCS	       20
#define TYPE_ALERT	       21
#define TYPE_HANDSHAKE	       22
#define TYPE_DATA	       23
#define ALERT_NO_RENEGOTIATION 100
#define ECHO_MS		       3000 // an echo comes within this
#define COPIES		       5
#define DATAGRAM_MAX	       1400

static const char *host, *port, *scenario_name;
static struct association_options association_options = {.mtu = 1500};
static uint64_t seed = 1, source_port;
static struct association a;
static uint64_t rng;	    // state, from seed
static uint64_t harmful;    // records or datagrams that must not count as good
static unsigned int serial; // of good payloads

static const struct option_line lines[] = {
	{.name = "host", .text = &host},
	{.name = "port", .text = &port},
	{.name = "scenario", .text = &scenario_name},
	{.name = "ca", .text = &association_options.ca},
	{.name = "cipher", .text = &association_options.cipher},
	{.name = "identity", .text = &association_options.identity},
	{.name = "psk", .text = &association_options.psk},
	{.name = "keylog", .text = &association_options.keylog},
	{.name = "seed", .number = &seed},
	{.name = "source-port", .number = &source_port},
};

static size_t good_make(char text[64])
{
	return (size_t)snprintf(text, 64, "good %" PRIu64 " %u", seed, serial++);
}

// Takes echoes until the wanted one came; every other one is a failure.
static bool echo_await(const char *want)
{
	uint64_t deadline = endpoint_now_ms() + ECHO_MS;
	static uint8_t data[ASSOCIATION_DATAGRAM_MAX];
	int len;

	for (;;) {
		while ((len = association_receive(&a, data, sizeof(data))) >= 0) {
			if ((size_t)len == strlen(want) && memcmp(data, want, (size_t)len) == 0)
				return true;
			fprintf(stderr, "unwanted echo of %d bytes: %.*s\n", len, len,
				(const char *)data);
			return false;
		}
		if (a.closed || endpoint_now_ms() >= deadline) {
			fprintf(stderr, "no echo of \"%s\"%s\n", want,
				a.closed ? ": the peer closed" : "");
			return false;
		}
		association_wait(&a, 100);
	}
}

// The gateway's Finished has come again nb times.
static bool finished_await(unsigned int nb)
{
	uint64_t deadline = endpoint_now_ms() + ECHO_MS;
	uint8_t byte;

	while (a.finished < nb && endpoint_now_ms() < deadline) {
		association_wait(&a, 100);
		association_receive(&a, &byte, sizeof(byte));
	}
	if (a.finished == nb)
		return true;
	fprintf(stderr, "the last flight came again %u times, not %u\n", a.finished, nb);
	return false;
}

// One good record there and back.  An echo of an earlier harmful record would come first.
static bool good_pass(void)
{
	char text[64];
	size_t len = good_make(text);

	return association_send(&a, (const uint8_t *)text, len) && echo_await(text);
}

// Sends bytes that must lead to nothing.
static bool harm(const uint8_t *p, size_t len)
{
	harmful++;
	return association_send_raw(&a, p, len);
}

// A good record as it went out, to work on.
struct sample {
	size_t len;
	uint8_t bytes[DATAGRAM_MAX];
};

static bool sample_pass(struct sample *s)
{
	char text[64];
	size_t len = good_make(text);

	if (!association_send(&a, (const uint8_t *)text, len))
		return false;
	s->len = a.last_len;
	memcpy(s->bytes, a.last, s->len);
	return echo_await(text);
}

static bool replay(void)
{
	struct sample s;

	if (!sample_pass(&s))
		return false;
	for (int i = 0; i < COPIES; i++)
		if (!harm(s.bytes, s.len))
			return false;
	return good_pass();
}

// The same record several times before any echo: one burst may hold them all.
static bool burst(void)
{
	char text[64];
	size_t len = good_make(text);

	if (!association_seal(&a, TYPE_DATA, (const uint8_t *)text, len) ||
	    !association_send_raw(&a, a.last, a.last_len))
		return false;
	for (int i = 0; i < COPIES; i++)
		if (!harm(a.last, a.last_len))
			return false;
	return echo_await(text) && good_pass();
}

// Left of a window of 1024 records.
static bool left(void)
{
	struct sample s;

	if (!sample_pass(&s))
		return false;
	for (int i = 0; i < 1100; i++)
		if (!good_pass())
			return false;
	return harm(s.bytes, s.len) && good_pass();
}

static bool late(void)
{
	char text[64];
	size_t len = good_make(text);
	struct sample s;

	if (!association_seal(&a, TYPE_DATA, (const uint8_t *)text, len))
		return false;
	s.len = a.last_len;
	memcpy(s.bytes, a.last, s.len);
	for (int i = 0; i < 1000; i++)
		if (!good_pass())
			return false;
	return association_send_raw(&a, s.bytes, s.len) && echo_await(text);
}

// A record whose byte at offset (from the end if negative) is changed.
static bool forge(int offset)
{
	struct sample s;

	if (!association_seal(&a, TYPE_DATA, (const uint8_t *)"forged", 6))
		return false;
	s.len = a.last_len;
	memcpy(s.bytes, a.last, s.len);
	s.bytes[offset < 0 ? (int)s.len + offset : offset] ^= 0x40;
	return harm(s.bytes, s.len) && good_pass();
}

static bool forged(void)
{
	// sequence numbers near the top, explicit nonce, data, tag
	static const int offsets[] = {5, 6, 10, 13, 20, 21, -17, -16, -1};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		if (!forge(offsets[i]))
			return false;
	return true;
}

static bool future_epoch(void)
{
	return forge(3) && forge(4);
}

// Three records in one datagram, the one in the middle harmful in several ways.
static bool packed_one(uint8_t type, bool break_tag)
{
	uint8_t datagram[DATAGRAM_MAX];
	char text[2][64];
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		size_t len = i == 1 ? 6 : good_make(text[i / 2]);
		const char *data = i == 1 ? "forged" : text[i / 2];

		if (!association_seal(&a, i == 1 ? type : TYPE_DATA, (const uint8_t *)data, len))
			return false;
		memcpy(datagram + at, a.last, a.last_len);
		at += a.last_len;
		if (i == 1 && break_tag)
			datagram[at - 1] ^= 1;
	}
	harmful++;
	return association_send_raw(&a, datagram, at) && echo_await(text[0]) && echo_await(text[1]);
}

static bool packed(void)
{
	return packed_one(TYPE_DATA, true) && packed_one(TYPE_DATA, true) && good_pass();
}

// A datagram whose last record claims more bytes than there are.
static bool cut(void)
{
	uint8_t datagram[DATAGRAM_MAX];
	char text[64];
	size_t len = good_make(text), at;

	if (!association_seal(&a, TYPE_DATA, (const uint8_t *)text, len))
		return false;
	at = a.last_len;
	memcpy(datagram, a.last, at);
	if (!association_seal(&a, TYPE_DATA, (const uint8_t *)"forged", 6))
		return false;
	memcpy(datagram + at, a.last, a.last_len);
	harmful++;
	return association_send_raw(&a, datagram, at + a.last_len - 1) && echo_await(text) &&
	       good_pass();
}

// Records in the clear: a fatal alert, data, a ChangeCipherSpec, a Finished.
static bool epoch_0(void)
{
	static const struct {
		uint8_t type, len, data[16];
	} records[] = {
		{TYPE_ALERT, 2, {2, 40}},
		{TYPE_ALERT, 2, {1, 0}},
		{TYPE_DATA, 4, "open"},
		{TYPE_CCS, 1, {1}},
		{TYPE_HANDSHAKE, 12, {20, 0, 0, 0, 0, 9}},
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		uint8_t p[64] = {records[i].type, 0xfe,
				 0xfd, [10] = (uint8_t)(100 + i), [12] = records[i].len};

		memcpy(p + RECORD_HEADER, records[i].data, records[i].len);
		if (!harm(p, RECORD_HEADER + (size_t)records[i].len) || !good_pass())
			return false;
	}
	return true;
}

// A first ClientHello on the live 5-tuple, as a spoofer would send it.
static bool hello(void)
{
	uint8_t p[RECORD_HEADER + 12 + 42] = {
		TYPE_HANDSHAKE, 0xfe, 0xff, [12] = 54, 1, [16] = 42, [24] = 42, 0xfe, 0xfd};

	rng_fill(&rng, p + 27, RECORD_RANDOM);
	memcpy(p + 59, (const uint8_t[]){0, 0, 0, 2, 0xc0, 0x2b, 1, 0}, 8);
	for (int i = 0; i < COPIES; i++)
		if (!harm(p, sizeof(p)) || !good_pass())
			return false;
	return true;
}

// Every first byte with random bytes behind it.
static bool garbage(void)
{
	uint8_t p[DATAGRAM_MAX];

	for (int first = 0; first < 256; first++) {
		size_t len = 1 + rng_next(&rng) % 200;

		rng_fill(&rng, p, len);
		p[0] = (uint8_t)first;
		if (!harm(p, len) || (first % 16 == 15 && !good_pass()))
			return false;
	}
	return true;
}

// An authenticated ClientHello: refused, the session goes on.
static bool renegotiate(void)
{
	uint8_t message[12 + 42] = {1, [3] = 42, [11] = 42, 0xfe, 0xfd};

	rng_fill(&rng, message + 14, RECORD_RANDOM);
	memcpy(message + 46, (const uint8_t[]){0, 0, 0, 2, 0xc0, 0x2b, 1, 0}, 8);
	for (int i = 0; i < COPIES; i++)
		if (!association_seal(&a, TYPE_HANDSHAKE, message, sizeof(message)) ||
		    !harm(a.last, a.last_len) || !good_pass())
			return false;
	if (a.alert_level == 1 && a.alert_description == ALERT_NO_RENEGOTIATION)
		return true;
	fprintf(stderr, "no warning about the renegotiation\n");
	return false;
}

// The client's Finished once more, as if it had lost the last flight: after no data, some and more.
static bool finished(void)
{
	static const uint8_t message[12 + 12] = {20, [3] = 12, [5] = 3, [11] = 12};
	static const unsigned int records[] = {0, 40, 200};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		// The gateway sends its flight once a second.
		uint64_t begin = endpoint_now_ms(), end = begin + 1100;
		unsigned int n = 0;

		while (n++ < records[i] || (i > 0 && endpoint_now_ms() < end))
			if (!good_pass())
				return false;
		if (!association_seal(&a, TYPE_HANDSHAKE, message, sizeof(message)) ||
		    !harm(a.last, a.last_len) || !finished_await((unsigned int)i + 1) ||
		    !good_pass())
			return false;
	}
	return true;
}

// Authenticated, of types that have no place in a session.
static bool odd_types(void)
{
	static const uint8_t types[] = {20, 24, 25, 26, 63};

	for (size_t i = 0; i < sizeof(types); i++)
		if (!association_seal(&a, types[i], (const uint8_t *)"forged", 6) ||
		    !harm(a.last, a.last_len) || !good_pass())
			return false;
	return true;
}

static const struct {
	const char *name;
	bool (*run)(void);
} scenarios[] = {
	{"replay", replay},	  {"burst", burst},	  {"left", left},
	{"late", late},		  {"forged", forged},	  {"future_epoch", future_epoch},
	{"packed", packed},	  {"cut", cut},		  {"epoch_0", epoch_0},
	{"hello", hello},	  {"garbage", garbage},	  {"renegotiate", renegotiate},
	{"odd_types", odd_types}, {"finished", finished},
};

static bool scenario_run(void)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (strcmp(scenarios[i].name, scenario_name) == 0)
			return scenarios[i].run();
	fprintf(stderr, "no scenario %s\n", scenario_name);
	return false;
}

int main(int argc, char **argv)
{
	struct endpoint peer;
	SSL_CTX *context;
	bool ok;

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (host == NULL || port == NULL || scenario_name == NULL)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	context = association_context(&association_options);
	if (context == NULL || !endpoint_parse(&peer, host, port) ||
	    !association_open(&a, context, &peer, (uint16_t)source_port, association_options.mtu))
		return 2;
	printf("seed %" PRIu64 "\n", seed);
	rng = seed;
	ok = association_handshake_wait(&a, endpoint_now_ms() + 20000) && good_pass() &&
	     scenario_run();
	printf("harmful %" PRIu64 "\n", harmful);
	association_close(&a, false);
	SSL_CTX_free(context);
	return ok ? 0 : 1;
}
