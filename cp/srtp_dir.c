// SPDX-License-Identifier: BSD-3-Clause
#include "srtp_dir.h"

#include "api.h"
#include "srtp.h"

void srtp_dir_enter(struct cp *cp, struct session_entry *entry, struct srtp *srtp)
{
	if (srtp == NULL)
		return;
	entry->srtp = srtp;
	if (flow_index_enter(&cp->srtp, &entry->flow) != 0)
		LOG_LIMITED(WARNING, "srtp: no memory to find a session by its client");
	api_up(cp, entry);
}

void srtp_dir_leave(struct cp *cp, struct session_entry *entry)
{
	if (entry->srtp == NULL)
		return;
	api_down(cp, entry);
	flow_index_leave(&cp->srtp, &entry->flow);
	srtp_destroy(entry->srtp);
	entry->srtp = NULL;
}

struct session_entry *srtp_dir_find(const struct cp *cp, const struct flow_key *flow)
{
	const struct flow_key *item = flow_index_find(&cp->srtp, flow);

	return item != NULL ? container_of(item, struct session_entry, flow) : NULL;
}
