// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_ORACLE_H
#define E2E_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

// What a capture holds.  forged, repeated and nonce_rule are faults, unknown is one as well.
struct oracle_counts {
	uint64_t datagrams;    // UDP from or to the server port
	uint64_t associations; // ServerHellos of a suite we know
	uint64_t records[2];   // protected ones that opened, by enum record_side
	uint64_t copies;       // of them the same bytes once more
	uint64_t forged[2];    // that open with no key of their 5-tuple, by side
	uint64_t unknown;      // ServerHellos without a line in the key log
	uint64_t repeated[2];  // (key, nonce) used for different content, by side
	uint64_t nonce_rule;   // server's records whose explicit nonce is not epoch and sequence
};

// Reads an Ethernet capture and an SSLKEYLOGFILE, opens every record of epoch 1 and later from and
// to UDP port port, and says about every fault on stderr.  False if a file cannot be read.
bool oracle_run(const char *capture, const char *keylog, uint16_t port,
		struct oracle_counts *counts);

#endif
