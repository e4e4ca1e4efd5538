// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_BACKEND_H
#define GEN_BACKEND_H

#include "gen.h"

// The inside: the backend of all clients.

// Sends n packets, at most PORTS_BURST, of STREAM_DOWN, to each live client in turn, and counts
// them.  There is a live client, and each has its address known.
void backend_send(struct gen *g, uint16_t n, uint64_t now_tsc);

// Sends what was held.
void backend_flush(struct gen *g);

// Receives a burst and sees each frame to its end: payloads of STREAM_UP are counted, those of
// STREAM_ECHO go back, and from a client's first one is learned where it can be reached.  Returns
// how many there were.
uint16_t backend_receive(struct gen *g);

#endif
