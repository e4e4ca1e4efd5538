// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PORT_H
#define DTLSGW_PORT_H

#include <rte_ether.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"

// A started ethdev port.  Written by dp_create(), const after; indexed by ethdev port id.
struct port {
	const struct config_port *config;
	uint16_t index; // in config.port and stats.port
	struct rte_ether_addr mac;
	uint16_t mtu;	  // bytes of IP datagram
	uint16_t vlan;	  // 0: untagged
	bool outside;	  // else inside
	bool tx_ip_cksum; // the device fills IPv4 header checksums
	bool tx_udp_cksum;
	bool rss; // the device keeps a flow on one of its receive queues
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
