// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NEIGH_FRAME_H
#define DTLSGW_NEIGH_FRAME_H

#include "cp.h"

// The frames of neigh.c; neigh_frame() itself is in neigh.h.  What cannot be sent is counted.

// Asks the port's link who has addr, or the host with that MAC address whether it still has it.
void neigh_frame_ask(struct cp *cp, uint16_t port_id, const struct ip_addr *addr,
		     const struct rte_ether_addr *mac);

// Tells every port's link the gateway's addresses.
void neigh_frame_announce(struct cp *cp);

#endif
