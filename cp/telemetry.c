// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdlib.h>

#include "hs_worker.h"
#include "neigh.h"
#include "relay_dir.h"
#include "resumption.h"
#include "telemetry_session.h"

// EAL's callbacks have no argument of ours, and cannot be taken back.
static pthread_mutex_t running = PTHREAD_MUTEX_INITIALIZER;
static struct cp *control; // NULL: stopped; under running

// Takes control and its lock.
static struct cp *control_take(void)
{
	pthread_mutex_lock(&running);
	if (control != NULL && telemetry_lock(control))
		return control;
	pthread_mutex_unlock(&running);
	return NULL;
}

static void control_give(struct cp *cp)
{
	pthread_mutex_unlock(&cp->lock);
	pthread_mutex_unlock(&running);
}

// True if params is KEY=value; sets *value.
static bool param(const char *params, const char *key, const char **value)
{
	size_t len = strlen(key);

	if (params == NULL || strncmp(params, key, len) != 0 || params[len] != '=')
		return false;
	*value = params + len + 1;
	return true;
}

static bool number(const char *text, uint64_t *n)
{
	char *end;

	*n = strtoull(text, &end, 0);
	return end != text && *end == '\0';
}

// Sets the range that params asks for, of nb of what key names: all, or KEY=N alone.  False if it
// asks for something else.
static bool range(const char *params, const char *key, uint16_t nb, uint16_t *first, uint16_t *end)
{
	const char *value;
	uint64_t n;

	*first = 0;
	*end = nb;
	if (params == NULL)
		return true;
	if (!param(params, key, &value) || !number(value, &n) || n >= nb)
		return false;
	*first = (uint16_t)n;
	*end = (uint16_t)n + 1;
	return true;
}

static void sum(const struct cp *cp, uint16_t first, uint16_t end, struct stats *total)
{
	memset(total, 0, sizeof(*total));
	for (uint16_t i = first; i < end; i++) {
		const struct stats *s = cp->dp->stats[i];

#define X(name, text) total->name += STATS_READ(s->name);
		STATS(X)
#undef X
		DROP_FOREACH (reason)
			total->drop[reason] += STATS_READ(s->drop[reason]);
	}
}

static void add_names(const struct config *config, struct rte_tel_data *d)
{
	struct rte_tel_data *ports = rte_tel_data_alloc();
	struct rte_tel_data *listeners = rte_tel_data_alloc();

	if (ports == NULL || listeners == NULL) {
		rte_tel_data_free(ports);
		rte_tel_data_free(listeners);
		return;
	}
	rte_tel_data_start_array(ports, RTE_TEL_STRING_VAL);
	for (uint16_t i = 0; i < config->port_nb; i++)
		rte_tel_data_add_array_string(ports, config->port[i].name);
	rte_tel_data_add_dict_container(d, "ports", ports, 0);
	rte_tel_data_start_array(listeners, RTE_TEL_STRING_VAL);
	for (uint16_t i = 0; i < config->listener_nb; i++)
		rte_tel_data_add_array_string(listeners, config->listener[i].name);
	rte_tel_data_add_dict_container(d, "listeners", listeners, 0);
}

static int stats_lcores(const struct cp *cp, const char *params, struct rte_tel_data *d)
{
	uint64_t drops = 0;
	struct stats total;
	uint16_t first, end;

	if (!range(params, "lcore", cp->dp->lcore_nb, &first, &end))
		return -EINVAL;
	sum(cp, first, end, &total);
	DROP_FOREACH (reason)
		drops += total.drop[reason];
	rte_tel_data_start_dict(d);
	DICT_ADD(d, "lcores", (uint64_t)(end - first));
#define X(name, text) DICT_ADD(d, #name, total.name);
	STATS(X)
#undef X
	DICT_ADD(d, "drops", drops);
	DICT_ADD(d, "left",
		 total.rx + total.handoff_in + total.inject + total.split + total.made +
			 total.reassembled);
	DICT_ADD(d, "right",
		 total.tx + total.punt + total.handoff + drops + total.merged + total.fragments);
	if (params == NULL)
		add_names(cp->config, d);
	return 0;
}

