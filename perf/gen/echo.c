// SPDX-License-Identifier: BSD-3-Clause
#include "echo.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH	      64
#define DATAGRAM_MAX  2048
#define BUCKETS	      16384	// of associations
#define SOCKET_BUFFER (4 << 20) // bytes; some 4096 datagrams, as a port of gen.sh holds

struct entry {
	struct sockaddr_in6 addr;
	struct echo_peer *peer;
	struct entry *next;
};

// Datagrams of one system call.
struct batch {
	unsigned int nb;
	struct mmsghdr message[BATCH];
	struct iovec iovec[BATCH];
	struct sockaddr_in6 addr[BATCH];
	uint8_t data[BATCH][DATAGRAM_MAX];
};

static int fd;
static struct batch in, out;
static struct entry *bucket[BUCKETS];
static const struct sockaddr_in6 *serving;
static const uint8_t *serving_data; // NULL: read
static size_t serving_len;

static void batch_init(struct batch *b)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		b->iovec[i] = (struct iovec){b->data[i], DATAGRAM_MAX};
		b->message[i].msg_hdr = (struct msghdr){.msg_name = &b->addr[i],
							.msg_namelen = sizeof(b->addr[i]),
							.msg_iov = &b->iovec[i],
							.msg_iovlen = 1};
	}
}

static void flush(void)
{
	unsigned int sent = 0;

	while (sent < out.nb) {
		int n = sendmmsg(fd, out.message + sent, out.nb - sent, 0);

		// What cannot be sent is lost, as on any way.
		sent += n > 0 ? (unsigned int)n : 1;
	}
	out.nb = 0;
}

size_t echo_read(void *data, size_t room)
{
	size_t n = serving_len < room ? serving_len : room;

	if (serving_data == NULL)
		return 0;
	memcpy(data, serving_data, n);
	serving_data = NULL;
	return n;
}

bool echo_readable(void)
{
	return serving_data != NULL;
}

void echo_write(const void *data, size_t len)
{
	if (len > DATAGRAM_MAX)
		return;
	if (out.nb == BATCH)
		flush();
	memcpy(out.data[out.nb], data, len);
	out.iovec[out.nb].iov_len = len;
	out.addr[out.nb++] = *serving;
}

static struct entry **find(const struct sockaddr_in6 *addr)
{
	uint32_t word[4], hash = addr->sin6_port;
	struct entry **at;

	memcpy(word, &addr->sin6_addr, sizeof(word));
	for (int i = 0; i < 4; i++)
		hash = (hash ^ word[i]) * UINT32_C(2654435761);
	at = &bucket[hash >> 18];
	while (*at != NULL && ((*at)->addr.sin6_port != addr->sin6_port ||
			       memcmp(&(*at)->addr.sin6_addr, word, sizeof(word)) != 0))
		at = &(*at)->next;
	return at;
}
_Static_assert(BUCKETS == 1 << (32 - 18), "the hash's high bits");

// The association of addr, made if need be, or NULL.
static struct entry *hold(struct entry **at, const struct sockaddr_in6 *addr)
{
	struct entry *e = *at;

	if (e != NULL)
		return e;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->addr = *addr;
	e->peer = echo_peer_create();
	if (e->peer == NULL) {
		free(e);
		return NULL;
	}
	*at = e;
	return e;
}

static void serve(const struct sockaddr_in6 *addr, const uint8_t *data, size_t len)
{
	struct entry **at = find(addr), *e = hold(at, addr);

	serving = addr;
	serving_data = data;
	serving_len = len;
	if (e == NULL || len == 0 || echo_datagram(e->peer))
		return;
	*at = e->next;
	echo_peer_destroy(e->peer);
	free(e);
}

static int listen_at(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_family = AF_INET6,
				 .ai_socktype = SOCK_DGRAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_V4MAPPED};
	struct addrinfo *found;
	int rc = getaddrinfo(host, port, &hints, &found), off = 0, size = SOCKET_BUFFER;

	if (rc != 0) {
		fprintf(stderr, "%s port %s: %s\n", host, port, gai_strerror(rc));
		return -1;
	}
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
		perror("socket");
		freeaddrinfo(found);
		return -1;
	}
	freeaddrinfo(found);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: %s ADDRESS PORT CERTIFICATE KEY\n", argv[0]);
		return 2;
	}
	if (listen_at(argv[1], argv[2]) != 0 || !echo_open(argv[3], argv[4]))
		return 1;
	batch_init(&in);
	batch_init(&out);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int n = recvmmsg(fd, in.message, BATCH, MSG_WAITFORONE, NULL);

		if (n < 0 && errno != EINTR && errno != ECONNREFUSED) {
			perror("recvmmsg");
			return 1;
		}
		for (int i = 0; i < n; i++) {
			serve(&in.addr[i], in.data[i], in.message[i].msg_len);
			in.message[i].msg_hdr.msg_namelen = sizeof(in.addr[i]);
		}
		flush();
	}
}
