// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_REPORT_H
#define DTLSGW_HS_REPORT_H

#include "handshake.h"
#include "hs_table.h"
#include "stats.h"

// What is counted and logged of handshakes.

// The counters of hs's listener.
struct handshake_stats *hs_report_counters(const struct handshake *hs);

#define HS_COUNT(hs, counter) STATS_ADD(hs_report_counters(hs)->counter, 1)

uint64_t hs_report_elapsed_ms(const struct handshake *hs);

// Why OpenSSL gave hs up: what we refused in the ClientHello, or what is wrong with the client's
// certificate, else the oldest error that it noted, which is the cause of the others.  otherwise:
// if it noted none.
const char *hs_report_reason(const struct handshake *hs, const char *otherwise);

// Counts what OpenSSL gave hs up for, where there is a counter for it.
void hs_report_count(const struct handshake *hs);

// One line each.
void hs_report_done(const struct handshake *hs);
void hs_report_failed(const struct handshake *hs, const char *reason);
void hs_report_refused(const struct msg *msg, const char *reason);

#endif