static int stats_port(const struct cp *cp, const char *name, struct rte_tel_data *d)
{
	struct stats_port total = {0};
	struct rte_eth_stats device;
	uint16_t i;

	for (i = 0; i < cp->config->port_nb; i++)
		if (strcmp(cp->config->port[i].name, name) == 0)
			break;
	if (i == cp->config->port_nb)
		return -ENOENT;
	for (uint16_t lcore = 0; lcore < cp->dp->lcore_nb; lcore++) {
		const struct stats_port *s = &cp->dp->stats[lcore]->port[i];

		total.rx_packets += STATS_READ(s->rx_packets);
		total.rx_bytes += STATS_READ(s->rx_bytes);
		total.tx_packets += STATS_READ(s->tx_packets);
		total.tx_bytes += STATS_READ(s->tx_bytes);
	}
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "port", name);
	DICT_ADD(d, "rx_packets", total.rx_packets);
	DICT_ADD(d, "rx_bytes", total.rx_bytes);
	DICT_ADD(d, "tx_packets", total.tx_packets);
	DICT_ADD(d, "tx_bytes", total.tx_bytes);
	// A driver without them leaves nothing to add.
	if (rte_eth_stats_get(cp->dp->port_id[i], &device) != 0)
		return 0;
	DICT_ADD(d, "rx_missed", device.imissed);
	DICT_ADD(d, "rx_no_mbuf", device.rx_nombuf);
	DICT_ADD(d, "rx_errors", device.ierrors);
	DICT_ADD(d, "tx_errors", device.oerrors);
	return 0;
}

static int stats_listener(const struct cp *cp, const char *name, struct rte_tel_data *d)
{
	struct handshake_stats handshakes;
	struct stats_listener total = {0};
	uint16_t i;

	for (i = 0; i < cp->config->listener_nb; i++)
		if (strcmp(cp->config->listener[i].name, name) == 0)
			break;
	if (i == cp->config->listener_nb)
		return -ENOENT;
	for (uint16_t lcore = 0; lcore < cp->dp->lcore_nb; lcore++) {
		const struct stats_listener *s = &cp->dp->stats[lcore]->listener[i];

		total.hello_verify += STATS_READ(s->hello_verify);
		total.hello += STATS_READ(s->hello);
		total.opened += STATS_READ(s->opened);
		total.opened_bytes += STATS_READ(s->opened_bytes);
		total.sealed += STATS_READ(s->sealed);
		total.sealed_bytes += STATS_READ(s->sealed_bytes);
	}
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "listener", name);
	DICT_ADD(d, "hello_verify", total.hello_verify);
	DICT_ADD(d, "hello", total.hello);
	DICT_ADD(d, "opened", total.opened);
	DICT_ADD(d, "opened_bytes", total.opened_bytes);
	DICT_ADD(d, "sealed", total.sealed);
	DICT_ADD(d, "sealed_bytes", total.sealed_bytes);
	cp_handshake_stats(cp, i, &handshakes);
#define X(name, text) DICT_ADD(d, "handshakes_" #name, handshakes.name);
	HANDSHAKE_STATS(X)
#undef X
	return 0;
}

static int drops(const struct cp *cp, const char *params, struct rte_tel_data *d)
{
	struct stats total;
	uint16_t first, end;

	if (!range(params, "lcore", cp->dp->lcore_nb, &first, &end))
		return -EINVAL;
	sum(cp, first, end, &total);
	rte_tel_data_start_dict(d);
	DROP_FOREACH (reason)
		DICT_ADD(d, drop_name(reason), total.drop[reason]);
	return 0;
}

static int on_stats(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct cp *cp = control_take();
	const char *name;
	int ret;

	(void)cmd;
	if (cp == NULL)
		return -EBUSY;
	if (param(params, "port", &name))
		ret = stats_port(cp, name, d);
	else if (param(params, "listener", &name))
		ret = stats_listener(cp, name, d);
	else
		ret = stats_lcores(cp, params, d);
	control_give(cp);
	return ret;
}

static int on_drops(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct cp *cp = control_take();
	int ret;

	(void)cmd;
	if (cp == NULL)
		return -EBUSY;
	ret = drops(cp, params, d);
	control_give(cp);
	return ret;
}

