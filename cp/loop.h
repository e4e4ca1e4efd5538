// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LOOP_H
#define DTLSGW_LOOP_H

#include "cp.h"

// An event base whose timers are as fine as the clock.  NULL if there is no memory.
struct event_base *loop_base_create(void);

// Gives the message of an lcore to the module, or the worker, that it is for.  The main thread's.
void loop_dispatch(struct cp *cp, const struct msg *msg);

// For the main thread: dispatches one batch of every lcore, unless a worker has no room for what
// may not be lost.  Returns true if there was anything.
bool loop_drain(struct cp *cp);

// Blocks (SIG_BLOCK) or unblocks SIGTERM, SIGINT and SIGHUP for this thread and those it starts.
// main() blocks them before anything else, and only loop_run() unblocks them while it runs: one
// that comes early waits for it, one that comes while the gateway ends does nothing.
void loop_signals(int how);

// The main thread from launch to stop: takes the lcores' messages and runs the events of cp->base.
// On SIGTERM or SIGINT closes every session and returns when they are gone, or after LOOP_STOP_S;
// on SIGHUP runs cp_reload().  Returns 0 or -errno.
#define LOOP_STOP_S 5
int loop_run(struct cp *cp);

#endif
