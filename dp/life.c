// SPDX-License-Identifier: BSD-3-Clause
#include "life.h"

#include "media.h"
#include "ring.h"
#include "seal.h"
#include "tx.h"

static struct nat_slot *nat_slot(struct lcore *lc, const struct session *s)
{
	return &lc->dp->nat.addr[s->nat_addr].slot[rte_be_to_cpu_16(s->nat_port)];
}

void life_send(struct lcore *lc, struct session *s, struct rte_mbuf *m, uint8_t content_type,
	       uint16_t front_len)
{
	struct burst *b = &lc->own;

	lc->stats.made++;
	b->n = 1;
	b->mbuf[0] = m;
	b->session[0] = s;
	b->type[0] = content_type;
	seal_burst(lc->aead, b);
	if (b->verdict[0] != BURST_PASS) {
		drop(lc, m, b->verdict[0]);
		return;
	}
	rte_pktmbuf_prepend(m, front_len);
	tx_encap(lc, m, &s->tx.encap);
}

void life_alert(struct lcore *lc, struct session *s, uint8_t level, uint8_t description)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lc->dp->mbuf_pool);
	uint8_t *p;

	if (m == NULL) {
		lc->stats.made++;
		lc->stats.drop[DROP_NO_MBUF]++;
		return;
	}
	p = (uint8_t *)rte_pktmbuf_append(m, DTLS_ALERT_LEN);
	p[0] = level;
	p[1] = description;
	life_send(lc, s, m, DTLS_ALERT, 0);
}

// Session and gateway port part; what follows is the caller's.
static void retire(struct lcore *lc, struct session *s, enum session_end end)
{
	s->state = SESSION_OVER;
	s->end = end;
	atomic_store_explicit(&nat_slot(lc, s)->session, NULL, memory_order_release);
	s->next_over = lc->over;
	lc->over = s;
	lc->stats.sessions--;
}

static uint32_t *half_open_of(struct lcore *lc, const struct flow_key *key)
{
	struct flow_key client = {.remote = ip_client(&key->remote)};

	RTE_BUILD_BUG_ON(!RTE_IS_POWER_OF_2(LCORE_CLIENTS));
	return &lc->half_open_of[table_hash(&client, &lc->hash_secret) & (LCORE_CLIENTS - 1)];
}

// What follows for the table is the caller's.
static void end_handshake(struct lcore *lc, struct flow *flow)
{
	flow->handshake_tsc = 0;
	lc->stats.handshakes--;
	--*half_open_of(lc, &flow->key);
}

bool life_install(struct lcore *lc, struct session *s, const struct flow_key *key)
{
	struct flow *flow = table_enter(lc->table, key);

	if (flow == NULL)
		return false;
	if (flow->session != NULL)
		retire(lc, flow->session, SESSION_END_REPLACED);
	if (flow->handshake_tsc != 0)
		end_handshake(lc, flow);
	flow->session = s;
	s->flow = flow;
	atomic_store_explicit(&nat_slot(lc, s)->session, s, memory_order_release);
	s->state = SESSION_LIVE;
	s->used_tsc = lc->now_tsc;
	lc->stats.sessions++;
	lc->stats.installs++;
	return true;
}

void life_end(struct lcore *lc, struct session *s, enum session_end end)
{
	struct flow *flow = s->flow;

	if (end != SESSION_END_FATAL_ALERT)
		life_alert(lc, s, DTLS_ALERT_WARNING, DTLS_ALERT_CLOSE_NOTIFY);
	retire(lc, s, end);
	flow->session = NULL;
	table_leave(lc->table, flow);
}

uint32_t life_half_open_of_address(const struct config *config)
{
	uint32_t all = config->half_open, limit = config->half_open_per_address;

	return limit == 0 || limit >= all ? all : limit + (all - limit) / 2;
}

uint8_t life_handshake_begin(struct lcore *lc, const struct flow_key *key, uint32_t *id, bool *live)
{
	struct flow *flow = table_find(lc->table, key);
	bool begun = flow != NULL && flow->handshake_tsc != 0;
	uint32_t *of_address;

	if (!begun) {
		if (lc->stats.handshakes >= lc->half_open_max)
			return DROP_HALF_OPEN;
		of_address = half_open_of(lc, key);
		if (*of_address >= lc->half_open_address_max)
			return DROP_ADDRESS_HALF_OPEN;
		flow = table_enter(lc->table, key);
		if (flow == NULL)
			return DROP_TABLE_FULL;
		lc->stats.handshakes++;
		++*of_address;
		flow->punts = 0;
	}
	if (flow->punts == LIFE_PUNT_MAX)
		return DROP_PUNT_RATE;
	flow->punts++;
	flow->handshake_tsc = lc->now_tsc + lc->handshake_tsc;
	flow->handshake_id = ++lc->handshake_id;
	*id = flow->handshake_id;
	*live = flow->session != NULL;
	return BURST_PASS;
}

void life_handshake_end(struct lcore *lc, struct flow *flow)
{
	if (flow->handshake_tsc == 0)
		return;
	end_handshake(lc, flow);
	table_leave(lc->table, flow);
}

void life_report(struct lcore *lc)
{
	while (lc->over != NULL && ring_has_room(lc, 1)) {
		struct session *s = lc->over;
		struct msg msg = {.type = MSG_SESSION_ENDED, .id = s->id, .session = s};

		lc->over = s->next_over;
		ring_answer(lc, &msg);
	}
}

static void expire_handshake(struct lcore *lc, struct flow *flow)
{
	struct msg msg = {.type = MSG_HANDSHAKE_ENDED, .flow = flow->key};

	if (!ring_has_room(lc, 1))
		return; // the next walk finds it again
	ring_answer(lc, &msg);
	life_handshake_end(lc, flow);
}

uint64_t life_walk_rate(const struct lcore *lc)
{
	uint64_t slots = RTE_MIN(table_slots(lc->table), (uint32_t)LIFE_WALK_MAX);

	return (slots << 32) / lc->second_tsc + 1;
}

// What the media server sends is a reply as well.
static bool is_idle(const struct lcore *lc, const struct flow *flow)
{
	return lc->now_tsc - flow->session->used_tsc > lc->idle_tsc &&
	       !media_answers(lc, &flow->key, lc->idle_tsc);
}

void life_walk(struct lcore *lc)
{
	uint64_t elapsed = RTE_MIN(lc->now_tsc - lc->walked_tsc, lc->second_tsc);
	uint64_t slots = elapsed * lc->walk_rate >> 32;

	if (slots == 0)
		return;
	lc->walked_tsc = lc->now_tsc;
	for (uint64_t i = 0; i < slots; i++) {
		struct flow *flow = table_walk(lc->table, &lc->walk);

		if (flow == NULL)
			continue;
		if (flow->session != NULL && is_idle(lc, flow))
			life_end(lc, flow->session, SESSION_END_IDLE);
		if (flow->handshake_tsc != 0 && lc->now_tsc > flow->handshake_tsc)
			expire_handshake(lc, flow);
	}
}
