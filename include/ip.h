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

// An address as two words, which is how it is compared.
struct ip_words {
	uint64_t word[2];
};

static inline struct ip_words ip_words(const struct ip_addr *a)
{
	struct ip_words w;

	memcpy(&w, a, sizeof(w));
	return w;
}

// Bytes 8 to 11 of a mapped address, as the low half of its second word.
#define IP_MAPPED_WORD htonl(0x0000ffff)

static inline bool ip_is_v4(const struct ip_addr *a)
{
	struct ip_words w = ip_words(a);

	return (w.word[0] | ((uint32_t)w.word[1] ^ IP_MAPPED_WORD)) == 0;
}

static inline bool ip_is_set(const struct ip_addr *a)
{
	struct ip_words w = ip_words(a);

	return (w.word[0] | w.word[1]) != 0;
}

static inline bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	struct ip_words x = ip_words(a), y = ip_words(b);

	return ((x.word[0] ^ y.word[0]) | (x.word[1] ^ y.word[1])) == 0;
}

// What a client has that gets datagrams at a: the IPv4 address, or the IPv6 network of 64 bits,
// within which it has any address that it likes.
static inline struct ip_addr ip_client(const struct ip_addr *a)
{
	struct ip_addr client = *a;

	if (!ip_is_v4(a))
		memset(client.byte + 8, 0, 8);
	return client;
}

// Sets *a from four or sixteen bytes in wire order.
static inline void ip_from_v4(struct ip_addr *a, const void *v4)
{
	struct ip_words w = {{0, IP_MAPPED_WORD}};
	uint32_t low;

	memcpy(&low, v4, sizeof(low));
	w.word[1] |= (uint64_t)low << 32;
	memcpy(a->byte, &w, sizeof(w));
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
