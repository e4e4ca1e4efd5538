// SPDX-License-Identifier: BSD-3-Clause
// A client on the library of peer.h: one handshake, then datagrams of several sizes one after the
// other, each compared with its echo.  The last line of stdout is
//   passed: ...   status 0
//   cannot: WHY   status 3, the library has no such suite and sent nothing
//   failed: WHY   status 1
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"
#include "options.h"
#include "peer.h"
#include "rng.h"

#define DATAGRAM_MAX  16384
#define STATUS_CANNOT 3
#define TRIES_MAX     40 // of one datagram on a lossy way

static const size_t sizes[] = {1, 2, 15, 16, 17, 100, 255, 256, 257, 1000, 1024, 1200};
#define SIZES_NB (sizeof(sizes) / sizeof(sizes[0]))

static struct {
	const char *host, *port;
	struct peer_options peer;
	uint64_t seed, timeout_s, quiet_ms;
	bool lossy; // send again what is not echoed in time; echoes may repeat
} opt = {
	.peer = {.name = "dtlsgw.example", .retransmit_ms = 1000},
	.seed = 1,
	.timeout_s = 60,
	.quiet_ms = 5000,
};

static const struct option_line lines[] = {
	{.name = "host", .text = &opt.host},
	{.name = "port", .text = &opt.port},
	{.name = "ca", .text = &opt.peer.ca},
	{.name = "name", .text = &opt.peer.name},
	{.name = "suite", .number = &opt.peer.suite},
	{.name = "retransmit", .number = &opt.peer.retransmit_ms},
	{.name = "seed", .number = &opt.seed},
	{.name = "timeout", .number = &opt.timeout_s},
	{.name = "quiet", .number = &opt.quiet_ms},
	{.name = "lossy", .flag = &opt.lossy},
};

static char reason[512];
static uint64_t deadline_ms, repeated, again;
static uint8_t wanted[DATAGRAM_MAX], got[DATAGRAM_MAX];

void peer_reason(const char *format, ...)
{
	va_list args;

	if (reason[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
}

static void wait_readable(int fd, int64_t wait_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = (int64_t)(deadline_ms - endpoint_now_ms());

	if (wait_ms < 0 || wait_ms > left)
		wait_ms = left;
	poll(&p, 1, wait_ms < 0 ? 0 : (int)wait_ms);
}

static bool out_of_time(const char *where)
{
	if (endpoint_now_ms() < deadline_ms)
		return false;
	peer_reason("%s: no end after %" PRIu64 " s", where, opt.timeout_s);
	return true;
}

static bool handshake(int fd)
{
	for (;;) {
		enum peer_result rc = peer_handshake();

		if (rc != PEER_AGAIN)
			return rc == PEER_OK;
		if (out_of_time("handshake"))
			return false;
		wait_readable(fd, peer_timeout_ms());
	}
}

static size_t datagram_make(size_t index)
{
	uint64_t state = opt.seed * UINT64_C(1000003) + index;

	rng_fill(&state, wanted, sizes[index]);
	return sizes[index];
}

// True for a late echo of a datagram before index.
static bool is_repeated(size_t index, size_t len)
{
	while (opt.lossy && index-- > 0)
		if (datagram_make(index) == len && memcmp(wanted, got, len) == 0)
			return true;
	return false;
}

// Takes what is there.  PEER_OK after the echo of datagram index, PEER_AGAIN if it is not there.
static enum peer_result echo_take(size_t index)
{
	enum peer_result rc;
	size_t len;

	while ((rc = peer_receive(got, sizeof(got), &len)) == PEER_OK) {
		if (datagram_make(index) == len && memcmp(wanted, got, len) == 0)
			return PEER_OK;
		if (!is_repeated(index, len)) {
			peer_reason("datagram %zu: an echo of %zu bytes is none of what was sent",
				    index, len);
			return PEER_FAILED;
		}
		repeated++;
	}
	if (rc == PEER_CLOSED)
		peer_reason("datagram %zu: the gateway closed the association", index);
	return rc;
}

static enum peer_result echo_wait(int fd, size_t index)
{
	uint64_t quiet_end = endpoint_now_ms() + opt.quiet_ms;

	for (;;) {
		enum peer_result rc = echo_take(index);
		uint64_t now = endpoint_now_ms();

		if (rc != PEER_AGAIN || now >= quiet_end)
			return rc;
		wait_readable(fd, (int64_t)(quiet_end - now));
	}
}

static bool echo(int fd, size_t index)
{
	for (int i = 0; i < (opt.lossy ? TRIES_MAX : 1); i++) {
		enum peer_result rc;

		again += i > 0;
		if (!peer_send(wanted, datagram_make(index))) {
			peer_reason("datagram %zu cannot be sent", index);
			return false;
		}
		rc = echo_wait(fd, index);
		if (rc != PEER_AGAIN)
			return rc == PEER_OK;
	}
	peer_reason("datagram %zu: no echo", index);
	return false;
}

static bool run(int fd)
{
	uint64_t start = endpoint_now_ms(), up;

	if (!handshake(fd))
		return false;
	up = endpoint_now_ms();
	printf("up after %" PRIu64 " ms\n", up - start);
	for (size_t i = 0; i < SIZES_NB; i++)
		if (!echo(fd, i) || out_of_time("echoes"))
			return false;
	printf("passed: up after %" PRIu64 " ms, %zu datagrams, %" PRIu64 " sent again, %" PRIu64
	       " echoes repeated\n",
	       up - start, SIZES_NB, again, repeated);
	return true;
}

int main(int argc, char **argv)
{
	struct endpoint gateway;
	enum peer_result rc;
	bool ok;
	int fd;

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (opt.host == NULL || opt.port == NULL || opt.peer.ca == NULL || opt.peer.suite == 0 ||
	    opt.peer.suite > UINT16_MAX)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	if (!endpoint_parse(&gateway, opt.host, opt.port))
		return 2;
	fd = endpoint_connect(&gateway, 0);
	if (fd < 0)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	deadline_ms = endpoint_now_ms() + opt.timeout_s * 1000;
	rc = peer_open(&opt.peer, fd);
	ok = rc == PEER_OK && run(fd);
	if (!ok)
		printf("%s: %s\n", rc == PEER_CANNOT ? "cannot" : "failed",
		       reason[0] == '\0' ? "no reason known" : reason);
	peer_close();
	close(fd);
	return ok ? 0 : rc == PEER_CANNOT ? STATUS_CANNOT : 1;
}
