// SPDX-License-Identifier: BSD-3-Clause
#include "neigh.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_jhash.h>
#include <rte_random.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "frame.h"
#include "neigh_frame.h"
#include "route.h"

#define ANNOUNCE_NB 2 // RFC 5227 section 1.1
#define ANNOUNCE_S  2

enum neigh_state { NEIGH_FREE, NEIGH_INCOMPLETE, NEIGH_REACHABLE, NEIGH_STALE, NEIGH_PROBE };

struct pending {
	struct rte_mbuf *m; // whole frame but for its destination MAC
	uint16_t lcore;
};

struct entry {
	struct ip_addr addr;
	uint16_t port_id; // ethdev port
	uint8_t state;	  // enum neigh_state
	uint8_t asked;	  // questions since the last answer
	uint8_t pending_nb;
	uint32_t refs;
	uint64_t due_tsc; // when the state's time is over
	struct pending pending[NEIGH_PENDING_MAX];
	LIST_ENTRY(entry) bucket; // of entries with the same hash, or of free ones
	TAILQ_ENTRY(entry) idle;  // if not referenced
};

LIST_HEAD(entry_list, entry);

struct neigh {
	struct entry *entry; // nb of them; same index in dp->next_hops
	struct entry_list *bucket;
	struct entry_list free;
	TAILQ_HEAD(, entry) idle; // in use without reference, longest unused first
	struct event *timer;
	uint64_t now_tsc;
	uint64_t second_tsc;
	uint64_t announce_tsc;
	uint32_t nb;
	uint32_t bucket_mask;
	uint32_t hash_secret;
	uint32_t announce_nb; // announcements still to make
	struct neigh_stats stats;
};

static uint16_t entry_index(const struct neigh *n, const struct entry *e)
{
	return (uint16_t)(e - n->entry);
}

static struct entry_list *entry_bucket(struct neigh *n, uint16_t port_id,
				       const struct ip_addr *addr)
{
	uint32_t word[4];

	memcpy(word, addr, sizeof(word));
	return &n->bucket[rte_jhash_32b(word, 4, n->hash_secret + port_id) & n->bucket_mask];
}

static struct entry *entry_find(struct neigh *n, uint16_t port_id, const struct ip_addr *addr)
{
	struct entry *e;

	for (e = LIST_FIRST(entry_bucket(n, port_id, addr)); e != NULL; e = LIST_NEXT(e, bucket)) {
		if (e->port_id == port_id && ip_equal(&e->addr, addr))
			return e;
	}
	return NULL;
}

static void wait_s(const struct neigh *n, struct entry *e, uint32_t seconds)
{
	e->due_tsc = n->now_tsc + seconds * n->second_tsc;
}

static void drop_pending(struct neigh *n, struct entry *e)
{
	for (uint8_t i = 0; i < e->pending_nb; i++)
		rte_pktmbuf_free(e->pending[i].m);
	n->stats.pending_dropped += e->pending_nb;
	e->pending_nb = 0;
}

// The entry must not be referenced.
static void entry_free(struct cp *cp, struct entry *e)
{
	struct neigh *n = cp->neigh;

	drop_pending(n, e);
	next_hop_set(&cp->dp->next_hops, entry_index(n, e), NULL);
	LIST_REMOVE(e, bucket);
	TAILQ_REMOVE(&n->idle, e, idle);
	e->state = NEIGH_FREE;
	LIST_INSERT_HEAD(&n->free, e, bucket);
	n->stats.entries--;
}

// Makes an entry without MAC or reference, in place of the longest unused one if need be.
static struct entry *entry_create(struct cp *cp, uint16_t port_id, const struct ip_addr *addr)
{
	struct neigh *n = cp->neigh;
	struct entry *e;

	if (LIST_EMPTY(&n->free) && !TAILQ_EMPTY(&n->idle))
		entry_free(cp, TAILQ_FIRST(&n->idle));
	e = LIST_FIRST(&n->free);
	if (e == NULL) {
		n->stats.full++;
		return NULL;
	}
	LIST_REMOVE(e, bucket);
	*e = (struct entry){.addr = *addr, .port_id = port_id, .state = NEIGH_INCOMPLETE};
	LIST_INSERT_HEAD(entry_bucket(n, port_id, addr), e, bucket);
	TAILQ_INSERT_TAIL(&n->idle, e, idle);
	n->stats.entries++;
	return e;
}

