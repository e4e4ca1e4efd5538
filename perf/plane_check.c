// SPDX-License-Identifier: BSD-3-Clause
#include <rte_ip.h>
#include <rte_udp.h>

#include "aead_ossl.h"
#include "plane.h"
#include "record.h"

#define FRAME_MAX 2048
#define POLLS_MAX 1000000 // until all frames are out

struct check {
	struct plane *p;
	const uint32_t *pick;
	uint32_t size;
	uint32_t k;
	bool sealed;
	bool offload; // the port asked for it
};

// Fills the checksums in as a device does that was asked to, and checks what it was given.
static void offload(const struct encap *e, struct rte_mbuf *m)
{
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + m->l3_len);
	bool v4 = encap_l3_len(e) == sizeof(struct rte_ipv4_hdr);

	bench_check(m->l2_len == encap_l2_len(e) && m->l3_len == encap_l3_len(e));
	bench_check((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM);
	bench_check((m->ol_flags & (v4 ? RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6)) != 0);
	if (v4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;

		bench_check(udp->dgram_cksum == rte_ipv4_phdr_cksum(ip, m->ol_flags));
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;

		bench_check(udp->dgram_cksum == rte_ipv6_phdr_cksum(ip, m->ol_flags));
		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
	}
}

// Headers in front of the payload: those of e, with good checksums.
static void check_headers(const struct encap *e, struct rte_mbuf *m)
{
	uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, encap_l2_len(e));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + encap_l3_len(e));
	rte_be16_t sum;

	bench_check(m->nb_segs == 1 && m->pkt_len == m->data_len);
	bench_check(rte_be_to_cpu_16(udp->dgram_len) ==
		    m->data_len - encap_l2_len(e) - encap_l3_len(e));
	bench_check(memcmp(udp, e->header + ENCAP_HEADER_LEN - 8, 4) == 0);
	sum = udp->dgram_cksum;
	udp->dgram_cksum = 0;
	if (encap_l3_len(e) == sizeof(struct rte_ipv4_hdr)) {
		bench_check(rte_raw_cksum(l3, encap_l3_len(e)) == 0xffff);
		udp->dgram_cksum = rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)l3, udp);
	} else {
		udp->dgram_cksum = rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)l3, udp);
	}
	bench_check(udp->dgram_cksum == sum);
}

static void check_frame(void *arg, struct rte_mbuf *m)
{
	struct check *c = arg;
	uint32_t i = c->pick[c->k];
	const struct session *s = c->p->session[i];
	const struct encap *e = c->sealed ? &s->tx.encap : &s->rx.encap;
	uint8_t *payload = rte_pktmbuf_mtod_offset(m, uint8_t *, encap_len(e));
	uint16_t len = m->data_len - encap_len(e);
	uint8_t plain[FRAME_MAX];

	if (c->offload)
		offload(e, m);
	check_headers(e, m);
	plane_payload(c->k++, plain, c->size);
	if (c->sealed) {
		struct traffic_keys keys = plane_keys(i);
		struct aead_ossl_key key = {.suite = keys.suite};
		const struct aead_ossl_key *keyp = &key;
		struct record rec;
		struct aead_op op;

		memcpy(key.key, keys.server_key, 16);
		bench_check(record_parse(payload, len, &rec));
		bench_check(len == DTLS_RECORD_HEADER_LEN + rec.fragment_len);
		bench_check(rec.type == DTLS_APPLICATION_DATA && rec.epoch == 1);
		bench_check(record_open_prepare(keys.suite, keys.server_iv, payload, &rec, &op));
		aead_ossl_open_burst(&keyp, &op, 1);
		bench_check(op.ok);
		payload = op.data;
		len = rec.plain_len;
	}
	bench_check(len == c->size && memcmp(payload, plain, len) == 0);
}

void plane_check_lanes(struct plane *p, const struct lane_pair *lanes, int side,
		       const uint32_t *pick, uint32_t size)
{
	struct lane *in = &p->lane[lanes->in], *out = &p->lane[lanes->out];
	struct mem_port *from = &in->port[side], *to = &out->port[!side];
	struct check c = {.p = p,
			  .pick = pick,
			  .size = size,
			  .sealed = side == PLANE_INSIDE,
			  .offload = to->offload};
	uint64_t drops = plane_drops(p);

	if (!c.sealed)
		plane_reset_replay(p, pick, from->frames->nb);
	from->next = 0;
	mem_port_sink(to, check_frame, &c);
	mem_port_offer(from, from->frames->nb);
	for (uint32_t polls = 0; c.k < from->frames->nb && polls < POLLS_MAX; polls++) {
		lcore_poll(in->lc);
		if (out != in)
			lcore_poll(out->lc);
	}
	bench_check(c.k == from->frames->nb && from->left == 0 && plane_drops(p) == drops);
	mem_port_sink(to, NULL, NULL);
}

void plane_check(struct plane *p, int side, const uint32_t *pick, uint32_t size)
{
	plane_check_lanes(p, &(struct lane_pair){0, 0}, side, pick, size);
}
