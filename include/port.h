// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PORT_H
#define DTLSGW_PORT_H

#include <rte_ether.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"

// What the first bytes of a frame have in common that carries a UDP datagram, whole and without IP
// options, to the port: byte i, masked, is value[i].
#define PORT_MATCH_LEN 32
struct port_match {
	uint8_t mask[PORT_MATCH_LEN] __attribute__((aligned(16)));
	uint8_t value[PORT_MATCH_LEN] __attribute__((aligned(16)));
};

struct rss;

// A started ethdev port.  Written by dp_create(), const after; indexed by ethdev port id.
struct port {
	const struct config_port *config;
	uint16_t index; // in config.port and stats.port
	struct rte_ether_addr mac;
	uint16_t mtu;	    // bytes of IP datagram
	uint16_t vlan;	    // 0: untagged
	bool outside;	    // else inside
	uint8_t l2_len;	    // bytes of Ethernet header with tag
	uint16_t nat_first; // inside: index in nat.addr of the port's first address
	struct port_match ipv4;
	struct port_match ipv6;
	uint16_t ipv4_nb; // of the port's addresses that are IPv4
	struct {
		rte_be32_t addr;
		uint16_t local; // index in config->addr
	} ipv4_addr[CONFIG_ADDR_MAX];
	uint64_t tx_ipv4_flags; // mbuf flags for what the device fills in: RTE_MBUF_F_TX_IP_CKSUM,
				// RTE_MBUF_F_TX_UDP_CKSUM, and which family it is; 0: nothing
	uint64_t tx_ipv6_flags;
	bool rss;	   // the device keeps a flow on one of its receive queues
	struct rss *table; // which one; NULL: not known
	uint16_t rxq_nb;
	uint16_t txq_nb;
	uint16_t rxq_lcore[CONFIG_LCORE_MAX]; // lcore that polls receive queue i
	uint16_t txq[CONFIG_LCORE_MAX];	      // transmit queue of lcore i, or PORT_NO_QUEUE
	uint16_t tx_lcore[CONFIG_LCORE_MAX];  // lcore that sends for lcore i: i, or a queue's owner
	bool spread; // outside port without RSS or with fewer queues than lcores: the flow hash
		     // picks the owner
};

#define PORT_NO_QUEUE UINT16_MAX

#endif