static void send_pending(struct cp *cp, struct entry *e, const struct rte_ether_addr *mac)
{
	for (uint8_t i = 0; i < e->pending_nb; i++) {
		struct pending *p = &e->pending[i];

		memcpy(rte_pktmbuf_mtod(p->m, void *), mac, sizeof(*mac));
		if (!frame_send(cp->dp, p->lcore, p->m))
			cp->neigh->stats.ring_full++;
	}
	e->pending_nb = 0;
}

static void ask(struct cp *cp, struct entry *e)
{
	struct neigh *n = cp->neigh;
	struct rte_ether_addr mac;
	bool known = next_hop_get(&cp->dp->next_hops, entry_index(n, e), &mac);
	uint32_t late = e->asked < NEIGH_PROBES ? 0 : e->asked - NEIGH_PROBES + 1u;
	uint32_t seconds = late < 8 ? NEIGH_PROBE_S << late : NEIGH_BACKOFF_S;

	neigh_frame_ask(cp, e->port_id, &e->addr, known ? &mac : NULL);
	wait_s(n, e, seconds < NEIGH_BACKOFF_S ? seconds : NEIGH_BACKOFF_S);
	if (e->asked < UINT8_MAX)
		e->asked++;
}

static void begin(struct cp *cp, struct entry *e, enum neigh_state state)
{
	e->state = state;
	e->asked = 0;
	ask(cp, e);
}

static void confirm(const struct neigh *n, struct entry *e)
{
	uint64_t base = NEIGH_REACHABLE_S * n->second_tsc;

	e->state = NEIGH_REACHABLE;
	e->asked = 0;
	e->due_tsc = n->now_tsc + base / 2 + rte_rand_max(base); // RFC 4861 section 6.3.2
}

// The MAC may be wrong: a referenced entry asks at once.
static void doubt(struct cp *cp, struct entry *e)
{
	if (e->refs > 0) {
		begin(cp, e, NEIGH_PROBE);
		return;
	}
	e->state = NEIGH_STALE;
	e->asked = 0;
	wait_s(cp->neigh, e, NEIGH_STALE_S);
}

// Nobody has answered NEIGH_PROBES questions about a MAC that was good once.
static void give_up(struct cp *cp, struct entry *e)
{
	char text[IP_TEXT_LEN];

	if (e->refs == 0) {
		entry_free(cp, e);
		return;
	}
	LOG_LIMITED(WARNING, "neigh: %s on port %s does not answer", ip_format(&e->addr, text),
		    cp->dp->port[e->port_id].config->name);
	cp->neigh->stats.unreachable++;
	next_hop_set(&cp->dp->next_hops, entry_index(cp->neigh, e), NULL);
	begin(cp, e, NEIGH_INCOMPLETE);
}

static void incomplete_due(struct cp *cp, struct entry *e)
{
	if (e->asked >= NEIGH_PROBES) {
		drop_pending(cp->neigh, e);
		if (e->refs == 0) {
			entry_free(cp, e);
			return;
		}
	}
	ask(cp, e);
}

static void probe_due(struct cp *cp, struct entry *e)
{
	if (e->asked >= NEIGH_PROBES)
		give_up(cp, e);
	else
		ask(cp, e);
}

static void entry_due(struct cp *cp, struct entry *e)
{
	switch ((enum neigh_state)e->state) {
	case NEIGH_FREE:
		break;
	case NEIGH_INCOMPLETE:
		incomplete_due(cp, e);
		break;
	case NEIGH_REACHABLE:
		doubt(cp, e);
		break;
	case NEIGH_STALE:
		entry_free(cp, e);
		break;
	case NEIGH_PROBE:
		probe_due(cp, e);
		break;
	}
}

