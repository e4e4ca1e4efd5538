// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_PROBE_H
#define GEN_PROBE_H

#include "gen.h"

// Sends a payload through every session until it has come back, at most PROBE_TRIES times: the
// session works, and the backend knows where its client is.  Returns how many sessions work.
#define PROBE_TRIES   50
#define PROBE_WAIT_MS 200 // for the answers to one round
uint32_t probe_all(struct gen *g);

// Ends every session with a close_notify.
void probe_close(struct gen *g);

#endif
