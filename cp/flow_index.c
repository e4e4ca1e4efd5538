// SPDX-License-Identifier: BSD-3-Clause
#include "flow_index.h"

#include <errno.h>
#include <search.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_key));
}

int flow_index_enter(struct flow_index *index, const struct flow_key *item)
{
	const struct flow_key **node = tsearch(item, &index->root, compare);

	if (node == NULL)
		return -ENOMEM;
	*node = item;
	return 0;
}

const struct flow_key *flow_index_find(const struct flow_index *index, const struct flow_key *flow)
{
	struct flow_key *const *node = tfind(flow, &index->root, compare);

	return node != NULL ? *node : NULL;
}

void flow_index_leave(struct flow_index *index, const struct flow_key *item)
{
	if (flow_index_find(index, item) == item)
		tdelete(item, &index->root, compare);
}

static void keep(void *item)
{
	(void)item;
}

void flow_index_fini(struct flow_index *index)
{
	tdestroy(index->root, keep);
	index->root = NULL;
}
