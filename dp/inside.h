// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_INSIDE_H
#define DTLSGW_INSIDE_H

#include "lcore.h"

// The path from backends: lc->datagrams, classified on an inside port, find their session by the
// gateway port they are sent to, are sealed and leave for the client; or go to the owning lcore.
void inside_burst(struct lcore *lc);

#endif
