// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NAT_H
#define DTLSGW_NAT_H

#include <rte_byteorder.h>
#include <stdatomic.h>
#include <stdint.h>

#include "config.h"
#include "ip.h"

// First gateway port towards the backend; below it nothing is handed out (RFC 6335 section 6).
#define NAT_PORT_MIN 1024
#define NAT_PORT_NB  65536
#define NAT_NO_LCORE UINT16_MAX
#define NAT_RELAY    0x8000 // in nat_slot.lcore: the port is a relay's
#define NAT_ADDR_MAX (CONFIG_PORT_MAX * CONFIG_ADDR_MAX)

struct relay;
struct session;

// A gateway port towards the backend, or a media server.  lcore, with NAT_RELAY or without, is
// cp's: set before the install, NAT_NO_LCORE after the session or relay ended.  session or relay is
// the owning lcore's: set at the install, NULL at the end.
struct nat_slot {
	union {
		_Atomic(struct session *) session;
		_Atomic(struct relay *) relay;
	};
	_Atomic uint16_t lcore;
};
_Static_assert(sizeof(struct nat_slot) == 16, "four ports a cache line");

// One inside address of the gateway and its ports.
struct nat_addr {
	struct ip_addr addr;
	uint16_t port_id;      // ethdev port
	struct nat_slot *slot; // NAT_PORT_NB entries, by port in host order
};

struct nat {
	uint16_t addr_nb;
	struct nat_addr addr[NAT_ADDR_MAX];
};

#endif
