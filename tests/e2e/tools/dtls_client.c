// SPDX-License-Identifier: BSD-3-Clause
// Connects to a DTLS echo, sends datagrams of every size and compares each echo byte for byte.
// SIGTERM makes what was sent so far all there is to send, and ends a hold.
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "association.h"
#include "options.h"
#include "rng.h"

#define CONNECTION_MAX 64
#define WINDOW_MAX     64
#define DATAGRAM_MAX   16384

static struct {
	const char *host, *port;
	struct association_options association;
	uint64_t seed;
	uint64_t size_min, size_max, rounds, random;
	uint64_t window, connections, source_port;
	uint64_t timeout_s, hold_s, quiet_ms;
	bool lossy, vanish;
} opt = {.association.mtu = 1500,
	 .seed = 1,
	 .size_min = 1,
	 .size_max = 64,
	 .rounds = 1,
	 .window = 8,
	 .connections = 1,
	 .timeout_s = 30,
	 .quiet_ms = 3000};

struct connection {
	struct association a;
	unsigned int id;
	bool up;
	uint64_t start_ms, heard_ms;
	uint64_t total; // datagrams to send
	uint64_t next;	// index of the next one
	uint64_t echoed, lost, bytes, repeated;
	// Datagrams without an echo yet, and where lossy those with one, for late duplicates.
	uint64_t waiting[WINDOW_MAX];
	unsigned int waiting_nb;
	uint64_t recent[4 * WINDOW_MAX]; // index + 1, by index modulo
};

static struct connection connections[CONNECTION_MAX];
static volatile sig_atomic_t stopped;
static uint8_t wanted[DATAGRAM_MAX];
static uint8_t got[ASSOCIATION_DATAGRAM_MAX];

// Fills wanted with datagram index of connection id; returns its bytes.
static size_t datagram_make(unsigned int id, uint64_t index)
{
	uint64_t state = opt.seed * UINT64_C(1000003) + ((uint64_t)id << 40) + index;
	uint64_t span = opt.size_max - opt.size_min + 1;
	size_t len = opt.size_min + (index < span * opt.rounds ? index : rng_next(&state)) % span;

	rng_fill(&state, wanted, len);
	return len;
}

static bool datagram_is(const struct connection *c, uint64_t index, int len)
{
	return datagram_make(c->id, index) == (size_t)len && memcmp(wanted, got, (size_t)len) == 0;
}

static bool echo_take(struct connection *c, int len)
{
	for (unsigned int i = 0; i < c->waiting_nb; i++) {
		if (!datagram_is(c, c->waiting[i], len))
			continue;
		c->waiting[i] = c->waiting[--c->waiting_nb];
		c->echoed++;
		c->bytes += (uint64_t)len;
		return true;
	}
	for (unsigned int i = 0; opt.lossy && i < 4 * WINDOW_MAX; i++) {
		if (c->recent[i] == 0 || !datagram_is(c, c->recent[i] - 1, len))
			continue;
		c->repeated++;
		return true;
	}
	fprintf(stderr, "connection %u: an echo of %d bytes is none of what was sent\n", c->id,
		len);
	return false;
}

// Sends what the window allows.  A lossy connection gives up on a quiet window.
static bool window_fill(struct connection *c, uint64_t now)
{
	if (c->waiting_nb > 0 && now - c->heard_ms > opt.quiet_ms) {
		c->lost += c->waiting_nb;
		if (!opt.lossy) {
			size_t len = datagram_make(c->id, c->waiting[0]);

			fprintf(stderr,
				"connection %u: no echo of datagram %" PRIu64 ", %zu bytes\n",
				c->id, c->waiting[0], len);
			return false;
		}
		c->waiting_nb = 0;
		c->heard_ms = now;
	}
	while (c->waiting_nb < opt.window && c->next < c->total) {
		size_t len = datagram_make(c->id, c->next);

		if (!association_send(&c->a, wanted, len)) {
			fprintf(stderr, "connection %u: cannot send %zu bytes\n", c->id, len);
			return false;
		}
		if (c->waiting_nb == 0)
			c->heard_ms = now;
		c->recent[c->next % (4 * WINDOW_MAX)] = c->next + 1;
		c->waiting[c->waiting_nb++] = c->next++;
	}
	return true;
}

