// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_CLIENT_H
#define GEN_CLIENT_H

#include "gen.h"

// The outside: the clients' ends.

// Sends n packets, at most PORTS_BURST, of STREAM_UP or STREAM_ECHO, one of each live client in
// turn, and counts them.  There is a live client.
void client_send(struct gen *g, enum stream stream, uint16_t n, uint64_t now_tsc);

// Sends what was held.
void client_flush(struct gen *g);

// Sends a probe from client i: a payload that is to come back.
void client_probe(struct gen *g, uint32_t i);

// Sends a close_notify from client i.  False if the device has no room now.
bool client_close(struct gen *g, uint32_t i);

// Receives a burst and sees each frame to its end.  Returns how many there were.
uint16_t client_receive(struct gen *g);

#endif
