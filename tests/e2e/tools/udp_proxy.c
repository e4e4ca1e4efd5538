// SPDX-License-Identifier: BSD-3-Clause
// Carries UDP between clients and one server and harms it on the way: drops a chosen datagram, or
// loses, doubles and swaps them at random from a seed.  Each client keeps one port towards the
// server, and has random numbers of its own.  Ends on SIGTERM with a line of counts.
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "endpoint.h"
#include "options.h"
#include "record_crypto.h"
#include "rng.h"

#define CLIENT_MAX     2048
#define DATAGRAM_MAX   4096
#define HOLD_MS	       30 // a swapped datagram goes at the latest after so long
#define TYPE_CCS       20
#define TYPE_HANDSHAKE 22

enum side { CLIENT, SERVER, SIDES };
static const char *const side_names[] = {"client", "server"};

static struct {
	const char *listen_host, *listen_port, *host, *port;
	uint64_t drop_any, drop[SIDES]; // number of the datagram to drop, from 1; 0: none
	uint64_t last[SIDES];		// datagrams behind it are dropped; 0: none
	bool drop_last_flight;
	uint64_t loss, duplicate, reorder; // percent
	uint64_t seed;
	bool by_port; // what happens to a client's datagrams depends on its port as well
} opt = {.seed = 1};

static const struct option_line lines[] = {
	{.name = "listen", .text = &opt.listen_host},
	{.name = "listen-port", .text = &opt.listen_port},
	{.name = "host", .text = &opt.host}, // of the server
	{.name = "port", .text = &opt.port},
	{.name = "drop-any", .number = &opt.drop_any}, // counted over both sides
	{.name = "drop-client", .number = &opt.drop[CLIENT]},
	{.name = "drop-server", .number = &opt.drop[SERVER]},
	{.name = "last-client", .number = &opt.last[CLIENT]}, // what comes behind it is dropped
	{.name = "drop-last-flight", .flag = &opt.drop_last_flight}, // the server's, once
	{.name = "loss", .number = &opt.loss},
	{.name = "duplicate", .number = &opt.duplicate},
	{.name = "reorder", .number = &opt.reorder},
	{.name = "seed", .number = &opt.seed},
	{.name = "by-port", .flag = &opt.by_port},
};

// A datagram held back so that the next one overtakes it.
struct held {
	size_t len; // 0: none
	uint8_t data[DATAGRAM_MAX];
};

struct client {
	struct endpoint addr;
	int fd;			 // connected to the server
	uint64_t rng;		 // state
	struct held held[SIDES]; // by the side it came from
};

static struct client clients[CLIENT_MAX];
static uint64_t held_due_ms[CLIENT_MAX][SIDES]; // 0: none
static unsigned int client_nb;
static int listen_fd, poll_fd;
static struct endpoint server;
static uint64_t seen[SIDES], dropped[SIDES], doubled[SIDES], swapped[SIDES];
static enum { FLIGHT_AWAITED, FLIGHT_DROPPING, FLIGHT_DROPPED } flight;

static void forward(struct client *c, enum side from, const uint8_t *p, size_t len)
{
	if (from == CLIENT)
		send(c->fd, p, len, 0);
	else
		sendto(listen_fd, p, len, 0, (struct sockaddr *)&c->addr.addr, c->addr.len);
}

static void held_release(struct client *c, enum side from)
{
	struct held *h = &c->held[from];

	if (h->len > 0)
		forward(c, from, h->data, h->len);
	h->len = 0;
	held_due_ms[c - clients][from] = 0;
}

// True for a datagram of the server's ChangeCipherSpec and Finished.
static bool is_last_flight(const uint8_t *p, size_t len)
{
	size_t size;

	for (; (size = record_size(p, len)) != 0; p += size, len -= size)
		if (p[0] == TYPE_CCS || (p[0] == TYPE_HANDSHAKE && record_epoch(p) == 1))
			return true;
	return false;
}

// The flight is dropped until the client speaks again, which is its retransmission.
static bool last_flight_drop(enum side from, const uint8_t *p, size_t len)
{
	if (!opt.drop_last_flight || flight == FLIGHT_DROPPED)
		return false;
	if (from == CLIENT) {
		if (flight == FLIGHT_DROPPING)
			flight = FLIGHT_DROPPED;
		return false;
	}
	if (!is_last_flight(p, len))
		return false;
	flight = FLIGHT_DROPPING;
	return true;
}

static bool is_dropped(struct client *c, enum side from, const uint8_t *p, size_t len)
{
	bool chosen = seen[from] == opt.drop[from] || seen[CLIENT] + seen[SERVER] == opt.drop_any ||
		      (opt.last[from] > 0 && seen[from] > opt.last[from]) ||
		      last_flight_drop(from, p, len);

	if (chosen)
		printf("dropped %s datagram %" PRIu64 ", %zu bytes\n", side_names[from], seen[from],
		       len);
	return chosen || rng_chance(&c->rng, (unsigned int)opt.loss);
}

