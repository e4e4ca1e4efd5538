// SPDX-License-Identifier: BSD-3-Clause

// Where the cycles of the two paths go: each public stage by itself, a burst at a time, over the
// frames and sessions that the path sees, less the reading of the clock.  "rest" is the path less
// all of these.
#include <rte_ethdev.h>

#include "open.h"
#include "path.h"
#include "plain.h"
#include "seal.h"

#define SESSIONS 256
#define FRAMES	 512

static struct plane plane;

// What stages leave behind, prepared for all frames.
struct stage {
	struct path path;
	struct datagram dg[FRAMES];
	struct rte_mbuf *mbuf[BURST_MAX]; // as received, of a burst, as the pool gives them again
	struct flow *flow[BURST_MAX];
	struct burst burst;
	struct aead_op op[FRAMES];
};

static struct stage st;

static struct session *session_at(uint32_t k)
{
	return plane.session[st.path.pick[k]];
}

static struct rte_mbuf *mbuf_at(uint32_t k)
{
	return st.mbuf[k % BURST_MAX];
}

// Mbuf k as received; at_payload: its data the UDP payload, of len bytes.
static void set_mbuf(uint32_t k, bool at_payload, uint16_t len)
{
	struct rte_mbuf *m = mbuf_at(k);

	rte_pktmbuf_reset(m);
	m->port = plane.lane[0].port[st.path.side].id;
	m->data_len = st.path.frames.len[k];
	memcpy(rte_pktmbuf_mtod(m, void *), frames_at(&st.path.frames, k), m->data_len);
	if (at_payload)
		rte_pktmbuf_adj(m, st.dg[k].payload_at);
	if (len > 0)
		m->data_len = len;
	m->pkt_len = m->data_len;
}

static uint64_t run_idle(void *arg, uint32_t n)
{
	uint64_t start = bench_tsc();

	(void)arg;
	for (uint32_t k = 0; k < n; k += BURST_MAX)
		lcore_poll(plane.lane[0].lc);
	return bench_tsc() - start;
}

static uint64_t run_classify(void *arg, uint32_t n)
{
	const struct port *port = &plane.dp->port[plane.lane[0].port[st.path.side].id];
	uint64_t sum = 0;

	(void)arg;
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		for (uint32_t k = at; k < at + BURST_MAX; k++)
			set_mbuf(k, false, 0);
		sum -= bench_tsc();
		for (uint32_t k = at; k < at + BURST_MAX; k++) {
			struct rte_mbuf *m = mbuf_at(k);

			bench_check(plain_datagram(port, m->port, rte_pktmbuf_mtod(m, uint8_t *),
						   m->data_len, 0, &st.dg[k]));
		}
		sum += bench_tsc();
	}
	return sum;
}

static uint64_t run_lookup(void *arg, uint32_t n)
{
	uint32_t hash[BURST_MAX];
	uint64_t sum = 0;

	(void)arg;
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		sum -= bench_tsc();
		for (uint32_t k = 0; k < BURST_MAX; k++)
			hash[k] = table_hash(&st.dg[at + k].flow, &plane.lane[0].lc->hash_secret);
		table_prefetch_burst(plane.lane[0].lc->table, hash, BURST_MAX);
		table_lookup_burst(plane.lane[0].lc->table, &st.dg[at].flow, sizeof(st.dg[0]), hash,
				   BURST_MAX, st.flow);
		sum += bench_tsc();
	}
	return sum;
}

static uint64_t run_parse(void *arg, uint32_t n)
{
	struct record rec;
	uint64_t sum = 0;

	(void)arg;
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		for (uint32_t k = 0; k < BURST_MAX; k++)
			set_mbuf(at + k, true, 0);
		sum -= bench_tsc();
		for (uint32_t k = 0; k < BURST_MAX; k++)
			bench_check(record_parse(rte_pktmbuf_mtod(st.mbuf[k], uint8_t *),
						 st.mbuf[k]->data_len, &rec));
		sum += bench_tsc();
	}
	return sum;
}

static void fill_burst(uint32_t at)
{
	struct burst *b = &st.burst;

	b->n = BURST_MAX;
	for (uint32_t k = 0; k < BURST_MAX; k++) {
		set_mbuf(at + k, true, 0);
		b->mbuf[k] = st.mbuf[k];
		b->session[k] = session_at(at + k);
		b->type[k] = DTLS_APPLICATION_DATA;
	}
}

static void crypt_burst(void)
{
	if (st.path.side == PLANE_OUTSIDE)
		open_burst(plane.aead, &st.burst);
	else
		seal_burst(plane.aead, &st.burst);
}

static uint64_t run_crypto(void *arg, uint32_t n)
{
	uint64_t sum = 0;

	(void)arg;
	if (st.path.side == PLANE_OUTSIDE)
		plane_reset_replay(&plane, st.path.pick, n);
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		fill_burst(at);
		sum -= bench_tsc();
		crypt_burst();
		sum += bench_tsc();
		for (uint32_t k = 0; k < BURST_MAX; k++)
			bench_check(st.burst.verdict[k] == BURST_PASS);
	}
	return sum;
}

