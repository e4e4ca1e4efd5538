// SPDX-License-Identifier: BSD-3-Clause
#include "rss.h"

#include <rte_thash.h>

#define WORDS_MAX (2 * 4 + 1) // two IPv6 addresses and the ports

// Adds an address in words of host order.  Returns how many there are then.
static uint32_t put_addr(uint32_t word[WORDS_MAX], uint32_t nb, const struct ip_addr *addr, bool v4)
{
	for (size_t at = v4 ? 12 : 0; at < sizeof(addr->byte); at += sizeof(rte_be32_t)) {
		rte_be32_t be;

		memcpy(&be, addr->byte + at, sizeof(be));
		word[nb++] = rte_be_to_cpu_32(be);
	}
	return nb;
}

static uint16_t entry(const struct rss *rss, const struct rss_tuple *tuple, bool v4)
{
	uint32_t word[WORDS_MAX], nb = 0;

	nb = put_addr(word, nb, &tuple->src, v4);
	nb = put_addr(word, nb, &tuple->dst, v4);
	word[nb++] = (uint32_t)rte_be_to_cpu_16(tuple->src_port) << 16 |
		     rte_be_to_cpu_16(tuple->dst_port);
	return rte_softrss(word, nb, rss->key) & (rss->entries - 1);
}

uint16_t rss_entry(const struct rss *rss, const struct rss_tuple *tuple)
{
	return entry(rss, tuple, ip_is_v4(&tuple->dst));
}

uint16_t rss_port_entry(const struct rss *rss, bool v4, rte_be16_t dst_port)
{
	const struct rss_tuple tuple = {.dst_port = dst_port};

	return entry(rss, &tuple, v4);
}
