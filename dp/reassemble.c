// SPDX-License-Identifier: BSD-3-Clause
#define ALLOW_EXPERIMENTAL_API // rte_ip_frag_table_del_expired_entries()
#include "reassemble.h"

#include <rte_cycles.h>
#include <rte_ip_frag.h>
#include <rte_malloc.h>

#include "lcore.h"
#include "numa.h"

#define BUCKET_ENTRIES 16
#define L23_MAX	       (18 + 40) // bytes of Ethernet header with VLAN tag, IPv6 header

// Owner: the lcore.
struct reassemble {
	struct rte_ip_frag_tbl *table;
	struct rte_ip_frag_death_row dead; // fragments that the library gave up
};

uint32_t reassemble_mbufs(const struct config *config)
{
	return config->lcore_nb * config->fragments * REASSEMBLE_PART_MAX;
}

struct rte_mempool *reassemble_pool_create(const struct config *config, uint16_t id,
					   uint16_t lcore_nb, int socket)
{
	// Half of them may be cp's while the other half are made.
	uint32_t n = lcore_nb * config->fragments * 2;
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "reassembled_%u", id);
	return numa_mbuf_pool_create(
		name, n, 0, (uint16_t)(RTE_PKTMBUF_HEADROOM + L23_MAX + config->fragment_bytes),
		socket);
}

static struct rte_ip_frag_tbl *create_table(const struct config *config, int socket)
{
	uint64_t cycles = config->fragment_timeout_ms * rte_get_tsc_hz() / 1000;

	return rte_ip_frag_table_create(config->fragments / BUCKET_ENTRIES + 1, BUCKET_ENTRIES,
					config->fragments, cycles, socket);
}

struct reassemble *reassemble_create(const struct config *config, uint16_t id)
{
	int socket = numa_of_lcore(id);
	struct reassemble *r = numa_zmalloc("reassemble", sizeof(*r), socket);

	if (r == NULL)
		return NULL;
	r->table = create_table(config, socket);
	if (r->table == NULL && socket != SOCKET_ID_ANY)
		r->table = create_table(config, SOCKET_ID_ANY);
	if (r->table == NULL) {
		rte_free(r);
		return NULL;
	}
	return r;
}

void reassemble_destroy(struct reassemble *r)
{
	if (r == NULL)
		return;
	rte_ip_frag_table_destroy(r->table);
	rte_free(r);
}

// Ends n fragments that were waiting.
static void end_parts(struct lcore *lc, struct rte_mbuf *m, enum drop reason)
{
	lc->stats.fragments -= m->nb_segs;
	lc->stats.drop[reason] += m->nb_segs;
	rte_pktmbuf_free(m);
}

// Ends what the library gave up; some of it may already be chained.
static void bury(struct lcore *lc, enum drop reason)
{
	struct rte_ip_frag_death_row *dead = &lc->reassemble->dead;

	for (uint32_t i = 0; i < dead->cnt; i++)
		end_parts(lc, dead->row[i], reason);
	dead->cnt = 0;
}

void reassemble_expire(struct lcore *lc)
{
	if (lc->stats.fragments == 0)
		return;
	rte_ip_frag_table_del_expired_entries(lc->reassemble->table, &lc->reassemble->dead,
					      lc->now_tsc);
	bury(lc, DROP_FRAGMENT_TIMEOUT);
}

// A copy of the chain in one mbuf; ends the chain.
static struct rte_mbuf *flatten(struct lcore *lc, struct rte_mbuf *chain, bool v4)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lc->dp->large_pool[lc->id]);
	uint8_t *p;

	if (unlikely(m == NULL)) {
		end_parts(lc, chain, DROP_NO_MBUF);
		return NULL;
	}
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)chain->pkt_len);
	for (struct rte_mbuf *part = chain; part != NULL; part = part->next) {
		memcpy(p, rte_pktmbuf_mtod(part, void *), part->data_len);
		p += part->data_len;
	}
	m->port = chain->port;
	if (v4) {
		struct rte_ipv4_hdr *ip =
			rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, chain->l2_len);

		ip->fragment_offset = 0;
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	lc->stats.fragments -= chain->nb_segs;
	lc->stats.merged += chain->nb_segs;
	lc->stats.reassembled++;
	rte_pktmbuf_free(chain);
	return m;
}

// A fragment that is all of its datagram (RFC 6946): takes its fragment header out.
static struct rte_mbuf *strip(struct rte_mbuf *m, uint16_t l2_len)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, l2_len);
	const struct rte_ipv6_fragment_ext *header = (const struct rte_ipv6_fragment_ext *)(ip + 1);
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *);

	ip->proto = header->next_header;
	ip->payload_len = rte_cpu_to_be_16(rte_be_to_cpu_16(ip->payload_len) - sizeof(*header));
	memmove(start + sizeof(*header), start, l2_len + sizeof(*ip));
	rte_pktmbuf_adj(m, sizeof(*header));
	return m;
}

// Gives m to the library.  Returns the chain of a whole datagram or NULL.
static struct rte_mbuf *collect(struct lcore *lc, struct rte_mbuf *m, bool v4)
{
	struct reassemble *r = lc->reassemble;
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);
	struct rte_mbuf *chain;
	bool alone;

	lc->stats.fragments++;
	if (v4)
		chain = rte_ipv4_frag_reassemble_packet(r->table, &r->dead, m, lc->now_tsc,
							(struct rte_ipv4_hdr *)l3);
	else
		chain = rte_ipv6_frag_reassemble_packet(
			r->table, &r->dead, m, lc->now_tsc, (struct rte_ipv6_hdr *)l3,
			(struct rte_ipv6_fragment_ext *)(l3 + sizeof(struct rte_ipv6_hdr)));
	// A fragment that starts no datagram for want of room is given up without others.
	alone = r->dead.cnt == 1 && r->dead.row[0] == m && m->nb_segs == 1;
	bury(lc, alone ? DROP_FRAGMENT_FULL : DROP_FRAGMENT_OVERLAP);
	return chain;
}

struct rte_mbuf *reassemble_take(struct lcore *lc, struct rte_mbuf *m, const struct datagram *dg)
{
	bool v4 = ip_is_v4(&dg->flow.remote);
	struct rte_mbuf *chain;

	if (lc->reassemble == NULL) {
		drop(lc, m, DROP_IP_FRAGMENT);
		return NULL;
	}
	if (dg->fragment_end > lc->dp->config->fragment_bytes) {
		drop(lc, m, DROP_FRAGMENT_LEN);
		return NULL;
	}
	if (dg->fragment_whole)
		return strip(m, dg->payload_at);
	reassemble_expire(lc);
	m->l2_len = dg->payload_at;
	m->l3_len = v4 ? sizeof(struct rte_ipv4_hdr)
		       : sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_ipv6_fragment_ext);
	chain = collect(lc, m, v4);
	return chain != NULL ? flatten(lc, chain, v4) : NULL;
}