// The AEAD of the stage above, on the operations it made, its data in the cache as there.
static uint64_t run_aead(void *arg, uint32_t n)
{
	bool open = st.path.side == PLANE_OUTSIDE;
	uint64_t sum = 0;

	(void)arg;
	if (open)
		plane_reset_replay(&plane, st.path.pick, n);
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		fill_burst(at);
		crypt_burst();
		sum -= bench_tsc();
		if (open)
			aead_open_burst(plane.aead, st.burst.op, BURST_MAX);
		else
			aead_seal_burst(plane.aead, st.burst.op, BURST_MAX);
		sum += bench_tsc();
	}
	return sum;
}

static uint64_t run_encap(void *arg, uint32_t n)
{
	bool open = st.path.side == PLANE_OUTSIDE;
	uint64_t sum = 0;

	(void)arg;
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		for (uint32_t k = at; k < at + BURST_MAX; k++)
			set_mbuf(k, true, (uint16_t)(st.path.size + (open ? 0 : 37)));
		sum -= bench_tsc();
		for (uint32_t k = at; k < at + BURST_MAX; k++) {
			const struct session *s = session_at(k);
			const struct encap *e = open ? &s->rx.encap : &s->tx.encap;

			encap_push(mbuf_at(k), e, &plane.dp->port[e->port_id],
				   next_hop_word(&plane.dp->next_hops, e->next_hop));
		}
		sum += bench_tsc();
	}
	return sum;
}

// What it costs to read the clock around a burst, as the stages do.
static uint64_t run_clock(void *arg, uint32_t n)
{
	uint64_t sum = 0;

	(void)arg;
	for (uint32_t at = 0; at < n; at += BURST_MAX) {
		sum -= bench_tsc();
		sum += bench_tsc();
	}
	return sum;
}

static void print(const char *stage, double cycles, double path)
{
	char name[64];
	struct bench_row row = {.bench = "stage",
				.name = name,
				.size = st.path.size,
				.sessions = SESSIONS,
				.burst = BURST_MAX,
				.cycles = cycles,
				.ratio_name = "share",
				.ratio = cycles / path};

	snprintf(name, sizeof(name), "%s_%s", st.path.side == PLANE_INSIDE ? "seal" : "open",
		 stage);
	bench_print(&row);
}

static void measure(int side, uint32_t size)
{
	enum { CLOCK, PATH, IO, IDLE, CLASSIFY, CRYPTO, AEAD, ENCAP, LOOKUP, PARSE, STAGES };
	static const char *const name[STAGES] = {"clock",    "path",   "io",   "empty_poll",
						 "classify", "crypto", "aead", "encap",
						 "lookup",   "parse"};
	uint64_t (*run[STAGES])(void *, uint32_t) = {run_clock,	   path_run,   path_io,	 run_idle,
						     run_classify, run_crypto, run_aead, run_encap,
						     run_lookup,   run_parse};
	unsigned int nb = side == PLANE_OUTSIDE ? STAGES : LOOKUP;
	struct bench_item item[STAGES];
	struct path_pick pick;
	double rest;

	path_pick_init(&pick, 0, SESSIONS);
	path_init(&st.path, &plane, side, size, FRAMES, path_pick_round, &pick, MEM_PORT_COPY);
	bench_check(rte_pktmbuf_alloc_bulk(plane.dp->mbuf_pool, st.mbuf, BURST_MAX) == 0);
	for (unsigned int i = 0; i < nb; i++)
		item[i] = (struct bench_item){.run = run[i],
					      .arg = &st.path,
					      .n = FRAMES,
					      .samples = 16,
					      .reset = path_reset};
	run_classify(NULL, FRAMES);
	bench_measure(item, nb);
	for (unsigned int i = CLASSIFY; i < nb; i++)
		item[i].cycles -= item[CLOCK].cycles;
	rest = item[PATH].cycles;
	for (unsigned int i = PATH; i < nb; i++) {
		print(name[i], item[i].cycles, item[PATH].cycles);
		if (i != PATH && i != AEAD)
			rest -= item[i].cycles;
	}
	print("crypto_less_aead", item[CRYPTO].cycles - item[AEAD].cycles, item[PATH].cycles);
	print("rest", rest, item[PATH].cycles);
	rte_pktmbuf_free_bulk(st.mbuf, BURST_MAX);
	path_fini(&st.path);
	path_pick_fini(&pick);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);

	bench_eal(&options, 512);
	plane_init(&plane, SESSIONS, 0, 1024);
	for (int side = 1; side >= 0; side--) {
		measure(side, 64);
		measure(side, 1350);
	}
	return 0;
}
