// SPDX-License-Identifier: BSD-3-Clause
#include "ip.h"

#include <errno.h>
#include <stdio.h>

#define V4_AT 12 // first byte of a mapped IPv4 address

bool ip_in_prefix(const struct ip_addr *a, const struct ip_addr *net, uint8_t prefix_len)
{
	unsigned int bits = prefix_len;
	unsigned int whole;
	uint8_t mask;

	if (ip_is_v4(a) != ip_is_v4(net))
		return false;
	if (ip_is_v4(net))
		bits += 8 * V4_AT;
	if (bits > 8 * sizeof(a->byte))
		return false;
	whole = bits / 8;
	if (memcmp(a->byte, net->byte, whole) != 0)
		return false;
	mask = (uint8_t)(0xff00 >> bits % 8);
	return mask == 0 || ((a->byte[whole] ^ net->byte[whole]) & mask) == 0;
}

int ip_parse(const char *text, struct ip_addr *a)
{
	uint8_t v4[4];
	struct ip_addr v6;

	if (inet_pton(AF_INET, text, v4) == 1) {
		ip_from_v4(a, v4);
		return 0;
	}
	// A mapped address would change its family, and with it what a prefix length means.
	if (inet_pton(AF_INET6, text, v6.byte) != 1 || ip_is_v4(&v6))
		return -EINVAL;
	*a = v6;
	return 0;
}

const char *ip_format(const struct ip_addr *a, char text[static IP_TEXT_LEN])
{
	if (ip_is_v4(a))
		inet_ntop(AF_INET, a->byte + V4_AT, text, IP_TEXT_LEN);
	else
		inet_ntop(AF_INET6, a->byte, text, IP_TEXT_LEN);
	return text;
}

const char *ip_port_format(const struct ip_addr *a, uint16_t port_be,
			   char text[static IP_PORT_TEXT_LEN])
{
	char addr[IP_TEXT_LEN];

	snprintf(text, IP_PORT_TEXT_LEN, ip_is_v4(a) ? "%s:%u" : "[%s]:%u", ip_format(a, addr),
		 (unsigned int)ntohs(port_be));
	return text;
}
