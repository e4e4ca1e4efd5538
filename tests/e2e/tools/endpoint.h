// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_ENDPOINT_H
#define E2E_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

// An IPv4 or IPv6 address and a UDP port.
struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

// Reads a numeric address.  False after a message on stderr.
bool endpoint_parse(struct endpoint *e, const char *host, const char *port);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

// A non-blocking UDP socket.  local_port 0: any.  Returns -1 after a message on stderr.
int endpoint_connect(const struct endpoint *peer, uint16_t local_port);
int endpoint_listen(const struct endpoint *local);

// Monotonic clock.
uint64_t endpoint_now_ms(void);

#endif
