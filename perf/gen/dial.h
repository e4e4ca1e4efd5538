// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_DIAL_H
#define GEN_DIAL_H

#include "gen.h"

// The handshakes: libssl over datagrams in memory, some at a time; then the keys are taken over and
// the SSL is freed.

struct dial_result {
	uint32_t completed;
	uint32_t failed;
	double seconds;	    // from the first ClientHello to the last end
	struct delay delay; // of one handshake, TSC ticks
	char suite[64];	    // OpenSSL's name, of the last one
};

// Opens a session for every client, as many at once as the options say.  Returns 0 if there is at
// least one, -ECONNREFUSED, or another -errno, after a message; why the first handshakes failed is
// told as well.
int dial_all(struct gen *g, struct dial_result *result);

// A datagram from the server for a handshake under way.
void dial_datagram(struct dial *d, const uint8_t *payload, uint16_t len);

#endif
