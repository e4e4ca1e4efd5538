// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_FLOW_INDEX_H
#define DTLSGW_FLOW_INDEX_H

#include "flow.h"

// What has a flow, found by it.  A balanced tree: it needs no memory for what is not there, and no
// choice of addresses makes it slow.  Owner: cp.  All zeros is an empty one.
struct flow_index {
	void *root; // tsearch(3)'s
};

// Enters item, the flow in whatever is to be found; it takes the place of one with an equal flow.
// Returns 0 or -ENOMEM.
int flow_index_enter(struct flow_index *index, const struct flow_key *item);

// NULL: there is none.
const struct flow_key *flow_index_find(const struct flow_index *index, const struct flow_key *flow);

// Takes item out, unless another one has taken its place.
void flow_index_leave(struct flow_index *index, const struct flow_key *item);

// Frees the index, not what is in it.
void flow_index_fini(struct flow_index *index);

#endif
