// SPDX-License-Identifier: BSD-3-Clause
// A client on the library of peer.h for the cells that stand on stdin, a line each
//   NAME SUITE cert|psk full|ticket|id HOST PORT SOURCE-PORT SEED
// with several under way at the same time.  Of every cell a line comes out as it ends:
//   NAME passed N closed, DETAILS    N associations ended with a close_notify
//   NAME cannot WHY      the library has no such thing, or proved to break the protocol
//   NAME failed WHY
// The status is 0 if none failed.
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "peer_cell.h"

#define PARALLEL_MAX 256

static const char *key_text;
static uint64_t parallel = 8;
static struct cell_options opt = {
	.peer = {.name = "dtlsgw.example", .retransmit_ms = 1000},
	.timeout_s = 60,
	.quiet_ms = 5000,
};

static const struct option_line lines[] = {
	{.name = "ca", .text = &opt.peer.ca},
	{.name = "name", .text = &opt.peer.name},
	{.name = "identity", .text = &opt.peer.identity},
	{.name = "key", .text = &key_text}, // hexadecimal
	{.name = "retransmit", .number = &opt.peer.retransmit_ms},
	{.name = "timeout", .number = &opt.timeout_s},
	{.name = "quiet", .number = &opt.quiet_ms},
	{.name = "parallel", .number = &parallel}, // cells under way
};

static struct cell *cells[PARALLEL_MAX];
static size_t cell_nb;
static bool input_ended, failed;

static bool key_read(void)
{
	size_t len = key_text == NULL ? 0 : strlen(key_text);

	opt.peer.key_len = len / 2;
	if (len % 2 != 0 || opt.peer.key_len > PEER_KEY_MAX)
		return false;
	for (size_t i = 0; i < opt.peer.key_len; i++)
		if (sscanf(key_text + 2 * i, "%2hhx", &opt.peer.key[i]) != 1)
			return false;
	return true;
}

static bool come_back_read(const char *text, enum peer_return *come_back)
{
	static const char *const texts[] = {"full", "ticket", "id"};

	for (int i = 0; i < 3; i++) {
		*come_back = (enum peer_return)i;
		if (strcmp(text, texts[i]) == 0)
			return true;
	}
	return false;
}

// The next cell of stdin, NULL at the end.
static struct cell *cell_read(void)
{
	char host[64], port[8], auth[8], come_back[8];
	struct cell *c = calloc(1, sizeof(*c));
	int suite, n;

	n = scanf("%95s %i %7s %7s %63s %7s %" SCNu16 " %" SCNu64, c->name, &suite, auth, come_back,
		  host, port, &c->source_port, &c->seed);

	if (n == EOF) {
		free(c);
		return NULL;
	}
	if (n != 8 || !come_back_read(come_back, &c->way.come_back) ||
	    !endpoint_parse(&c->gateway, host, port)) {
		fprintf(stderr, "this is no cell: %s\n", c->name);
		exit(2);
	}
	c->way.suite = (uint16_t)suite;
	c->way.psk = strcmp(auth, "psk") == 0;
	return c;
}

static void cell_finish(struct cell *c, enum peer_result rc)
{
	cell_end(c);
	if (rc == PEER_OK)
		printf("%s passed %d closed, up after %" PRIu64 " ms, %" PRIu64
		       " sent again, %" PRIu64 " echoes repeated\n",
		       c->name, 1 + c->second, c->up_ms, c->again, c->repeated);
	else
		printf("%s %s %s\n", c->name, rc == PEER_CANNOT ? "cannot" : "failed",
		       c->reason[0] == '\0' ? "no reason known" : c->reason);
	failed |= rc != PEER_OK && rc != PEER_CANNOT;
	free(c);
}

// One turn of cell i.  If it has ended, the last one takes its place.
static void cell_run(size_t i)
{
	enum peer_result rc = cell_turn(cells[i], &opt);

	if (rc == PEER_AGAIN)
		return;
	cell_finish(cells[i], rc);
	cells[i] = cells[--cell_nb];
}

static void fill(void)
{
	while (cell_nb < parallel && !input_ended) {
		struct cell *c = cell_read();
		enum peer_result rc;

		input_ended = c == NULL;
		if (input_ended)
			return;
		rc = cell_start(c, &opt);
		if (rc != PEER_OK) {
			cell_finish(c, rc);
			continue;
		}
		cells[cell_nb++] = c;
		cell_run(cell_nb - 1);
	}
}

// Waits for datagrams and timers, then turns the cells that have some.
static void turn(void)
{
	struct pollfd p[PARALLEL_MAX];
	bool due[PARALLEL_MAX];
	int wait = -1;

	for (size_t i = 0; i < cell_nb; i++) {
		int own = cell_wait_ms(cells[i]);

		p[i] = (struct pollfd){.fd = cells[i]->fd, .events = POLLIN};
		wait = wait < 0 || own < wait ? own : wait;
	}
	if (poll(p, cell_nb, wait) < 0)
		perror("poll");
	for (size_t i = 0; i < cell_nb; i++)
		due[i] = p[i].revents != 0 || cell_wait_ms(cells[i]) == 0;
	for (size_t i = cell_nb; i-- > 0;)
		if (due[i])
			cell_run(i);
}

int main(int argc, char **argv)
{
	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (opt.peer.ca == NULL || !key_read() || parallel == 0 || parallel > PARALLEL_MAX)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (fill(); cell_nb > 0; fill())
		turn();
	return failed;
}
