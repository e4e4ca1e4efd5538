// SPDX-License-Identifier: BSD-3-Clause
#include "install.h"

#include <rte_cycles.h>

#include "hs_table.h"
#include "last_flight.h"
#include "nat_pool.h"
#include "neigh.h"
#include "resumption.h"
#include "session_dir.h"
#include "srtp_dir.h"

void install_free(struct cp *cp, struct session *s)
{
	if (s == NULL)
		return;
	session_pool_put(cp->dp->sessions, s);
}

void install_give_back(struct cp *cp, struct session *s)
{
	struct session_entry *entry = session_dir_find(cp->sessions, s->id);

	if (entry != NULL) {
		srtp_dir_leave(cp, entry);
		hs_quota_leave(cp, entry);
		session_dir_leave(cp->sessions, entry);
	}
	nat_pool_give(cp->nat, s->nat_addr, s->nat_port);
	neigh_release(cp, s->rx.encap.next_hop);
	neigh_release(cp, s->tx.encap.next_hop);
	install_free(cp, s);
}

// The session of a live entry is over.  With cp->lock; *revoked as for install_live().
static void end(struct cp *cp, struct session_entry *entry, struct resumption_tag *revoked)
{
	if (entry->session->end == SESSION_END_FATAL_ALERT)
		*revoked = entry->tag;
	install_give_back(cp, entry->session);
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
	s->tx.plain_max = outside->mtu - hs->bio.dgram.header_len -
			  record_overhead((enum aead_suite)s->suite);
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
	lower(&s->rx.key.forged_limit, config->forged_records);
}

