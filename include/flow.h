// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_FLOW_H
#define DTLSGW_FLOW_H

#include <rte_byteorder.h>

#include "ip.h"

// The outside 5-tuple (the protocol is UDP) and the port it arrives on.  Compared and hashed as
// bytes, so zero must stay 0.
struct flow_key {
	struct ip_addr remote; // the client
	struct ip_addr local;  // the listener
	rte_be16_t remote_port;
	rte_be16_t local_port;
	uint16_t port_id; // ethdev port of the outside
	uint16_t zero;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct flow_key) == 40, "hashed as five 64-bit words");

#endif
