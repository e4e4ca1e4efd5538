// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_COOKIE_ROTATION_H
#define DTLSGW_COOKIE_ROTATION_H

#include "cp.h"

// The cookie secrets: a new one every config.cookie_lifetime_s, on a timer of cp->base.
struct cookie_rotation;

// Publishes the first secrets in dp->cookie.  Returns NULL with errno set.
struct cookie_rotation *cookie_rotation_create(struct cp *cp);

// After dp_stop(): takes the secrets back and wipes them.  NULL is fine.
void cookie_rotation_destroy(struct cookie_rotation *rotation);

#endif
