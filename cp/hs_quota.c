// SPDX-License-Identifier: BSD-3-Clause
#include "hs_quota.h"

#include <errno.h>

#include "handshake.h"
#include "session_dir.h"

// Sets *counted if there is something to give back.
static int take(struct addr_count *count, const struct ip_addr *addr, uint32_t limit, bool exceed,
		bool *counted)
{
	int rc;

	if (limit == 0)
		return 0;
	rc = addr_count_add(count, addr, exceed ? UINT32_MAX : limit);
	*counted = rc == 0;
	return rc;
}

static void give(struct addr_count *count, const struct ip_addr *addr, bool *counted)
{
	if (*counted)
		addr_count_remove(count, addr);
	*counted = false;
}

int hs_quota_take(struct handshake *hs)
{
	const struct config *config = hs->cp->config;
	struct hs_quota *quota = &hs->cp->quota;
	int rc;

	rc = take(&quota->handshakes, &hs->flow.remote, config->half_open_per_address, false,
		  &hs->counted);
	if (rc != 0)
		return rc;
	rc = take(&quota->sessions, &hs->flow.remote, config->sessions_per_address, hs->restart,
		  &hs->session_counted);
	if (rc == 0)
		return 0;
	give(&quota->handshakes, &hs->flow.remote, &hs->counted);
	return rc == -EDQUOT ? -EUSERS : rc;
}

void hs_quota_give(struct handshake *hs)
{
	struct hs_quota *quota = &hs->cp->quota;

	give(&quota->handshakes, &hs->flow.remote, &hs->counted);
	give(&quota->sessions, &hs->flow.remote, &hs->session_counted);
}

void hs_quota_pass(struct handshake *hs, struct session_entry *entry)
{
	entry->counted = hs->session_counted;
	hs->session_counted = false;
}

void hs_quota_leave(struct cp *cp, struct session_entry *entry)
{
	give(&cp->quota.sessions, &entry->flow.remote, &entry->counted);
}

bool hs_quota_is_empty(const struct hs_quota *quota)
{
	return quota->handshakes.root == NULL && quota->sessions.root == NULL;
}

void hs_quota_fini(struct hs_quota *quota)
{
	addr_count_fini(&quota->handshakes);
	addr_count_fini(&quota->sessions);
}
