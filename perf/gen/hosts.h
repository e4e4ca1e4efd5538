// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_HOSTS_H
#define GEN_HOSTS_H

#include "ip.h"

// Addresses that are ours on a link: so many, counted up from the first in its last 32 bits.
struct hosts {
	struct ip_addr first;
	uint32_t nb;
};

#define HOSTS_NONE UINT32_MAX

static inline uint32_t hosts_low(const struct ip_addr *a)
{
	uint32_t low;

	memcpy(&low, a->byte + 12, sizeof(low));
	return ntohl(low);
}

static inline struct ip_addr hosts_addr(const struct hosts *h, uint32_t i)
{
	struct ip_addr a = h->first;
	uint32_t low = htonl(hosts_low(&h->first) + i);

	memcpy(a.byte + 12, &low, sizeof(low));
	return a;
}

// The index of an address, or HOSTS_NONE.
static inline uint32_t hosts_find(const struct hosts *h, const struct ip_addr *a)
{
	struct ip_words x = ip_words(&h->first), y = ip_words(a);
	uint32_t i = hosts_low(a) - hosts_low(&h->first);

	if (x.word[0] != y.word[0] || (uint32_t)x.word[1] != (uint32_t)y.word[1] || i >= h->nb)
		return HOSTS_NONE;
	return i;
}

#endif
