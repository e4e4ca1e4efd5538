// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_MESSAGE_H
#define DTLSGW_MESSAGE_H

#include "lcore.h"

// Handles what cp sent, a burst at most.  Returns how many messages.
unsigned int message_install_burst(struct lcore *lc);

// Handles what other lcores handed off, a burst at most.  Returns how many.
unsigned int message_handoff_burst(struct lcore *lc);

#endif
