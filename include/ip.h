// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_IP_H
#define DTLSGW_IP_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// An IPv6 address, or an IPv4 address mapped into ::ffff:0:0/96 (RFC 4291 section 2.5.5.2).
// All zero: no address.
struct ip_addr {
	uint8_t byte[16];
};

// Longest text of an address and its NUL, and of [address]:port.
#define IP_TEXT_LEN	 INET6_ADDRSTRLEN
#define IP_PORT_TEXT_LEN (INET6_ADDRSTRLEN + 8)

static inline bool ip_is_v4(const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(a->byte, mapped, sizeof(mapped)) == 0;
}

static inline bool ip_is_set(const struct ip_addr *a)
{
	static const struct ip_addr none;

	return memcmp(a, &none, sizeof(none)) != 0;
}

static inline bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

// Sets *a from four or sixteen bytes in wire order.
static inline void ip_from_v4(struct ip_addr *a, const void *v4)
{
	memset(a->byte, 0, 10);
	a->byte[10] = a->byte[11] = 0xff;
	memcpy(a->byte + 12, v4, 4);
}

static inline void ip_from_v6(struct ip_addr *a, const void *v6)
{
	memcpy(a->byte, v6, 16);
}

// True if a lies in net/prefix_len; prefix_len counts from the start of the family's own address
// (0..32 or 0..128).  Addresses of different families never match.
bool ip_in_prefix(const struct ip_addr *a, const struct ip_addr *net, uint8_t prefix_len);

// Reads "192.0.2.1" or "2001:db8::1".  Returns 0 or -EINVAL.
int ip_parse(const char *text, struct ip_addr *a);

// Writes the address, or "192.0.2.1:53" / "[2001:db8::1]:53", and returns text.
const char *ip_format(const struct ip_addr *a, char text[static IP_TEXT_LEN]);
const char *ip_port_format(const struct ip_addr *a, uint16_t port_be,
			   char text[static IP_PORT_TEXT_LEN]);

#endif