void neigh_tick(struct cp *cp, uint64_t now_tsc)
{
	struct neigh *n = cp->neigh;

	n->now_tsc = now_tsc;
	if (n->announce_nb > 0 && now_tsc >= n->announce_tsc) {
		neigh_frame_announce(cp);
		n->announce_nb--;
		n->announce_tsc = now_tsc + ANNOUNCE_S * n->second_tsc;
	}
	for (uint32_t i = 0; i < n->nb; i++) {
		struct entry *e = &n->entry[i];

		if (e->state != NEIGH_FREE && now_tsc >= e->due_tsc)
			entry_due(cp, e);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct cp *cp = arg;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	cp_lock(cp);
	neigh_tick(cp, rte_rdtsc());
	cp_unlock(cp);
}

static int start_timer(struct neigh *n, struct cp *cp)
{
	static const struct timeval period = {.tv_usec = NEIGH_TICK_MS * 1000};

	n->timer = event_new(cp->base, -1, EV_PERSIST, on_timer, cp);
	return n->timer == NULL ? -1 : event_add(n->timer, &period);
}

struct neigh *neigh_create(struct cp *cp)
{
	uint32_t nb = cp->config->neighbours, buckets = rte_align32pow2(RTE_MAX(nb, 1u));
	struct neigh *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->entry = calloc(nb, sizeof(*n->entry));
	n->bucket = calloc(buckets, sizeof(*n->bucket));
	if (n->entry == NULL || n->bucket == NULL ||
	    (cp->base != NULL && start_timer(n, cp) != 0)) {
		neigh_destroy(n);
		errno = ENOMEM;
		return NULL;
	}
	TAILQ_INIT(&n->idle);
	for (uint32_t i = nb; i-- > 0;)
		LIST_INSERT_HEAD(&n->free, &n->entry[i], bucket);
	n->nb = nb;
	n->bucket_mask = buckets - 1;
	n->hash_secret = (uint32_t)rte_rand();
	n->second_tsc = rte_get_tsc_hz();
	n->now_tsc = rte_rdtsc();
	return n;
}

void neigh_destroy(struct neigh *n)
{
	if (n == NULL)
		return;
	if (n->timer != NULL)
		event_free(n->timer);
	for (uint32_t i = 0; i < n->nb; i++)
		drop_pending(n, &n->entry[i]);
	free(n->bucket);
	free(n->entry);
	free(n);
}

static void entry_ref(struct cp *cp, struct entry *e)
{
	struct neigh *n = cp->neigh;

	if (e->refs++ > 0)
		return;
	TAILQ_REMOVE(&n->idle, e, idle);
	n->stats.referenced++;
	if (e->state == NEIGH_STALE)
		begin(cp, e, NEIGH_PROBE);
}

// The entry of addr, made if need be, with one more reference; NULL if every entry is referenced.
static struct entry *entry_hold(struct cp *cp, uint16_t port_id, const struct ip_addr *addr)
{
	struct entry *e = entry_find(cp->neigh, port_id, addr);

	if (e == NULL) {
		e = entry_create(cp, port_id, addr);
		if (e == NULL)
			return NULL;
		begin(cp, e, NEIGH_INCOMPLETE);
	}
	entry_ref(cp, e);
	return e;
}

static int hold_gateway(struct cp *cp, uint16_t port_id, const struct ip_addr *gateway)
{
	char text[IP_TEXT_LEN];

	if (!ip_is_set(gateway) || entry_hold(cp, port_id, gateway) != NULL)
		return 0;
	LOG(ERR, "neigh: no entry for gateway %s", ip_format(gateway, text));
	return -ENOSPC;
}

// Neighbours that come and go may not take the place of the ways to everybody else.
static int hold_gateways(struct cp *cp, enum config_role role)
{
	for (uint16_t i = 0; i < cp->config->port_nb; i++) {
		const struct config_port *port = &cp->config->port[i];
		int rc;

		if (port->role != role)
			continue;
		rc = hold_gateway(cp, cp->dp->port_id[i], &port->gateway_v4);
		if (rc == 0)
			rc = hold_gateway(cp, cp->dp->port_id[i], &port->gateway_v6);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int neigh_start(struct cp *cp)
{
	struct neigh *n = cp->neigh;
	int rc;

	neigh_frame_announce(cp);
	n->announce_nb = ANNOUNCE_NB - 1;
	n->announce_tsc = n->now_tsc + ANNOUNCE_S * n->second_tsc;
	rc = hold_gateways(cp, CONFIG_OUTSIDE);
	if (rc == 0)
		rc = hold_gateways(cp, CONFIG_INSIDE);
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < cp->config->backend_nb; i++) {
		const struct config_backend *backend = &cp->config->backend[i];
		struct route route;

		rc = neigh_route(cp, &backend->addr, false, &route);
		if (rc != 0) {
			LOG(ERR, "neigh: backend %s: no way to its address: %s", backend->name,
			    strerror(-rc));
			return rc;
		}
	}
	return 0;
}

int neigh_route(struct cp *cp, const struct ip_addr *dst, bool outside, struct route *route)
{
	struct route_hop hop;
	struct entry *e;
	int rc = route_find(cp->dp, dst, outside, &hop);

	if (rc != 0)
		return rc;
	e = entry_hold(cp, hop.port_id, &hop.hop);
	if (e == NULL)
		return -ENOSPC;
	*route = (struct route){hop.port_id, entry_index(cp->neigh, e), hop.src};
	return 0;
}

void neigh_release(struct cp *cp, uint16_t next_hop)
{
	struct neigh *n = cp->neigh;
	struct entry *e = &n->entry[next_hop];

	RTE_ASSERT(next_hop < n->nb && e->refs > 0);
	if (--e->refs > 0)
		return;
	TAILQ_INSERT_TAIL(&n->idle, e, idle);
	n->stats.referenced--;
}

static void keep(struct neigh *n, struct entry *e, uint16_t lcore, struct rte_mbuf *m)
{
	RTE_ASSERT(e->state == NEIGH_INCOMPLETE);
	if (e->pending_nb == NEIGH_PENDING_MAX) {
		rte_pktmbuf_free(e->pending[0].m);
		n->stats.pending_dropped++;
		e->pending_nb--;
		memmove(e->pending, e->pending + 1, e->pending_nb * sizeof(e->pending[0]));
	}
	e->pending[e->pending_nb++] = (struct pending){m, lcore};
}

void neigh_send(struct cp *cp, uint16_t lcore, struct rte_mbuf *m, const struct encap *e)
{
	struct neigh *n = cp->neigh;
	const struct port *port = &cp->dp->port[e->port_id];
	uint64_t mac = next_hop_word(&cp->dp->next_hops, e->next_hop);

	if (m->data_len > e->payload_max) {
		n->stats.too_big++;
		rte_pktmbuf_free(m);
		return;
	}
	encap_push(m, e, port, mac);
	if ((mac & NEXT_HOP_RESOLVED) != 0) {
		if (!frame_send(cp->dp, lcore, m))
			n->stats.ring_full++;
	} else {
		keep(n, &n->entry[e->next_hop], lcore, m);
	}
}

void neigh_learn(struct cp *cp, uint16_t port_id, const struct neigh_claim *claim)
{
	struct neigh *n = cp->neigh;
	struct entry *e = entry_find(n, port_id, &claim->addr);
	struct rte_ether_addr old;
	bool known, changed, confirmed;

	if (e == NULL && claim->create && claim->mac != NULL &&
	    route_is_neighbour(cp->dp, &cp->dp->port[port_id], &claim->addr))
		e = entry_create(cp, port_id, &claim->addr);
	if (e == NULL)
		return;
	known = next_hop_get(&cp->dp->next_hops, entry_index(n, e), &old);
	changed = claim->mac != NULL && (!known || !rte_is_same_ether_addr(claim->mac, &old));
	confirmed = claim->answer && e->asked > 0 && (known || changed);
	if (changed && known && !claim->override) {
		if (e->state == NEIGH_REACHABLE)
			doubt(cp, e);
		return;
	}
	if (changed) {
		next_hop_set(&cp->dp->next_hops, entry_index(n, e), claim->mac);
		send_pending(cp, e, claim->mac);
	}
	if (confirmed)
		confirm(n, e);
	else if (changed)
		doubt(cp, e);
}

struct neigh_stats *neigh_stats(struct cp *cp)
{
	return &cp->neigh->stats;
}
