// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_PEER_CELL_H
#define E2E_PEER_CELL_H

#include "endpoint.h"
#include "peer.h"

// One cell of the matrix: an association, or one that is closed and resumed, and on each of them
// datagrams of several sizes one after the other, each compared with its echo.
struct cell {
	char name[96];
	struct endpoint gateway;
	uint16_t source_port; // of the first association, the second has the next; 0: any
	uint64_t seed;	      // of the datagrams; 0: a clean way, where nothing is lost or repeated
	struct peer_way way;

	struct peer *peer;
	int fd; // -1: none
	bool up;
	bool second;	      // the association is the resumed one
	size_t index;	      // of the datagram whose echo is awaited
	unsigned int tries;   // of it
	uint64_t try_end_ms;  // then it is sent again
	uint64_t deadline_ms; // of the cell
	uint64_t begun_ms, up_ms;
	uint64_t again, repeated; // datagrams sent again, echoes that came again
	char reason[256];	  // why it has failed or cannot
};

struct cell_options {
	struct peer_options peer;
	uint64_t timeout_s; // of a cell
	uint64_t quiet_ms;  // a datagram without echo for so long is sent again, or lost
};

// Opens the first association.  PEER_OK, PEER_CANNOT or PEER_FAILED.
enum peer_result cell_start(struct cell *c, const struct cell_options *options);

// Does what there is to do.  PEER_OK once the cell has passed, PEER_AGAIN, PEER_CANNOT or
// PEER_FAILED.
enum peer_result cell_turn(struct cell *c, const struct cell_options *options);

// Milliseconds until cell_turn() has to run without a datagram.
int cell_wait_ms(struct cell *c);

// Closes what is open.
void cell_end(struct cell *c);

#endif
