// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HELLOS_H
#define DTLSGW_HELLOS_H

#include "plane.h"

#define HELLOS_LEN 220 // bytes of a ClientHello's datagram, about what s_client sends

// A ClientHello without cookie of client i, and the flow that it comes from.
void hellos_write(uint8_t p[static HELLOS_LEN], uint32_t i);
struct flow_key hellos_flow(const struct plane *p, uint32_t i);

// The frames of clients 0..nb-1.
void hellos_frames(struct plane *p, struct frames *f, uint32_t nb);

// Sends the first nb frames, which lane 0 has loaded, through the data plane and checks that what
// comes out is a HelloVerifyRequest for each, in order.
void hellos_check(struct plane *p, uint32_t nb);

#endif
