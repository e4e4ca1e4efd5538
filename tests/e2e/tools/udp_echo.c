// SPDX-License-Identifier: BSD-3-Clause
// The backend: sends every UDP datagram back, empty ones too, over IPv4 and IPv6, and writes a
// line "LENGTH FIRST-BYTES-IN-HEX" about each.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "endpoint.h"
#include "options.h"

#define SHOWN_MAX 32 // bytes of a datagram in its line

static const char *port = "7";
static bool quiet;
static const struct option_line lines[] = {
	{.name = "port", .text = &port}, {.name = "quiet", .flag = &quiet}, // no lines
};

static void line_write(const uint8_t *p, size_t len)
{
	printf("%zu ", len);
	for (size_t i = 0; i < len && i < SHOWN_MAX; i++)
		printf("%02x", p[i]);
	putchar('\n');
}

static void echo(int fd)
{
	static uint8_t data[65536];
	struct endpoint from;
	ssize_t n;

	for (;;) {
		from.len = sizeof(from.addr);
		n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from.addr, &from.len);
		if (n < 0)
			return;
		if (!quiet)
			line_write(data, (size_t)n);
		if (sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from.addr, from.len) != n)
			perror("sendto");
	}
}

int main(int argc, char **argv)
{
	static const char *const any[] = {"0.0.0.0", "::"};
	struct pollfd p[2];

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	for (int i = 0; i < 2; i++) {
		struct endpoint local;

		if (!endpoint_parse(&local, any[i], port))
			return 2;
		p[i] = (struct pollfd){.fd = endpoint_listen(&local), .events = POLLIN};
		if (p[i].fd < 0)
			return 2;
	}
	printf("ready\n");
	for (;;) {
		fflush(stdout);
		if (poll(p, 2, -1) < 0)
			return 1;
		echo(p[0].fd);
		echo(p[1].fd);
	}
}
