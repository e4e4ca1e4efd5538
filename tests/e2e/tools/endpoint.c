// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "endpoint.h"

#define SOCKET_BUFFER (4 << 20) // bytes; bursts must not be lost in the test's own socket

bool endpoint_parse(struct endpoint *e, const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	int rc = getaddrinfo(host, port, &hints, &found);

	if (rc != 0) {
		fprintf(stderr, "%s port %s: %s\n", host, port, gai_strerror(rc));
		return false;
	}
	memset(e, 0, sizeof(*e));
	memcpy(&e->addr, found->ai_addr, found->ai_addrlen);
	e->len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->len == b->len && memcmp(&a->addr, &b->addr, a->len) == 0;
}

static int udp_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, size = SOCKET_BUFFER;

	if (fd < 0) {
		perror("socket");
		return -1;
	}
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

int endpoint_connect(const struct endpoint *peer, uint16_t local_port)
{
	struct endpoint local = {.addr.ss_family = peer->addr.ss_family, .len = peer->len};
	int fd = udp_socket(peer->addr.ss_family);

	if (fd < 0)
		return -1;
	if (peer->addr.ss_family == AF_INET)
		((struct sockaddr_in *)&local.addr)->sin_port = htons(local_port);
	else
		((struct sockaddr_in6 *)&local.addr)->sin6_port = htons(local_port);
	if (bind(fd, (struct sockaddr *)&local.addr, local.len) != 0 ||
	    connect(fd, (const struct sockaddr *)&peer->addr, peer->len) != 0) {
		perror("bind or connect");
		close(fd);
		return -1;
	}
	return fd;
}

int endpoint_listen(const struct endpoint *local)
{
	int fd = udp_socket(local->addr.ss_family);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&local->addr, local->len) != 0) {
		perror("bind");
		close(fd);
		return -1;
	}
	return fd;
}

uint64_t endpoint_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