static void datagram(struct client *c, enum side from, const uint8_t *p, size_t len)
{
	struct held *h = &c->held[from];

	seen[from]++;
	if (is_dropped(c, from, p, len)) {
		dropped[from]++;
		return;
	}
	if (h->len == 0 && rng_chance(&c->rng, (unsigned int)opt.reorder)) {
		memcpy(h->data, p, len);
		h->len = len;
		held_due_ms[c - clients][from] = endpoint_now_ms() + HOLD_MS;
		swapped[from]++;
		return;
	}
	forward(c, from, p, len);
	if (rng_chance(&c->rng, (unsigned int)opt.duplicate)) {
		forward(c, from, p, len);
		doubled[from]++;
	}
	held_release(c, from);
}

// Lets loop() know of a socket; c is NULL for the two that are no client's.
static bool watch(int fd, struct client *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

	return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static uint16_t port_of(const struct endpoint *e)
{
	if (e->addr.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&e->addr)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)&e->addr)->sin6_port);
}

static struct client *client_get(const struct endpoint *from)
{
	struct client *c;

	for (unsigned int i = client_nb; i-- > 0;)
		if (endpoint_equal(&clients[i].addr, from))
			return &clients[i];
	if (client_nb == CLIENT_MAX)
		return NULL;
	c = &clients[client_nb];
	c->addr = *from;
	c->fd = endpoint_connect(&server, 0);
	if (c->fd < 0 || !watch(c->fd, c))
		return NULL;
	c->rng = opt.seed * UINT64_C(1000003) + (opt.by_port ? port_of(from) : client_nb);
	client_nb++;
	return c;
}

static void from_clients(void)
{
	uint8_t data[DATAGRAM_MAX];
	struct endpoint from;
	struct client *c;
	ssize_t n;

	for (;;) {
		memset(&from, 0, sizeof(from));
		from.len = sizeof(from.addr);
		n = recvfrom(listen_fd, data, sizeof(data), 0, (struct sockaddr *)&from.addr,
			     &from.len);
		if (n < 0)
			return;
		c = client_get(&from);
		if (c != NULL)
			datagram(c, CLIENT, data, (size_t)n);
	}
}

static void from_server(struct client *c)
{
	uint8_t data[DATAGRAM_MAX];
	ssize_t n;

	while ((n = recv(c->fd, data, sizeof(data), 0)) >= 0)
		datagram(c, SERVER, data, (size_t)n);
}

// Returns the milliseconds until the next held datagram is due, -1 if there is none.
static int held_expire(void)
{
	uint64_t now = endpoint_now_ms();
	int wait = -1;

	for (unsigned int i = 0; i < client_nb * SIDES; i++) {
		uint64_t due = held_due_ms[i / SIDES][i % SIDES];

		if (due == 0)
			continue;
		if (due <= now)
			held_release(&clients[i / SIDES], i % SIDES);
		else if (wait < 0 || (int)(due - now) < wait)
			wait = (int)(due - now);
	}
	return wait;
}

// Until a signal comes.
static void loop(int stop_fd)
{
	struct epoll_event events[64];
	struct signalfd_siginfo stop;
	int n;

	while (read(stop_fd, &stop, sizeof(stop)) < 0) {
		fflush(stdout);
		n = epoll_wait(poll_fd, events, sizeof(events) / sizeof(events[0]), held_expire());
		from_clients();
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr != NULL)
				from_server(events[i].data.ptr);
	}
}

// A socket for each client.
static void raise_file_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct endpoint local;
	sigset_t stop;
	int stop_fd;

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (opt.listen_host == NULL || opt.listen_port == NULL || opt.host == NULL ||
	    opt.port == NULL)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	if (!endpoint_parse(&local, opt.listen_host, opt.listen_port) ||
	    !endpoint_parse(&server, opt.host, opt.port))
		return 2;
	listen_fd = endpoint_listen(&local);
	if (listen_fd < 0)
		return 2;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	raise_file_limit();
	stop_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!watch(stop_fd, NULL) || !watch(listen_fd, NULL))
		return 2;
	printf("ready, seed %" PRIu64 "\n", opt.seed);
	loop(stop_fd);
	for (int side = 0; side < SIDES; side++)
		printf("from %s: seen %" PRIu64 " dropped %" PRIu64 " doubled %" PRIu64
		       " swapped %" PRIu64 "\n",
		       side_names[side], seen[side], dropped[side], doubled[side], swapped[side]);
	return 0;
}
