// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TELEMETRY_SESSION_H
#define DTLSGW_TELEMETRY_SESSION_H

#include <rte_telemetry.h>
#include <rte_version.h>

#include "cp.h"
#include "session.h"

// Answers of telemetry about sessions.  The caller does not hold cp->lock: a list takes it for one
// step of session_dir_list() after another, and prints between them.

#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define DICT_ADD rte_tel_data_add_dict_uint
#else
#define DICT_ADD rte_tel_data_add_dict_u64
#endif

// Takes cp->lock, or returns false after a second.  A loop under load lets go of it many times a
// second, but nobody promises that we get it.
bool telemetry_lock(struct cp *cp);

// Some sessions from the cursor on.  Returns 0 or -errno, -EBUSY if cp->lock was not to be had.
int telemetry_session_list(struct cp *cp, uint32_t cursor, struct rte_tel_data *d);

// One session.  Returns as above, -ENOENT if there is none with the id.
int telemetry_session_show(struct cp *cp, session_id id, struct rte_tel_data *d);

#endif
