// SPDX-License-Identifier: BSD-3-Clause
#include "cp.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "cookie_rotation.h"
#include "handshake.h"
#include "hs_table.h"
#include "keylog.h"
#include "loop.h"
#include "nat_pool.h"
#include "neigh.h"
#include "resumption.h"
#include "session_dir.h"
#include "tls.h"

// Part of all mbufs that may be held for handshakes.
#define EARLY_SHARE 8

static int create_tls(struct cp *cp)
{
	if (cp->config->keylog != NULL) {
		cp->keylog = keylog_create(cp->config->keylog);
		if (cp->keylog == NULL)
			return -rte_errno;
	}
	cp->resumption = resumption_create(cp->config, cp->base);
	if (cp->resumption == NULL)
		return -rte_errno;
	for (uint16_t i = 0; i < cp->config->listener_nb; i++) {
		cp->tls[i] = tls_create(cp->config, i, cp->keylog, cp->resumption);
		if (cp->tls[i] == NULL)
			return -rte_errno;
	}
	return 0;
}

// Returns the name of what there is no memory for, or NULL.
static const char *create_tables(struct cp *cp)
{
	cp->base = loop_base_create();
	if (cp->base == NULL)
		return "events";
	cp->aead = aead_create();
	if (cp->aead == NULL)
		return "the ciphers";
	cp->handshakes =
		hs_table_create(cp->config->half_open, cp->dp->mbuf_pool->size / EARLY_SHARE);
	if (cp->handshakes == NULL)
		return "the handshakes";
	cp->sessions = session_dir_create(cp->config->sessions, cp->config->half_open);
	if (cp->sessions == NULL)
		return "the sessions";
	cp->nat = nat_pool_create(&cp->dp->nat, cp->dp->port);
	if (cp->nat == NULL)
		return "the ports towards the backends";
	cp->neigh = neigh_create(cp);
	if (cp->neigh == NULL)
		return "the neighbours";
	cp->cookies = cookie_rotation_create(cp);
	return cp->cookies == NULL ? "the cookie secrets" : NULL;
}

struct cp *cp_create(struct dp *dp)
{
	struct cp *cp = calloc(1, sizeof(*cp));
	const char *missing;
	int ret;

	if (cp == NULL)
		return NULL;
	cp->dp = dp;
	cp->config = dp->config;
	pthread_mutex_init(&cp->lock, NULL);
	missing = create_tables(cp);
	if (missing != NULL) {
		LOG(ERR, "cp: no memory for %s", missing);
		ret = -ENOMEM;
		goto out;
	}
	ret = create_tls(cp);
	if (ret < 0)
		goto out;
	return cp;
out:
	cp_destroy(cp);
	errno = -ret;
	return NULL;
}

void cp_reload(struct cp *cp)
{
	for (uint16_t i = 0; i < cp->config->listener_nb; i++)
		tls_reload(cp->tls[i]);
	resumption_reload(cp->resumption);
}

void cp_destroy(struct cp *cp)
{
	if (cp == NULL)
		return;
	if (cp->handshakes != NULL)
		handshake_discard(cp);
	for (uint16_t i = 0; i < cp->config->listener_nb; i++)
		tls_destroy(cp->tls[i]);
	resumption_destroy(cp->resumption);
	keylog_destroy(cp->keylog);
	cookie_rotation_destroy(cp->cookies);
	neigh_destroy(cp->neigh);
	nat_pool_destroy(cp->nat);
	session_dir_destroy(cp->sessions);
	hs_table_destroy(cp->handshakes);
	aead_destroy(cp->aead);
	if (cp->base != NULL)
		event_base_free(cp->base);
	pthread_mutex_destroy(&cp->lock);
	free(cp);
}
