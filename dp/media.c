// SPDX-License-Identifier: BSD-3-Clause
#include "media.h"

#include <errno.h>

#include "hello.h"
#include "life.h"
#include "numa.h"
#include "ring.h"
#include "tx.h"
#include "wire.h"

#define STUN_COOKIE	     0x2112a442 // RFC 8489 section 5
#define STUN_HEADER_LEN	     20
#define STUN_BINDING_REQUEST 0x0001

// The reason to drop a datagram with this first byte, by the protocol that it stands for (RFC 7983
// section 7).
static enum drop protocol(uint8_t first)
{
	if (first <= 3)
		return DROP_STUN;
	if (first >= 16 && first <= 19)
		return DROP_ZRTP;
	if (first >= 64 && first <= 79)
		return DROP_TURN;
	if (first >= 128 && first <= 191)
		return DROP_RTP;
	return DROP_FIRST_BYTE;
}

static bool is_relayed(enum drop protocol)
{
	return protocol == DROP_STUN || protocol == DROP_RTP;
}

static bool is_binding_request(const uint8_t *p, uint16_t len)
{
	struct wire_reader r = wire_reader(p, len);
	uint16_t type = wire_u16(&r), attributes_len = wire_u16(&r);
	uint32_t cookie = (uint32_t)wire_uint(&r, 4);

	return !r.failed && type == STUN_BINDING_REQUEST && cookie == STUN_COOKIE &&
	       attributes_len % 4 == 0 && len == STUN_HEADER_LEN + attributes_len;
}

// A STUN error response (RFC 8489 section 5): the media server does not know the client.
static bool is_refusal(const uint8_t *p, uint16_t len)
{
	return p[0] <= 3 && len >= 2 && (p[0] & 0x01) != 0 && (p[1] & 0x10) != 0;
}

static bool has_session(const struct flow *flow)
{
	return flow != NULL && flow->session != NULL;
}

// True if there is no place for one more relay, of a flow with a session or without.
static bool is_full(const struct lcore *lc, bool with_session)
{
	return lc->stats.relays >= (with_session ? lc->media.max : lc->media.open_max);
}

static struct nat_slot *nat_slot(const struct lcore *lc, const struct relay *relay)
{
	return &lc->dp->nat.addr[relay->nat_addr].slot[rte_be_to_cpu_16(relay->nat_port)];
}

int media_init(struct lcore *lc, uint32_t max)
{
	char name[32];

	if (max == 0)
		return 0;
	snprintf(name, sizeof(name), "relay_%u", lc->id);
	lc->media.table = table_create(name, max, &lc->hash_secret, numa_of_lcore(lc->id));
	if (lc->media.table == NULL)
		return -ENOMEM;
	lc->media.max = max;
	lc->media.open_max = max - relay_spare(max);
	lc->media.idle_tsc = lc->dp->config->relay_timeout_s * lc->second_tsc;
	lc->media.walked_tsc = lc->walked_tsc;
	lc->media.walk_rate =
		((uint64_t)RTE_MIN(table_slots(lc->media.table), (uint32_t)LIFE_WALK_MAX) << 32) /
			lc->second_tsc +
		1;
	return 0;
}

void media_fini(struct lcore *lc)
{
	table_destroy(lc->media.table);
}

static void to_media(struct lcore *lc, struct relay *relay, struct rte_mbuf *m)
{
	lc->stats.relay_in++;
	tx_encap(lc, m, &relay->to_media);
}

// Gives cp the datagram of an unknown flow, from which it makes a relay; or ends it.
static void begin(struct lcore *lc, struct datagrams *d, uint16_t i)
{
	const struct config *config = lc->dp->config;
	const struct datagram *dg = &d->dg[i];
	struct rte_mbuf *m = d->mbuf[i];
	const uint8_t *payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, dg->payload_at);
	int listener = hello_listener(config, &dg->flow);
	bool known = has_session(d->flow[i]);
	struct msg msg = {
		.type = MSG_MEDIA, .live = known, .listener = (uint8_t)listener, .flow = dg->flow};
	uint64_t *credit = known ? &lc->media.session_credit_tsc : &lc->media.credit_tsc;

	if (listener < 0) {
		drop(lc, m, DROP_UDP_PORT);
	} else if (config->listener[listener].media == CONFIG_BACKEND_NONE ||
		   !(known || is_binding_request(payload, dg->payload_len))) {
		drop(lc, m, protocol(payload[0]));
	} else if (is_full(lc, known)) {
		drop(lc, m, DROP_RELAY_FULL);
	} else if (*credit < lc->frame_tsc) {
		drop(lc, m, DROP_PUNT_RATE);
	} else {
		*credit -= lc->frame_tsc;
		datagram_strip(m, dg);
		ring_punt(lc, m, &msg);
	}
}

// The lines of a flow's relay that lie on the way to the media server.
static void prefetch_relay(const struct flow *flow)
{
	const uint8_t *relay = flow != NULL ? (const uint8_t *)flow->relay : NULL;

	if (relay == NULL)
		return;
	rte_prefetch0(relay);
	rte_prefetch0(relay + RTE_CACHE_LINE_SIZE);
	rte_prefetch0(relay + 2 * RTE_CACHE_LINE_SIZE);
}

