// SPDX-License-Identifier: BSD-3-Clause
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "stamp.h"

const char *const direction_name[DIRECTION_NB] = {
	[DIRECTION_UP] = "up",
	[DIRECTION_DOWN] = "down",
	[DIRECTION_BOTH] = "both",
	[DIRECTION_ECHO] = "echo",
};

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *value >= min &&
	       *value <= max;
}

static bool read_real(const char *text, double min, double max, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return (isdigit((unsigned char)text[0]) || text[0] == '.') && *end == '\0' &&
	       *value >= min && *value <= max;
}

// Reads "192.0.2.1:4433" or "[2001:db8::1]:4433".
static bool read_endpoint(const char *text, struct ip_addr *addr, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	char host[IP_TEXT_LEN];
	uint64_t number;
	size_t len;

	if (colon == NULL || !read_number(colon + 1, 1, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	len = (size_t)(colon - text);
	if (text[0] == '[' && len > 1 && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len) != NULL) {
		return false;
	}
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return ip_parse(host, addr) == 0;
}

static bool take_server(struct options *o, char *text)
{
	return read_endpoint(text, &o->server, &o->server_port);
}

static bool take_backend(struct options *o, char *text)
{
	return read_endpoint(text, &o->backend, &o->backend_port);
}

static bool take_next_hop(struct options *o, char *text)
{
	return ip_parse(text, &o->next_hop) == 0;
}

static bool take_source(struct options *o, char *text)
{
	return ip_parse(text, &o->source) == 0;
}

// Cuts text at the last colon.
static bool take_psk(struct options *o, char *text)
{
	char *hex = strrchr(text, ':');
	size_t len = hex != NULL ? strlen(hex + 1) : 0;

	if (hex == text || len == 0 || len % 2 != 0 || len / 2 > sizeof(o->psk) ||
	    strspn(hex + 1, "0123456789abcdefABCDEF") != len)
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		char byte[] = {hex[1 + 2 * i], hex[2 + 2 * i], '\0'};

		o->psk[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	o->psk_len = (uint8_t)(len / 2);
	*hex = '\0';
	o->psk_identity = text;
	return true;
}

static bool take_directions(struct options *o, char *text)
{
	o->direction_nb = 0;
	for (char *name = strtok(text, ","); name != NULL; name = strtok(NULL, ",")) {
		uint8_t i = 0;

		while (i < DIRECTION_NB && strcmp(direction_name[i], name) != 0)
			i++;
		if (i == DIRECTION_NB || o->direction_nb == DIRECTION_NB)
			return false;
		o->direction[o->direction_nb++] = i;
	}
	return o->direction_nb > 0;
}

static bool take_size(struct options *o, char *text)
{
	if (o->sizes_nb == OPTIONS_SIZES_MAX)
		return false;
	o->sizes_text[o->sizes_nb] = text;
	return sizes_parse(&o->sizes[o->sizes_nb++], text, STAMP_LEN) == 0;
}

static bool take_rate(struct options *o, char *text)
{
	o->rate_kind = RATE_FIXED;
	if (strcmp(text, "max") == 0)
		o->rate_kind = RATE_MAX;
	else if (strcmp(text, "flood") == 0)
		o->rate_kind = RATE_FLOOD;
	else
		return read_number(text, 1, 100000000, &o->rate);
	return true;
}

static bool take_cpu(struct options *o, char *text)
{
	uint64_t cpu;

	if (!read_number(text, 0, 1023, &cpu))
		return false;
	o->cpu = (int)cpu;
	return true;
}

// How an option's value is read, and into what.
enum kind {
	TEXT,	 // const char *
	FLAG,	 // bool, no value
	U16,	 // uint16_t, min to max
	U32,	 // uint32_t, min to max
	REAL,	 // double, min to max
	PERCENT, // double, min to max, kept as a share
	OTHER,	 // by take()
};

struct line {
	const char *name;
	const char *value; // in the help
	const char *help;
	enum kind kind;
	size_t at; // in struct options
	double min, max;
	bool (*take)(struct options *o, char *text);
	const char *expected;
};

#define AT(field) offsetof(struct options, field)
#define ENDPOINT  "ADDRESS:PORT, an IPv6 address in brackets"
#define ADDRESS	  "an IPv4 or IPv6 address"

// clang-format off
static const struct line lines[] = {
	{"outside", "DEVICE", "port towards the server: PCI address or DPDK vdev string",
	 .kind = TEXT, .at = AT(outside)},
	{"inside", "DEVICE", "port on which we are the server's backend", .kind = TEXT, .at = AT(inside)},
	{"server", "ADDRESS:PORT", "where DTLS is spoken", .kind = OTHER, .take = take_server,
	 .expected = ENDPOINT},
	{"next-hop", "ADDRESS", "router to the server [the server is on link]", .kind = OTHER,
	 .take = take_next_hop, .expected = ADDRESS},
	{"source", "ADDRESS", "the clients' first address", .kind = OTHER, .take = take_source,
	 .expected = ADDRESS},
	{"sources", "N", "addresses, counted up from there [1]", .kind = U32, .at = AT(source_nb), .min = 1, .max = 65536},
	{"source-port", "PORT", "first port of each [10000]", .kind = U16, .at = AT(source_port), .min = 1, .max = 65535},
	{"backend", "ADDRESS:PORT", "our address on the inside", .kind = OTHER, .take = take_backend,
	 .expected = ENDPOINT},
	{"mtu", "BYTES", "of both links [1500]", .kind = U16, .at = AT(mtu), .min = 1280, .max = 9000},
	{"sessions", "N", "[256]", .kind = U32, .at = AT(sessions), .min = 1, .max = 1000000},
	{"handshakes", "N", "under way at once [32]", .kind = U32, .at = AT(handshakes), .min = 1, .max = 10000},
	{"handshake-timeout", "SECONDS", "after which one has failed [20]", .kind = U32, .at = AT(handshake_s), .min = 1, .max = 3600},
	{"suites", "LIST", "as in openssl ciphers(1) [AEAD suites]", .kind = TEXT, .at = AT(suites)},
	{"ca", "FILE", "verify the server against it", .kind = TEXT, .at = AT(ca)},
	{"name", "NAME", "server name to ask for, and to verify with --ca", .kind = TEXT, .at = AT(name)},
	{"psk", "IDENTITY:HEX", "pre-shared key", .kind = OTHER, .take = take_psk,
	 .expected = "IDENTITY:HEX, of a key of 1 to 64 bytes"},
	{"direction", "LIST", "of up, down, both (these need --inside), echo [up, or echo]", .kind = OTHER,
	 .take = take_directions, .expected = "a list of up, down, both, echo"},
	{"size", "MIX", "payload bytes: N, N:WEIGHT,..., or imix; may stand often [64]", .kind = OTHER,
	 .take = take_size, .expected = "16 or more bytes, SIZE:WEIGHT,... or imix, often at most 16 times"},
	{"rate", "N|max|flood", "packets a second and direction; max searches [max]", .kind = OTHER,
	 .take = take_rate, .expected = "1 to 100000000 packets a second, max or flood"},
	{"burst", "N", "packets sent together at least [1]", .kind = U16, .at = AT(burst), .min = 1,
	 .max = 32},
	{"seconds", "SECONDS", "of one trial [1]", .kind = REAL, .at = AT(seconds), .min = 0.01, .max = 3600},
	{"loss", "PERCENT", "that a passing trial may lose [0.001]", .kind = PERCENT, .at = AT(loss), .min = 0, .max = 100},
	{"resolution", "PERCENT", "of the search [1]", .kind = PERCENT, .at = AT(resolution), .min = 0.01, .max = 50},
	{"tries", "N", "trials that must fail before a rate has [1]", .kind = U32, .at = AT(tries), .min = 1, .max = 100},
	{"quiet", "MS", "without a packet, after which a trial is over [200]", .kind = U32, .at = AT(quiet_ms), .min = 1, .max = 60000},
	{"json", "FILE", "report; - is stdout", .kind = TEXT, .at = AT(json)},
	{"label", "TEXT", "to stand in the report", .kind = TEXT, .at = AT(label)},
	{"cpu", "N", "to run on [the last one allowed]", .kind = OTHER, .take = take_cpu,
	 .expected = "0 to 1023"},
	{"linger", "", "when all is done say so, and keep the ports until SIGTERM",
	 .kind = FLAG, .at = AT(linger)},
	{"huge", "", "use huge pages", .kind = FLAG, .at = AT(huge)},
	{"help", "", "print this", .kind = OTHER},
};
// clang-format on

#define LINE_NB (sizeof(lines) / sizeof(lines[0]))
#define HELP	((int)LINE_NB - 1)

static void print_help(FILE *out)
{
	fputs("Usage: dtlsgw-gen --outside DEVICE --server ADDRESS:PORT --source ADDRESS "
	      "[OPTION...]\n"
	      "                  [-- EAL-ARGUMENT...]\n"
	      "Opens DTLS 1.2 sessions to a server, loads them, and measures.  See "
	      "perf/README.md.\n"
	      "\n",
	      out);
	for (size_t i = 0; i < LINE_NB; i++)
		fprintf(out, "  --%s %*s%s\n", lines[i].name, (int)strlen(lines[i].name) - 26,
			lines[i].value, lines[i].help);
}

static bool take_integer(const struct line *line, struct options *o, const char *text)
{
	uint64_t value;

	if (!read_number(text, (uint64_t)line->min, (uint64_t)line->max, &value))
		return false;
	if (line->kind == U16)
		*(uint16_t *)((char *)o + line->at) = (uint16_t)value;
	else
		*(uint32_t *)((char *)o + line->at) = (uint32_t)value;
	return true;
}

static bool take_value(const struct line *line, struct options *o, char *text)
{
	double *real = (double *)((char *)o + line->at);

	switch (line->kind) {
	case TEXT:
		*(const char **)((char *)o + line->at) = text;
		return true;
	case FLAG:
		*(bool *)((char *)o + line->at) = true;
		return true;
	case U16:
	case U32:
		return take_integer(line, o, text);
	case REAL:
		return read_real(text, line->min, line->max, real);
	case PERCENT:
		if (!read_real(text, line->min, line->max, real))
			return false;
		*real /= 100;
		return true;
	case OTHER:
		return line->take(o, text);
	}
	return false;
}

static int take(const struct line *line, struct options *o, char *text, FILE *err)
{
	char shown[64];

	snprintf(shown, sizeof(shown), "%s", text != NULL ? text : "");
	if (take_value(line, o, text))
		return 0;
	if (line->take == take_psk) // no keys in messages
		shown[0] = '\0';
	fprintf(err, "dtlsgw-gen: --%s: \"%s\": expected ", line->name, shown);
	if (line->expected != NULL)
		fprintf(err, "%s\n", line->expected);
	else
		fprintf(err, "%g to %g\n", line->min, line->max);
	return -EINVAL;
}

// What options mean together.  Returns what is wrong, or NULL.
static const char *check(struct options *o)
{
	uint64_t ports = (uint64_t)o->source_nb * (UINT16_MAX + 1u - o->source_port);
	static char size[] = "64";

	if (o->outside == NULL || o->server_port == 0 || !ip_is_set(&o->source))
		return "expected --outside, --server and --source";
	if (ip_is_v4(&o->source) != ip_is_v4(&o->server))
		return "expected --source and --server of the same IP family";
	if ((o->inside != NULL) != (o->backend_port != 0))
		return "expected both or neither of --inside and --backend";
	if (o->sessions > ports)
		return "more --sessions than source ports; expected more --sources";
	if (o->direction_nb == 0)
		o->direction[o->direction_nb++] = o->inside != NULL ? DIRECTION_UP : DIRECTION_ECHO;
	for (uint8_t i = 0; i < o->direction_nb; i++)
		if (o->direction[i] != DIRECTION_ECHO && o->inside == NULL)
			return "up, down and both need --inside";
	if (o->sizes_nb == 0)
		take_size(o, size);
	for (uint8_t i = 0; i < o->sizes_nb; i++)
		if (sizes_largest(&o->sizes[i]) > o->mtu)
			return "--size is over --mtu";
	return NULL;
}

// Reads the options into *o.  Returns as options_read().
static int read_lines(int argc, char **argv, struct options *o, FILE *out, FILE *err)
{
	struct option longs[LINE_NB + 1] = {0};
	int option, rc = 0;

	for (size_t i = 0; i < LINE_NB; i++)
		longs[i] = (struct option){.name = lines[i].name,
					   .has_arg = lines[i].value[0] != '\0',
					   .val = (int)i + 1};
	optind = 0; // glibc: start anew
	opterr = 0;
	while (rc == 0 && (option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		if (option == '?' || option == ':') {
			fprintf(err, "dtlsgw-gen: %s: %s; see --help\n", argv[optind - 1],
				option == '?' ? "no such option" : "expected a value");
			return -EINVAL;
		}
		if (option - 1 == HELP) {
			print_help(out);
			return 1;
		}
		rc = take(&lines[option - 1], o, optarg, err);
	}
	return rc;
}

int options_read(int argc, char **argv, struct options *o, FILE *out, FILE *err)
{
	const char *wrong;
	int rc;

	*o = (struct options){
		.source_nb = 1,
		.source_port = 10000,
		.mtu = 1500,
		.sessions = 256,
		.handshakes = 32,
		.handshake_s = 20,
		.rate_kind = RATE_MAX,
		.burst = 1,
		.seconds = 1,
		.loss = 1e-5,
		.resolution = 0.01,
		.tries = 1,
		.quiet_ms = 200,
		.cpu = -1,
	};
	rc = read_lines(argc, argv, o, out, err);
	if (rc != 0)
		return rc;
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		fprintf(err, "dtlsgw-gen: %s: unexpected; see --help\n", argv[optind]);
		return -EINVAL;
	}
	o->eal_nb = argc - optind;
	o->eal = argv + optind;
	wrong = check(o);
	if (wrong != NULL) {
		fprintf(err, "dtlsgw-gen: %s\n", wrong);
		return -EINVAL;
	}
	return 0;
}