static bool connection_turn(struct connection *c, uint64_t now)
{
	int done, len;

	if (!c->up) {
		done = association_handshake(&c->a);
		if (done < 0)
			return false;
		c->up = done == 1;
		c->heard_ms = now;
		if (c->up)
			printf("up %u %s %" PRIu64 " ms\n", c->id, SSL_get_cipher(c->a.ssl),
			       now - c->start_ms);
	}
	while (c->up && (len = association_receive(&c->a, got, sizeof(got))) >= 0) {
		c->heard_ms = now;
		if (!echo_take(c, len))
			return false;
	}
	if (c->a.closed && c->echoed + c->lost < c->total) {
		fprintf(stderr, "connection %u: the peer closed it, alert %u %u\n", c->id,
			c->a.alert_level, c->a.alert_description);
		return false;
	}
	return !c->up || c->a.closed || window_fill(c, now);
}

static bool connection_done(const struct connection *c)
{
	return c->up && c->echoed + c->lost == c->total;
}

// Turns every connection until all are done.
static bool run(uint64_t deadline, bool (*done)(const struct connection *))
{
	struct pollfd p[CONNECTION_MAX];

	for (;;) {
		uint64_t now = endpoint_now_ms();
		bool all = true;

		for (unsigned int i = 0; i < opt.connections; i++) {
			if (stopped)
				connections[i].total = connections[i].next;
			if (!connection_turn(&connections[i], now))
				return false;
			p[i] = (struct pollfd){.fd = connections[i].a.fd, .events = POLLIN};
			all = all && done(&connections[i]);
		}
		if (all)
			return true;
		if (now >= deadline) {
			fprintf(stderr, "out of time\n");
			return false;
		}
		fflush(stdout);
		poll(p, opt.connections, 50);
	}
}

static uint16_t source_port_of(unsigned int connection)
{
	return opt.source_port == 0 ? 0 : (uint16_t)(opt.source_port + connection);
}

// Closes every connection and opens it once more with its session, on another port unless it was
// given one.
static bool resume(SSL_CTX *context, const struct endpoint *peer)
{
	bool ticket = strcmp(opt.association.resume, "ticket") == 0;

	for (unsigned int i = 0; i < opt.connections; i++) {
		struct connection *c = &connections[i];
		SSL_SESSION *session = SSL_get1_session(c->a.ssl);

		if (SSL_SESSION_has_ticket(session) != ticket) {
			fprintf(stderr, "connection %u: %s ticket\n", i, ticket ? "no" : "a");
			return false;
		}
		association_close(&c->a, opt.vanish);
		if (!association_open(&c->a, context, peer, source_port_of(i), opt.association.mtu))
			return false;
		SSL_set_session(c->a.ssl, session);
		SSL_SESSION_free(session);
		c->up = false;
		c->total *= 2;
		c->start_ms = endpoint_now_ms();
	}
	return run(endpoint_now_ms() + opt.timeout_s * 1000, connection_done);
}

static bool all_resumed(void)
{
	for (unsigned int i = 0; i < opt.connections; i++) {
		if (SSL_session_reused(connections[i].a.ssl) == 1)
			continue;
		fprintf(stderr, "connection %u was not resumed\n", i);
		return false;
	}
	return true;
}

static bool hold_over(const struct connection *c)
{
	return c->a.closed || stopped;
}

static bool hold(void)
{
	printf("holding\n");
	if (!run(endpoint_now_ms() + opt.hold_s * 1000, hold_over))
		return false;
	for (unsigned int i = 0; i < opt.connections; i++) {
		const struct association *a = &connections[i].a;

		if (!a->closed)
			continue;
		printf("closed %u by %s\n", i,
		       a->alert_level == 1 && a->alert_description == 0 ? "close_notify"
									: "something else");
	}
	return true;
}