void media_burst(struct lcore *lc, struct datagrams *d, const uint16_t *at, uint16_t n)
{
	struct flow *flow[BURST_MAX];
	struct flow_key key[BURST_MAX];
	uint32_t hash[BURST_MAX];
	uint16_t of[BURST_MAX], nb = 0;

	for (uint16_t k = 0; k < n; k++) {
		uint16_t i = at[k];
		enum drop reason = protocol(
			*rte_pktmbuf_mtod_offset(d->mbuf[i], const uint8_t *, d->dg[i].payload_at));

		if (lc->media.table == NULL || !is_relayed(reason)) {
			drop(lc, d->mbuf[i], reason);
			continue;
		}
		key[nb] = d->dg[i].flow;
		hash[nb] = d->hash[i];
		of[nb++] = i;
	}
	if (nb == 0)
		return;
	table_prefetch_burst(lc->media.table, hash, nb);
	table_lookup_burst(lc->media.table, key, sizeof(key[0]), hash, nb, flow);
	for (uint16_t k = 0; k < nb; k++)
		prefetch_relay(flow[k]);
	for (uint16_t k = 0; k < nb; k++) {
		struct datagram *dg = &d->dg[of[k]];
		struct rte_mbuf *m = d->mbuf[of[k]];
		struct relay *relay;

		if (unlikely(flow[k] == NULL)) {
			begin(lc, d, of[k]);
			continue;
		}
		relay = flow[k]->relay;
		if (likely(relay->replied_tsc != 0) || has_session(d->flow[of[k]]))
			relay->used_tsc = lc->now_tsc;
		datagram_strip(m, dg);
		to_media(lc, relay, m);
	}
}

static bool from_media(const struct relay *relay, const struct flow_key *flow)
{
	return relay->media_port == flow->remote_port && ip_equal(&relay->media, &flow->remote);
}

// The reason to drop a datagram of the media server, or BURST_PASS.
static uint8_t filter_reply(const struct relay *relay, const struct rte_mbuf *m,
			    const struct datagram *dg)
{
	enum drop reason;

	if (relay == NULL)
		return DROP_NO_NAT;
	if (!from_media(relay, &dg->flow))
		return DROP_BACKEND;
	if (dg->payload_len == 0)
		return DROP_UDP_EMPTY;
	reason = protocol(*rte_pktmbuf_mtod_offset(m, const uint8_t *, dg->payload_at));
	return is_relayed(reason) ? BURST_PASS : reason;
}

void media_reply(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg,
		 struct nat_slot *slot, uint16_t owner)
{
	struct relay *relay;
	uint8_t verdict;

	if ((owner & ~NAT_RELAY) != lc->id) {
		ring_handoff(lc, owner & ~NAT_RELAY, m, MSG_HANDOFF);
		return;
	}
	// As for a session: the port may have changed hands in between.
	relay = atomic_load_explicit(&slot->relay, memory_order_acquire);
	if (atomic_load_explicit(&slot->lcore, memory_order_relaxed) != owner)
		relay = NULL;
	verdict = filter_reply(relay, m, dg);
	if (verdict != BURST_PASS) {
		drop(lc, m, verdict);
		return;
	}
	lc->stats.relay_out++;
	datagram_strip(m, dg);
	if (likely(!is_refusal(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len)))
		relay->used_tsc = relay->replied_tsc = lc->now_tsc;
	tx_encap(lc, m, &relay->to_client);
}

bool media_install(struct lcore *lc, struct relay *relay)
{
	struct rte_mbuf *first = relay->first;
	struct flow *flow;

	if (is_full(lc, has_session(table_find(lc->table, &relay->flow))))
		return false;
	flow = table_enter(lc->media.table, &relay->flow);
	if (flow == NULL)
		return false;
	RTE_ASSERT(flow->relay == NULL);
	flow->relay = relay;
	relay->used_tsc = lc->now_tsc;
	relay->replied_tsc = 0;
	relay->first = NULL;
	atomic_store_explicit(&nat_slot(lc, relay)->relay, relay, memory_order_release);
	lc->stats.relays++;
	lc->stats.inject++;
	to_media(lc, relay, first);
	return true;
}

bool media_answers(const struct lcore *lc, const struct flow_key *flow, uint64_t idle_tsc)
{
	const struct flow *found;

	if (lc->media.table == NULL)
		return false;
	found = table_find(lc->media.table, flow);
	return found != NULL && found->relay->replied_tsc != 0 &&
	       lc->now_tsc - found->relay->replied_tsc <= idle_tsc;
}

static bool is_over(const struct lcore *lc, const struct relay *relay)
{
	uint64_t limit = lc->media.idle_tsc;

	if (relay->replied_tsc == 0 && !has_session(table_find(lc->table, &relay->flow)))
		limit = RTE_MIN(limit, RELAY_UNANSWERED_S * lc->second_tsc);
	return lc->now_tsc - relay->used_tsc > limit;
}

static void end(struct lcore *lc, struct flow *flow)
{
	struct relay *relay = flow->relay;

	atomic_store_explicit(&nat_slot(lc, relay)->relay, NULL, memory_order_release);
	flow->relay = NULL;
	table_leave(lc->media.table, flow);
	relay->next_over = lc->media.over;
	lc->media.over = relay;
	lc->stats.relays--;
}

static void report(struct lcore *lc)
{
	while (lc->media.over != NULL && ring_has_room(lc, 1)) {
		struct msg msg = {.type = MSG_RELAY_ENDED, .relay = lc->media.over};

		lc->media.over = msg.relay->next_over;
		ring_answer(lc, &msg);
	}
}

void media_walk(struct lcore *lc)
{
	uint64_t elapsed = RTE_MIN(lc->now_tsc - lc->media.walked_tsc, lc->second_tsc);
	uint64_t slots = elapsed * lc->media.walk_rate >> 32;

	if (slots == 0) // always, where no listener has media
		return;
	lc->media.walked_tsc = lc->now_tsc;
	for (uint64_t i = 0; i < slots; i++) {
		struct flow *flow = table_walk(lc->media.table, &lc->media.walk);

		if (flow != NULL && is_over(lc, flow->relay))
			end(lc, flow);
	}
	report(lc);
}
