// SPDX-License-Identifier: BSD-3-Clause
#include "icmp.h"

#include <rte_ip.h>

#include "wire.h"

#define ECHO_HEADER_LEN	    8
#define ECHO_REPLY	    0
#define ECHO_REQUEST	    8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY   129
#define IPV4_LEN	    20
#define IPV6_LEN	    40
#define TTL		    64

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint16_t icmpv6_checksum(const struct ip_addr *src, const struct ip_addr *dst, const uint8_t *msg,
			 uint16_t len)
{
	return (uint16_t)~fold((uint32_t)rte_raw_cksum(src, sizeof(*src)) +
			       rte_raw_cksum(dst, sizeof(*dst)) + rte_cpu_to_be_16(IPPROTO_ICMPV6) +
			       rte_cpu_to_be_16(len) + rte_raw_cksum(msg, len));
}

static bool is_request(const uint8_t *msg, uint8_t type)
{
	return msg[0] == type && msg[1] == 0;
}

static bool parse_v4(const uint8_t *ip, size_t len, struct icmp_echo *echo)
{
	struct wire_reader r = wire_reader(ip, len);
	uint16_t fragment;
	uint8_t protocol;

	if (wire_u8(&r) != RTE_IPV4_VHL_DEF || wire_bytes(&r, 1) == NULL)
		return false;
	echo->len = wire_u16(&r);
	wire_bytes(&r, 2);
	fragment = wire_u16(&r) & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);
	wire_bytes(&r, 1);
	protocol = wire_u8(&r);
	if (echo->len < IPV4_LEN + ECHO_HEADER_LEN || echo->len > len || fragment != 0 ||
	    protocol != IPPROTO_ICMP || rte_raw_cksum(ip, IPV4_LEN) != 0xffff)
		return false;
	ip_from_v4(&echo->src, ip + 12);
	ip_from_v4(&echo->dst, ip + 16);
	return is_request(ip + IPV4_LEN, ECHO_REQUEST) &&
	       rte_raw_cksum(ip + IPV4_LEN, echo->len - IPV4_LEN) == 0xffff;
}

static bool parse_v6(const uint8_t *ip, size_t len, struct icmp_echo *echo)
{
	struct wire_reader r = wire_reader(ip, len);
	uint32_t version = (uint32_t)wire_uint(&r, 4) >> 28;
	uint16_t payload_len = wire_u16(&r);
	uint8_t next_header = wire_u8(&r);

	if (version != 6 || next_header != IPPROTO_ICMPV6 || payload_len < ECHO_HEADER_LEN ||
	    len < IPV6_LEN || payload_len > len - IPV6_LEN || payload_len > UINT16_MAX - IPV6_LEN)
		return false;
	echo->len = IPV6_LEN + payload_len;
	ip_from_v6(&echo->src, ip + 8);
	ip_from_v6(&echo->dst, ip + 24);
	if (ip_is_v4(&echo->src) || ip_is_v4(&echo->dst))
		return false;
	return is_request(ip + IPV6_LEN, ICMPV6_ECHO_REQUEST) &&
	       icmpv6_checksum(&echo->src, &echo->dst, ip + IPV6_LEN, payload_len) == 0;
}

bool icmp_echo_parse(const uint8_t *ip, size_t len, struct icmp_echo *echo)
{
	if (len == 0)
		return false;
	return ip[0] >> 4 == 4 ? parse_v4(ip, len, echo) : parse_v6(ip, len, echo);
}

static void put_sum(uint8_t *field, uint16_t sum)
{
	memcpy(field, &sum, sizeof(sum));
}

static void reply_v4(uint8_t *ip, const struct icmp_echo *echo)
{
	uint8_t *msg = ip + IPV4_LEN;

	memcpy(ip + 12, echo->dst.byte + 12, 4);
	memcpy(ip + 16, echo->src.byte + 12, 4);
	ip[8] = TTL;
	put_sum(ip + 10, 0);
	put_sum(ip + 10, (uint16_t)~rte_raw_cksum(ip, IPV4_LEN));
	msg[0] = ECHO_REPLY;
	put_sum(msg + 2, 0);
	put_sum(msg + 2, (uint16_t)~rte_raw_cksum(msg, echo->len - IPV4_LEN));
}

static void reply_v6(uint8_t *ip, const struct icmp_echo *echo)
{
	uint8_t *msg = ip + IPV6_LEN;

	memcpy(ip + 8, &echo->dst, 16);
	memcpy(ip + 24, &echo->src, 16);
	ip[7] = TTL;
	msg[0] = ICMPV6_ECHO_REPLY;
	put_sum(msg + 2, 0);
	put_sum(msg + 2, icmpv6_checksum(&echo->dst, &echo->src, msg, echo->len - IPV6_LEN));
}

void icmp_echo_reply(uint8_t *ip, const struct icmp_echo *echo)
{
	if (ip[0] >> 4 == 4)
		reply_v4(ip, echo);
	else
		reply_v6(ip, echo);
}
