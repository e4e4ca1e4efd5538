// SPDX-License-Identifier: BSD-3-Clause
#include "addr_count.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct holder {
	struct ip_addr addr; // first: the tree compares addresses
	uint32_t nb;	     // never 0 in the tree
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

static int enter(struct addr_count *count, const struct ip_addr *key)
{
	struct holder *holder = calloc(1, sizeof(*holder));

	if (holder == NULL)
		return -ENOMEM;
	*holder = (struct holder){.addr = *key, .nb = 1};
	if (tsearch(holder, &count->root, compare) != NULL)
		return 0;
	free(holder);
	return -ENOMEM;
}

int addr_count_add(struct addr_count *count, const struct ip_addr *addr, uint32_t max)
{
	struct ip_addr key = ip_client(addr);
	struct holder **node = tfind(&key, &count->root, compare);

	if (node == NULL)
		return max > 0 ? enter(count, &key) : -EDQUOT;
	if ((*node)->nb >= max)
		return -EDQUOT;
	(*node)->nb++;
	return 0;
}

void addr_count_remove(struct addr_count *count, const struct ip_addr *addr)
{
	struct ip_addr key = ip_client(addr);
	struct holder **node = tfind(&key, &count->root, compare), *holder;

	if (node == NULL || --(*node)->nb > 0)
		return;
	holder = *node;
	tdelete(&key, &count->root, compare);
	free(holder);
}

void addr_count_fini(struct addr_count *count)
{
	tdestroy(count->root, free);
	count->root = NULL;
}