static const char *build(struct handshake *hs)
{
	struct cp *cp = hs->cp;
	const struct config_backend *backend = &cp->config->backend[hs->client.backend];
	struct session *s = hs->bio.session;
	struct session_entry *entry;
	struct nat_want want;
	struct route inside;

	if (neigh_route(cp, &backend->addr, false, &inside) != 0)
		return "no route to the backend";
	want = (struct nat_want){.port_id = inside.port_id,
				 .lcore = hs->lcore,
				 .prefer = inside.src,
				 .backend = backend->addr,
				 .backend_port = rte_cpu_to_be_16(backend->port)};
	if (nat_pool_take(cp->nat, &want, &s->nat_addr, &s->nat_port) != 0) {
		neigh_release(cp, inside.next_hop);
		return "no free port towards the backend";
	}
	entry = session_dir_enter(cp->sessions, s, hs->restart);
	if (entry == NULL) {
		nat_pool_give(cp->nat, s->nat_addr, s->nat_port);
		neigh_release(cp, inside.next_hop);
		return "too many sessions";
	}
	entry->flow = hs->flow;
	hs_quota_pass(hs, entry);
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

const char *install_build(struct handshake *hs)
{
	const char *reason;

	cp_lock(hs->cp);
	reason = build(hs);
	cp_unlock(hs->cp);
	return reason;
}

bool install_send(struct handshake *hs)
{
	struct msg msg = {
		.type = MSG_SESSION_INSTALL, .session = hs->bio.session, .flow = hs->flow};
	struct cp *cp = hs->cp;
	bool sent;

	cp_lock(cp);
	sent = !atomic_load(&cp->stopping) && dp_send(cp->dp, hs->lcore, &msg);
	cp_unlock(cp);
	return sent;
}

void install_live(struct cp *cp, struct session_entry *entry, struct resumption_tag *revoked)
{
	memset(revoked, 0, sizeof(*revoked));
	entry->live = true;
	if (entry->ended)
		end(cp, entry, revoked);
}

void install_done(struct hs_worker *w, const struct msg *msg)
{
	struct handshake *hs = hs_table_find(w->handshakes, &msg->flow);
	struct resumption_tag revoked = {0};
	struct session_entry *entry;
	bool awaited;

	cp_lock(w->cp);
	entry = session_dir_find(w->cp->sessions, msg->id);
	awaited = entry != NULL && hs != NULL && hs->state == HS_WAIT_INSTALLED &&
		  hs->bio.session == entry->session;
	if (entry != NULL && !awaited)
		install_live(w->cp, entry, &revoked);
	cp_unlock(w->cp);
	resumption_revoke(w->cp->resumption, &revoked);
	if (awaited)
		handshake_installed(hs, entry);
	else
		LOG_LIMITED(ERR, "install: lcore %u installed a session that nobody awaits",
			    msg->lcore);
}

void install_failed(struct hs_worker *w, const struct msg *msg)
{
	struct session *s = msg->session;
	struct handshake *hs = hs_table_find(w->handshakes, &msg->flow);

	if (hs != NULL && hs->bio.session == s)
		handshake_not_installed(hs, "the lcore's table is full");
	cp_lock(w->cp);
	install_give_back(w->cp, s);
	cp_unlock(w->cp);
}

void install_session_ended(struct cp *cp, const struct msg *msg)
{
	struct session *s = msg->session;
	const char *listener = cp->config->listener[s->listener].name;
	const char *why = session_end_text((enum session_end)s->end);
	uint64_t in = s->rx.records, out = s->tx.seq;
	struct resumption_tag revoked = {0};
	struct session_entry *entry;
	char peer[IP_PORT_TEXT_LEN] = "";

	cp_lock(cp);
	entry = session_dir_find(cp->sessions, s->id);
	if (entry != NULL)
		ip_port_format(&entry->flow.remote, entry->flow.remote_port, peer);
	if (entry == NULL)
		install_give_back(cp, s);
	else if (entry->live)
		end(cp, entry, &revoked);
	else
		entry->ended = true;
	cp_unlock(cp);
	resumption_revoke(cp->resumption, &revoked);
	LOG_LIMITED(INFO, "session: %s on %s: %s, records %" PRIu64 " in, %" PRIu64 " out", peer,
		    listener, why, in, out);
}

// Sends the last flight again, if that is due.
static void resend(struct cp *cp, struct session_entry *entry)
{
	struct handshake_stats *stats = &cp->stats[entry->session->listener];
	uint64_t now = rte_rdtsc();

	if (entry->flight.resent_tsc != 0 && now - entry->flight.resent_tsc < rte_get_tsc_hz()) {
		STATS_ADD(stats->finished_ignored, 1);
	} else if (last_flight_resend(cp, entry)) {
		entry->flight.resent_tsc = now;
		STATS_ADD(stats->resent_flights, 1);
	} else {
		STATS_ADD(stats->resends_failed, 1);
	}
}

void install_plain_record(struct cp *cp, const struct msg *msg)
{
	struct session_entry *entry;
	const uint8_t *p = rte_pktmbuf_mtod(msg->mbuf, const uint8_t *);
	bool finished = msg->content_type == DTLS_HANDSHAKE &&
			msg->mbuf->data_len >= DTLS_HANDSHAKE_HEADER_LEN && p[0] == DTLS_FINISHED;

	rte_pktmbuf_free(msg->mbuf);
	cp_lock(cp);
	entry = session_dir_find(cp->sessions, msg->id);
	if (entry != NULL && entry->live && !entry->removing && finished &&
	    entry->flight.finished_len > 0)
		resend(cp, entry);
	else
		STATS_ADD(cp->stats[msg->listener].finished_ignored, 1);
	cp_unlock(cp);
}

static bool send_remove(struct cp *cp, const struct session_entry *entry)
{
	struct msg msg = {
		.type = MSG_SESSION_REMOVE,
		.end = SESSION_END_SHUTDOWN,
		.id = entry->id,
		.flow = entry->flow,
	};

	return dp_send(cp->dp, entry->session->lcore, &msg);
}

// False: a ring is full, and there are more.  With cp->lock.
static bool remove_all(struct cp *cp)
{
	struct session_entry *entry;

	while ((entry = session_dir_unremoved(cp->sessions)) != NULL) {
		if (!send_remove(cp, entry))
			return false;
		entry->removing = true;
	}
	return true;
}

static void remove_more(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval retry = {.tv_usec = ROOM_RETRY_US};
	struct cp *cp = arg;
	bool done;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	cp_lock(cp);
	done = remove_all(cp);
	cp_unlock(cp);
	if (!done)
		event_base_once(cp->base, -1, EV_TIMEOUT, remove_more, cp, &retry);
}

void install_shutdown(struct cp *cp)
{
	// Under the lock, so that no session goes to an lcore after those that are removed.
	cp_lock(cp);
	atomic_store(&cp->stopping, true);
	cp_unlock(cp);
	for (uint16_t i = 0; i < cp->worker_nb; i++)
		hs_worker_wake(cp->worker[i]);
	remove_more(-1, 0, cp);
}
