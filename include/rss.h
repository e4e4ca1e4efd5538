// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RSS_H
#define DTLSGW_RSS_H

#include <rte_byteorder.h>
#include <stdbool.h>
#include <stdint.h>

#include "ip.h"

#define RSS_ENTRIES_MAX 2048
#define RSS_KEY_MAX	52 // bytes

// How a device spreads UDP over its receive queues: the Toeplitz hash of addresses and ports under
// a key picks an entry of the redirection table, by its low bits.  Const once the port is started.
struct rss {
	uint16_t entries; // a power of two
	uint8_t key_len;  // bytes
	bool ipv4, ipv6;  // the ports count for this family
	uint8_t key[RSS_KEY_MAX] __attribute__((aligned(4)));
	uint16_t lcore[RSS_ENTRIES_MAX]; // that polls the queue of entry i
};

// A datagram as the gateway receives it.
struct rss_tuple {
	struct ip_addr src;
	struct ip_addr dst; // of the same family
	rte_be16_t src_port;
	rte_be16_t dst_port;
};

// Entry of the redirection table that the device takes for a datagram.  The hash is linear: the
// entry of a tuple is that of the tuple with port 0, exclusive or rss_port_entry() of the port.
uint16_t rss_entry(const struct rss *rss, const struct rss_tuple *tuple);

// Part that the destination port has in rss_entry(), for the family of dst.
uint16_t rss_port_entry(const struct rss *rss, bool v4, rte_be16_t dst_port);

#endif
