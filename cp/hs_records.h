// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_RECORDS_H
#define DTLSGW_HS_RECORDS_H

#include "handshake.h"

// The client's records on their way to OpenSSL.  All need hs to be settled afterwards.

// Offers the records of the len bytes at p; they are not held.
void hs_records_take(struct handshake *hs, const uint8_t *p, size_t len);

// Takes m: offers its records, and those held once there are keys.  Holds m if it has records that
// cannot be opened yet; l234_len is msg.l234_len.
void hs_records_datagram(struct handshake *hs, struct rte_mbuf *m, uint16_t l234_len);

#endif
