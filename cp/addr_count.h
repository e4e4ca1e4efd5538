// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ADDR_COUNT_H
#define DTLSGW_ADDR_COUNT_H

#include "ip.h"

// How many of something each client has, by ip_client().  Memory only for those that have any.
// Owner: cp.  All zeros is an empty one.
struct addr_count {
	void *root; // tsearch(3)'s
};

// One more for addr.  Returns 0, -EDQUOT if it has max, or -ENOMEM.
int addr_count_add(struct addr_count *count, const struct ip_addr *addr, uint32_t max);

// One less; it was added before.
void addr_count_remove(struct addr_count *count, const struct ip_addr *addr);

void addr_count_fini(struct addr_count *count);

#endif
