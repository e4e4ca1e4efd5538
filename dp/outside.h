// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_OUTSIDE_H
#define DTLSGW_OUTSIDE_H

#include "lcore.h"

// The path from clients: lc->datagrams, classified on an outside port, to the sessions and on to
// the backends, or to hello_burst(), to cp, to another lcore.
void outside_burst(struct lcore *lc);

#endif