static int on_sessions(const char *cmd, const char *params, struct rte_tel_data *d)
{
	const char *value;
	int ret = -EINVAL;
	uint64_t n;

	(void)cmd;
	pthread_mutex_lock(&running);
	if (control == NULL)
		ret = -EBUSY;
	else if (params == NULL)
		ret = telemetry_session_list(control, 0, d);
	else if (param(params, "cursor", &value) && number(value, &n) && n <= UINT32_MAX)
		ret = telemetry_session_list(control, (uint32_t)n, d);
	else if (number(params, &n))
		ret = telemetry_session_show(control, n, d);
	pthread_mutex_unlock(&running);
	return ret;
}

static int on_handshakes(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct cp *cp = control_take();
	struct hs_worker_stats total = {0};
	uint64_t half_open = 0, queued = 0;
	uint16_t first, end;
	int ret = -EINVAL;

	(void)cmd;
	if (cp == NULL)
		return -EBUSY;
	if (!range(params, "thread", cp->worker_nb, &first, &end))
		goto out;
	for (uint16_t i = first; i < end; i++) {
		const struct hs_worker *w = cp->worker[i];

		half_open += hs_table_count(w->handshakes);
		queued += rte_ring_count(w->queue);
#define X(name, text) total.name += STATS_READ(w->stats.name);
		HS_WORKER_STATS(X)
#undef X
	}
	rte_tel_data_start_dict(d);
	DICT_ADD(d, "threads", (uint64_t)(end - first));
	DICT_ADD(d, "half_open", half_open);
	DICT_ADD(d, "queued", queued);
#define X(name, text) DICT_ADD(d, #name, total.name);
	HS_WORKER_STATS(X)
#undef X
	ret = 0;
out:
	control_give(cp);
	return ret;
}

static int on_neighbours(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct cp *cp = control_take();
	const struct neigh_stats *stats;

	(void)cmd;
	(void)params;
	if (cp == NULL)
		return -EBUSY;
	stats = neigh_stats(cp);
	rte_tel_data_start_dict(d);
#define X(name, text) DICT_ADD(d, #name, stats->name);
	NEIGH_STATS(X)
#undef X
	control_give(cp);
	return 0;
}

static int on_relays(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct cp *cp = control_take();
	const struct relay_stats *stats;

	(void)cmd;
	(void)params;
	if (cp == NULL)
		return -EBUSY;
	stats = relay_dir_stats(cp);
	rte_tel_data_start_dict(d);
#define X(name, text) DICT_ADD(d, #name, stats->name);
	RELAY_STATS(X)
#undef X
	control_give(cp);
	return 0;
}

static int on_resumption(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct cp *cp = control_take();
	struct resumption_stats stats;

	(void)cmd;
	(void)params;
	if (cp == NULL)
		return -EBUSY;
	resumption_stats(cp->resumption, &stats);
	rte_tel_data_start_dict(d);
#define X(name, text) DICT_ADD(d, #name, stats.name);
	RESUMPTION_STATS(X)
#undef X
	control_give(cp);
	return 0;
}

int telemetry_start(struct cp *cp)
{
	int ret;

	pthread_mutex_lock(&running);
	control = cp;
	pthread_mutex_unlock(&running);
	ret = rte_telemetry_register_cmd("/dtlsgw/stats", on_stats,
					 "Counters. Parameters: none, lcore=N, port=NAME or "
					 "listener=NAME");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/dtlsgw/drops", on_drops,
						 "Drop reasons. Parameters: none or lcore=N");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/dtlsgw/sessions", on_sessions,
						 "Sessions. Parameters: none, cursor=N or ID");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/dtlsgw/handshakes", on_handshakes,
						 "Handshake threads. Parameters: none or thread=N");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/dtlsgw/neighbours", on_neighbours,
						 "Counters of ARP and neighbour discovery");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/dtlsgw/relays", on_relays,
						 "Counters of relays of STUN and RTP");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/dtlsgw/resumption", on_resumption,
						 "Counters of sessions that may not be resumed");
	if (ret < 0)
		telemetry_stop();
	return ret;
}

void telemetry_stop(void)
{
	pthread_mutex_lock(&running);
	control = NULL;
	pthread_mutex_unlock(&running);
}
