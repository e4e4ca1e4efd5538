// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CLASSIFY_H
#define DTLSGW_CLASSIFY_H

#include "drop.h"
#include "flow.h"
#include "port.h"

// What a frame is; for CLASSIFY_DROP the reason is in datagram.reason.
enum classify {
	CLASSIFY_DROP,
	CLASSIFY_NEIGHBOUR, // ARP or NDP: cp's
	CLASSIFY_ECHO,	    // other ICMP for the gateway: cp's
	CLASSIFY_UDP,	    // a datagram to one of the port's addresses
	CLASSIFY_FRAGMENT,  // on the outside: part of one, with UDP in it
};

struct datagram {
	struct flow_key flow; // remote: source; local: destination
	uint16_t payload_at;  // bytes from the start of the frame to the UDP payload
	uint16_t payload_len; // bytes; what follows in the frame is padding
	uint16_t local;	      // index of flow.local in the port's addresses
	uint8_t reason;	      // enum drop, for CLASSIFY_DROP

	// For CLASSIFY_FRAGMENT, where payload_at and payload_len are those of the IP datagram, and
	// the flow has no ports.
	bool fragment_whole;   // it is all of its datagram
	uint32_t fragment_end; // where it ends in the payload of the datagram it is part of
};
_Static_assert(sizeof(struct datagram) == 56, "less than a cache line a datagram");

// Sets l2_len, ipv4 and ipv6 of *port by its mac and vlan.
void classify_init(struct port *port);

// Reads one frame of len bytes, received on port (ethdev port id port_id), and fills *dg.
// ol_flags: the mbuf's, for checksums that the device has checked.  On the outside the UDP checksum
// of a datagram whose first record is protected is left to the record's tag.  Pure bytes: safe for
// every input.
enum classify classify_frame(const struct port *port, uint16_t port_id, const uint8_t *frame,
			     uint32_t len, uint64_t ol_flags, struct datagram *dg);

#endif
