// SPDX-License-Identifier: BSD-3-Clause
#include "cp.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "api.h"
#include "cookie_rotation.h"
#include "hs_worker.h"
#include "keylog.h"
#include "loop.h"
#include "nat_pool.h"
#include "neigh.h"
#include "relay_dir.h"
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
	cp->sessions = session_dir_create(cp->config->sessions, cp->config->half_open);
	if (cp->sessions == NULL)
		return "the sessions";
	cp->relays = relay_dir_create();
	if (cp->relays == NULL)
		return "the relays";
	cp->nat = nat_pool_create(&cp->dp->nat, cp->dp->port);
	if (cp->nat == NULL)
		return "the ports towards the backends";
	cp->neigh = neigh_create(cp);
	if (cp->neigh == NULL)
		return "the neighbours";
	cp->cookies = cookie_rotation_create(cp);
	return cp->cookies == NULL ? "the cookie secrets" : NULL;
}

static int create_workers(struct cp *cp)
{
	atomic_init(&cp->room.handshakes, cp->config->half_open);
	atomic_init(&cp->room.early, cp->dp->mbuf_pool->size / EARLY_SHARE);
	while (cp->worker_nb < cp->config->handshake_nb) {
		struct hs_worker *w = hs_worker_create(cp, cp->worker_nb);

		if (w == NULL) {
			LOG(ERR, "cp: handshake thread %u: %s", cp->worker_nb, strerror(errno));
			return -errno;
		}
		cp->worker[cp->worker_nb++] = w;
	}
	return 0;
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
	if (ret == 0)
		ret = create_workers(cp);
	if (ret < 0)
		goto out;
	if (cp->config->control_socket != NULL) {
		cp->api = api_create(cp);
		ret = -errno;
		if (cp->api == NULL)
			goto out;
	}
	return cp;
out:
	cp_destroy(cp);
	errno = -ret;
	return NULL;
}

int cp_start(struct cp *cp)
{
	for (uint16_t i = 0; i < cp->worker_nb; i++) {
		int ret = hs_worker_start(cp->worker[i]);

		if (ret < 0) {
			cp_stop(cp);
			return ret;
		}
	}
	return 0;
}

void cp_stop(struct cp *cp)
{
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		hs_worker_stop(cp->worker[i]);
}

uint32_t cp_half_open(const struct cp *cp)
{
	uint32_t nb = 0;

	for (uint16_t i = 0; i < cp->worker_nb; i++)
		nb += hs_table_count(cp->worker[i]->handshakes);
	return nb;
}

static void add(struct handshake_stats *sum, const struct handshake_stats *stats)
{
#define X(name, text) sum->name += STATS_READ(stats->name);
	HANDSHAKE_STATS(X)
#undef X
}

void cp_handshake_stats(const struct cp *cp, uint16_t listener, struct handshake_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	add(sum, &cp->stats[listener]);
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		add(sum, hs_table_counters(cp->worker[i]->handshakes, listener));
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
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		hs_worker_destroy(cp->worker[i]);
	api_destroy(cp->api);
	for (uint16_t i = 0; i < cp->config->listener_nb; i++)
		tls_destroy(cp->tls[i]);
	resumption_destroy(cp->resumption);
	keylog_destroy(cp->keylog);
	cookie_rotation_destroy(cp->cookies);
	neigh_destroy(cp->neigh);
	nat_pool_destroy(cp->nat);
	relay_dir_destroy(cp->relays);
	flow_index_fini(&cp->srtp);
	hs_quota_fini(&cp->quota);
	session_dir_destroy(cp->sessions);
	aead_destroy(cp->aead);
	if (cp->base != NULL)
		event_base_free(cp->base);
	pthread_mutex_destroy(&cp->lock);
	free(cp);
}
