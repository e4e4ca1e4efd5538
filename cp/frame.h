// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_FRAME_H
#define DTLSGW_FRAME_H

#include "dp.h"

// A received frame, read up to its EtherType.
struct frame {
	const struct port *port;
	uint16_t port_id; // ethdev port
	uint16_t type;	  // EtherType behind the VLAN tag, host order
	struct rte_ether_addr src;
	struct rte_ether_addr dst;
	const uint8_t *l3; // l3_len bytes, what pads the frame included
	uint16_t l3_len;
};

// True if mac can be a host's: neither a group address nor zero.
bool frame_mac_is_host(const struct rte_ether_addr *mac);

// Reads the len bytes at p, received on port.  False if they are cut short, carry another VLAN than
// the port's, are for another host, or come from a group address or from the port itself.
bool frame_parse(const struct port *port, uint16_t port_id, const uint8_t *p, size_t len,
		 struct frame *f);

// Makes a frame from the port's MAC address to dst, tagged if the port is, with l3_len bytes of
// room at *l3.  NULL if there is no mbuf, or none so large.
struct rte_mbuf *frame_make(const struct dp *dp, uint16_t port_id, const struct rte_ether_addr *dst,
			    uint16_t type, uint16_t l3_len, uint8_t **l3);

// Hands a whole frame with m->port set to the lcore.  If its ring is full, frees m: false.
bool frame_send(struct dp *dp, uint16_t lcore, struct rte_mbuf *m);

#endif
