// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NEXT_HOP_H
#define DTLSGW_NEXT_HOP_H

#include <rte_ether.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// What dp knows of a neighbour: its MAC address, read and written as one word.  Writer: cp.
struct next_hop {
	_Atomic uint64_t mac; // bytes 0..5 the address; bit 63 of the word: resolved
};

#define NEXT_HOP_RESOLVED (UINT64_C(1) << 63)

struct next_hops {
	uint32_t nb;
	struct next_hop *hop; // nb entries
};

// The MAC address in bytes 0..5, and NEXT_HOP_RESOLVED if it is known.
static inline uint64_t next_hop_word(const struct next_hops *hops, uint16_t i)
{
	return atomic_load_explicit(&hops->hop[i].mac, memory_order_relaxed);
}

// False if the neighbour is not resolved.
static inline bool next_hop_get(const struct next_hops *hops, uint16_t i,
				struct rte_ether_addr *mac)
{
	uint64_t word = next_hop_word(hops, i);

	memcpy(mac, &word, sizeof(*mac));
	return (word & NEXT_HOP_RESOLVED) != 0;
}

// mac NULL: not resolved.
static inline void next_hop_set(struct next_hops *hops, uint16_t i,
				const struct rte_ether_addr *mac)
{
	uint64_t word = 0;

	if (mac != NULL) {
		memcpy(&word, mac, sizeof(*mac));
		word |= NEXT_HOP_RESOLVED;
	}
	atomic_store_explicit(&hops->hop[i].mac, word, memory_order_relaxed);
}

#endif
