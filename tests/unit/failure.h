// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_FAILURE_H
#define DTLSGW_FAILURE_H

#include "lab.h"

// Clients whose handshakes come to nothing, each kind by itself.

#define FAILURE_NO_ALERT   -1
#define FAILURE_NO_COUNTER SIZE_MAX

struct failure {
	const char *name;
	// Makes the handshakes and leaves neither a client nor a handshake.  Returns the
	// description of the alert that the client got, FAILURE_NO_ALERT if none.
	int (*run)(void);
	int alert;	 // that it has to get
	size_t counter;	 // in struct handshake_stats, that counts at least one more
	int drop;	 // enum drop that does, -1: none
	const char *log; // what stands in the gateway's log, NULL: nothing need
};

extern const struct failure failures[];
extern const size_t failure_nb;

// The lab that all of them run in: started with a listener that has everything to refuse.
extern struct lab failure_lab;
void failure_start(void);
void failure_stop(void);

#endif
