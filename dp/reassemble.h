// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_REASSEMBLE_H
#define DTLSGW_REASSEMBLE_H

#include "classify.h"
#include "config.h"

// Reassembly of IP fragments from the outside, because a ClientHello or a Certificate may not fit
// the path.  Bounds, for one lcore: config.fragments datagrams of at most REASSEMBLE_PART_MAX
// fragments and config.fragment_bytes each, held for config.fragment_timeout_ms.  Fragments that
// overlap or repeat end their datagram (RFC 5722, RFC 8200 section 4.5; for IPv4 as well).
#define REASSEMBLE_PART_MAX RTE_LIBRTE_IP_FRAG_MAX_FRAG

struct lcore;
struct reassemble;

// Fragments that all lcores may hold.
uint32_t reassemble_mbufs(const struct config *config);

// The pool of whole datagrams for lcore_nb lcores on one NUMA node, the first of which is lcore id.
// NULL with rte_errno set.
struct rte_mempool *reassemble_pool_create(const struct config *config, uint16_t id,
					   uint16_t lcore_nb, int socket);

// For lcore id.  NULL with rte_errno set.
struct reassemble *reassemble_create(const struct config *config, uint16_t id);

// Frees the fragments too; NULL is fine.
void reassemble_destroy(struct reassemble *r);

// Takes m, a frame for which classify_frame() said CLASSIFY_FRAGMENT and filled dg.  Returns the
// whole frame as if it had come in one, in one mbuf of the pool, once m was the last missing part;
// else NULL.
struct rte_mbuf *reassemble_take(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg);

// Drops the fragments whose time is over.
void reassemble_expire(struct lcore *lc);

#endif