static const struct option_line lines[] = {
	{.name = "host", .text = &opt.host},
	{.name = "port", .text = &opt.port},
	{.name = "ca", .text = &opt.association.ca},
	{.name = "cipher", .text = &opt.association.cipher},
	{.name = "identity", .text = &opt.association.identity}, // of a pre-shared key
	{.name = "psk", .text = &opt.association.psk},
	{.name = "resume", .text = &opt.association.resume}, // ticket or id: once more, resumed
	{.name = "keylog", .text = &opt.association.keylog},
	{.name = "mtu", .number = &opt.association.mtu},
	{.name = "extension", .number = &opt.association.extension},
	{.name = "min", .number = &opt.size_min},  // bytes of the smallest datagram
	{.name = "max", .number = &opt.size_max},  // and of the largest
	{.name = "rounds", .number = &opt.rounds}, // every size so often, then
	{.name = "random", .number = &opt.random}, // so many of random size
	{.name = "seed", .number = &opt.seed},
	{.name = "window", .number = &opt.window}, // datagrams that may be unanswered
	{.name = "connections", .number = &opt.connections},
	{.name = "source-port", .number = &opt.source_port}, // of the first connection
	{.name = "timeout", .number = &opt.timeout_s},	     // seconds for everything but hold
	{.name = "quiet", .number = &opt.quiet_ms},	     // without an echo: lost
	{.name = "lossy", .flag = &opt.lossy},		     // lost and repeated echoes are fine
	{.name = "vanish", .flag = &opt.vanish},	     // end without close_notify
	{.name = "hold",
	 .number = &opt.hold_s}, // then wait so long for the peer to close or SIGTERM
};

static void on_sigterm(int signal_nb)
{
	(void)signal_nb;
	stopped = 1;
}

static void options_check(char **argv)
{
	if (opt.host == NULL || opt.port == NULL || opt.size_min > opt.size_max ||
	    opt.size_max > DATAGRAM_MAX || opt.window == 0 || opt.window > WINDOW_MAX ||
	    opt.connections == 0 || opt.connections > CONNECTION_MAX ||
	    opt.source_port + opt.connections > UINT16_MAX)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
}

int main(int argc, char **argv)
{
	uint64_t total = 0, echoed = 0, lost = 0, bytes = 0, repeated = 0;
	struct endpoint peer;
	SSL_CTX *context;
	bool ok;

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	options_check(argv);
	if (!endpoint_parse(&peer, opt.host, opt.port))
		return 2;
	context = association_context(&opt.association);
	if (context == NULL)
		return 2;
	signal(SIGTERM, on_sigterm);
	printf("seed %" PRIu64 "\n", opt.seed);
	for (unsigned int i = 0; i < opt.connections; i++) {
		struct connection *c = &connections[i];

		if (!association_open(&c->a, context, &peer, source_port_of(i),
				      opt.association.mtu))
			return 2;
		c->id = i;
		c->total = opt.rounds * (opt.size_max - opt.size_min + 1) + opt.random;
		c->start_ms = endpoint_now_ms();
	}
	ok = run(endpoint_now_ms() + opt.timeout_s * 1000, connection_done);
	if (ok && opt.association.resume != NULL)
		ok = resume(context, &peer) && all_resumed();
	for (unsigned int i = 0; i < opt.connections; i++) {
		total += connections[i].total;
		echoed += connections[i].echoed;
		lost += connections[i].lost;
		bytes += connections[i].bytes;
		repeated += connections[i].repeated;
	}
	printf("echoed %" PRIu64 " of %" PRIu64 ", %" PRIu64 " bytes, lost %" PRIu64
	       ", repeated %" PRIu64 "\n",
	       echoed, total, bytes, lost, repeated);
	if (ok && opt.hold_s > 0)
		ok = hold();
	for (unsigned int i = 0; i < opt.connections; i++)
		association_close(&connections[i].a, opt.vanish);
	SSL_CTX_free(context);
	return ok ? 0 : 1;
}
