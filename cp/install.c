// SPDX-License-Identifier: BSD-3-Clause
#include "install.h"

#include <rte_cycles.h>

#include "hs_table.h"
#include "last_flight.h"
#include "nat_pool.h"
#include "neigh.h"
#include "resumption.h"
#include "session_dir.h"

void install_free(struct cp *cp, struct session *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, session_size(cp->config->replay_window));
	rte_mempool_put(cp->dp->session_pool, s);
}

void install_give_back(struct cp *cp, struct session *s)
{
	struct session_entry *entry = session_dir_find(cp->sessions, s->id);

	if (entry != NULL)
		session_dir_leave(cp->sessions, entry);
	nat_pool_give(cp->nat, s->nat_addr, s->nat_port);
	neigh_release(cp, s->rx.encap.next_hop);
	neigh_release(cp, s->tx.encap.next_hop);
	install_free(cp, s);
}

static void set_headers(const struct handshake *hs, struct session *s, const struct route *inside)
{
	const struct dp *dp = hs->cp->dp;
	const struct port *outside = &dp->port[hs->encap.port_id];
	struct encap_addr addr = {
		.src = dp->nat.addr[s->nat_addr].addr,
		.dst = s->backend,
		.src_port = s->nat_port,
		.dst_port = s->backend_port,
	};

	encap_init(&s->rx.encap, &dp->port[inside->port_id], inside->port_id, inside->next_hop,
		   &addr);
	s->tx.encap = hs->encap;
	s->tx.plain_max =
		outside->mtu - hs->bio.header_len - record_overhead((enum aead_suite)s->suite);
	s->tx.plain_max = RTE_MIN(s->tx.plain_max, hs->plain_max);
}

// The configuration may only lower what the suite allows.
static void lower(uint64_t *limit, uint32_t configured)
{
	if (configured != 0)
		*limit = RTE_MIN(*limit, (uint64_t)configured);
}

static void set_limits(const struct config *config, struct session *s)
{
	lower(&s->tx.seq_limit, config->seal_records);
	lower(&s->tx.blocks_left, config->seal_blocks);
	lower(&s->forged_limit, config->forged_records);
}

const char *install_build(struct handshake *hs)
{
	struct cp *cp = hs->cp;
	const struct config_backend *backend = &cp->config->backend[hs->client.backend];
	struct session *s = hs->bio.session;
	struct session_entry *entry;
	struct route inside;

	if (neigh_route(cp, &backend->addr, false, &inside) != 0)
		return "no route to the backend";
	if (nat_pool_take(cp->nat, inside.port_id, &inside.src, hs->lcore, &s->nat_addr,
			  &s->nat_port) != 0) {
		neigh_release(cp, inside.next_hop);
		return "no free port towards the backend";
	}
	entry = session_dir_enter(cp->sessions, s, hs->restart);
	if (entry == NULL) {
		nat_pool_give(cp->nat, s->nat_addr, s->nat_port);
		neigh_release(cp, inside.next_hop);
		return "too many sessions";
	}
	s->flow = hs->flow;
	s->listener = hs->listener;
	s->lcore = hs->lcore;
	s->backend = backend->addr;
	s->backend_port = rte_cpu_to_be_16(backend->port);
	s->used_tsc = rte_rdtsc();
	set_headers(hs, s, &inside);
	set_limits(cp->config, s);
	hs->routed = false;
	if (!hs->client.resumed)
		last_flight_take(&entry->flight, &hs->bio);
	session_dir_tidy(cp->sessions);
	return NULL;
}

bool install_send(struct handshake *hs)
{
	struct msg msg = {.type = MSG_SESSION_INSTALL, .session = hs->bio.session};

	return dp_send(hs->cp->dp, hs->lcore, &msg);
}

void install_done(struct cp *cp, const struct msg *msg)
{
	struct session_entry *entry = session_dir_find(cp->sessions, msg->id);
	struct handshake *hs = hs_table_find(cp->handshakes, &msg->flow);

	if (entry == NULL || hs == NULL || hs->state != HS_WAIT_INSTALLED ||
	    hs->bio.session != entry->session) {
		LOG_LIMITED(ERR, "install: lcore %u installed a session that nobody awaits",
			    msg->lcore);
		return;
	}
	entry->live = true;
	hs->bio.session = NULL;
	handshake_installed(hs, entry);
}

void install_failed(struct cp *cp, const struct msg *msg)
{
	struct session *s = msg->session;
	struct handshake *hs = hs_table_find(cp->handshakes, &s->flow);

	if (hs != NULL && hs->bio.session == s) {
		hs->bio.session = NULL;
		handshake_not_installed(hs, "the lcore's table is full");
	}
	install_give_back(cp, s);
}

void install_session_ended(struct cp *cp, const struct msg *msg)
{
	struct session *s = msg->session;
	const struct session_entry *entry;
	char peer[IP_PORT_TEXT_LEN];

	LOG_LIMITED(INFO, "session: %s on %s: %s, records %" PRIu64 " in, %" PRIu64 " out",
		    ip_port_format(&s->flow.remote, s->flow.remote_port, peer),
		    cp->config->listener[s->listener].name,
		    session_end_text((enum session_end)s->end), s->rx.records, s->tx.seq);
	entry = session_dir_find(cp->sessions, s->id);
	if (entry != NULL && s->end == SESSION_END_FATAL_ALERT)
		resumption_revoke(cp->resumption, &entry->tag);
	install_give_back(cp, s);
}

void install_plain_record(struct cp *cp, const struct msg *msg)
{
	struct session_entry *entry = session_dir_find(cp->sessions, msg->id);
	const uint8_t *p = rte_pktmbuf_mtod(msg->mbuf, const uint8_t *);
	bool finished = msg->content_type == DTLS_HANDSHAKE &&
			msg->mbuf->data_len >= DTLS_HANDSHAKE_HEADER_LEN && p[0] == DTLS_FINISHED;
	uint64_t now = rte_rdtsc();

	rte_pktmbuf_free(msg->mbuf);
	if (entry == NULL || !entry->live || entry->removing || !finished ||
	    entry->flight.finished_len == 0)
		return;
	if (entry->flight.resent_tsc != 0 && now - entry->flight.resent_tsc < rte_get_tsc_hz())
		return;
	if (!last_flight_resend(cp, entry))
		return;
	entry->flight.resent_tsc = now;
	hs_table_counters(cp->handshakes, entry->session->listener)->resent_flights++;
}

static bool send_remove(struct cp *cp, const struct session_entry *entry)
{
	struct msg msg = {
		.type = MSG_SESSION_REMOVE,
		.end = SESSION_END_SHUTDOWN,
		.id = entry->id,
		.flow = entry->session->flow,
	};

	return dp_send(cp->dp, entry->session->lcore, &msg);
}

static void remove_more(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval retry = {.tv_usec = ROOM_RETRY_US};
	struct session_entry *entry;
	struct cp *cp = arg;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	while ((entry = session_dir_unremoved(cp->sessions)) != NULL) {
		if (!send_remove(cp, entry)) {
			event_base_once(cp->base, -1, EV_TIMEOUT, remove_more, cp, &retry);
			return;
		}
		entry->removing = true;
	}
}

void install_shutdown(struct cp *cp)
{
	handshake_shutdown(cp);
	remove_more(-1, 0, cp);
}
