// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_GEN_H
#define GEN_GEN_H

#include <stdatomic.h>

#include "burst.h"
#include "neighbours.h"
#include "options.h"
#include "pace.h"
#include "ports.h"
#include "stamp.h"
#include "track.h"

#define GEN_REPLAY_WINDOW 1024 // records that a client's session accepts out of order

struct dial;

// One client end of a session.
struct client {
	struct session *session; // ours: seals what a client sends; NULL until its handshake is
				 // done.  tx.encap leads to the server
	struct dial *dial;	 // its handshake under way, or NULL
	bool ready;		 // a payload has come back
	bool over;		 // ended by the server, or used up
	bool nat_known;
	struct ip_addr nat_addr; // from which the server sends its plaintext to the backend
	rte_be16_t nat_port;
	struct encap nat; // from the backend there
	struct track track[STREAM_NB];
};

// Packets that a device had no room for and that go first the next time.
struct hold {
	uint16_t nb;
	struct rte_mbuf *m[PORTS_BURST];
};

// What came in a trial and belongs to no stream.
struct strays {
	uint64_t bad;	   // payloads that nobody sent, or not to there
	uint64_t forged;   // records that do not authenticate
	uint64_t replayed; // records that came before: duplicates below the payload
	uint64_t other;	   // records that are no application data
	uint64_t stale;	   // payloads of an earlier trial
};

// The generator.  One thread owns all of it.
struct gen {
	const struct options *o;
	struct rte_mempool *pool;
	struct aead *aead;
	struct neighbours neighbours;
	struct gen_port outside;
	struct gen_port inside; // if o->inside
	uint16_t server_hop;	// in neighbours
	uint32_t client_nb;
	struct client *client;
	uint32_t live_nb;
	uint32_t *live;	 // clients that are ready and not over
	uint32_t closed; // clients that ended while they were live
	enum aead_suite suite;

	uint16_t trial; // 0: none, payloads are probes
	bool flood;	// packets that a device has no room for are held, not lost
	const struct sizes *sizes;
	uint16_t step[STREAM_NB];   // in sizes->step
	uint32_t cursor[STREAM_NB]; // in live
	struct tally tally[STREAM_NB];
	struct strays strays;
	struct hold hold_outside;
	struct hold hold_inside;
	struct burst burst;
};

// Set by SIGINT and SIGTERM: everything comes to its end.
extern atomic_bool gen_stop;

// Opens ports and makes room for the clients.  Returns 0 or -errno after a message; gen_fini()
// is due in either case.
int gen_init(struct gen *g, const struct options *o);
void gen_fini(struct gen *g);

// Waits up to 5 s until the next hop to the server is known.  0, or -EHOSTUNREACH after a message,
// or -EINTR.
int gen_resolve(struct gen *g);

// The client of a source address and port, or NULL.
struct client *gen_client(struct gen *g, const struct ip_addr *addr, rte_be16_t port);

// The address and port of client i.
void gen_client_addr(const struct gen *g, uint32_t i, struct ip_addr *addr, rte_be16_t *port);

// Begins a trial: nothing sent, nothing seen.
void gen_trial_start(struct gen *g, const struct sizes *sizes, bool flood);

// Takes clients that are over out of live, and those that have become ready in.
void gen_live(struct gen *g);

// Receives on both ports what is there.  Returns how many frames.
uint32_t gen_receive(struct gen *g);

// Sends what is held, then n packets, at most PORTS_BURST.
void gen_send(struct gen *g, enum stream stream, uint16_t n, uint64_t now_tsc);

// Frees what is held; it counts as refused.
void gen_drop_held(struct gen *g);

// Bytes of Ethernet, IP and UDP header on the outside.
uint16_t gen_outside_header_len(const struct gen *g);

// Writes the next payload from or to client i into m, which is empty, and counts it.
static inline void gen_fill(struct gen *g, enum stream stream, uint32_t i, struct rte_mbuf *m,
			    uint64_t now_tsc)
{
	struct tally *tally = &g->tally[stream];
	uint16_t step = g->step[stream], size = g->sizes->step[step], len = g->sizes->len[size];
	struct stamp stamp = {.client = i,
			      .stream = (uint8_t)stream,
			      .trial = g->trial,
			      .seq = g->client[i].track[stream].next_seq++,
			      .tsc = now_tsc};

	g->step[stream] = step + 1 == g->sizes->step_nb ? 0 : step + 1;
	tally->sent++;
	tally->size_sent[size]++;
	m->data_len = len;
	m->pkt_len = len;
	stamp_write(rte_pktmbuf_mtod(m, uint8_t *), len, &stamp);
}

// Enters the payload of client i that arrived in one of the streams of the mask (bits), or counts
// it as a stray.
static inline void gen_take_payload(struct gen *g, uint32_t i, unsigned int streams,
				    const struct stamp *s, uint16_t len, uint64_t now_tsc)
{
	uint16_t size;

	if (unlikely(s->trial != g->trial)) {
		g->strays.stale++;
		return;
	}
	size = sizes_find(g->sizes, len);
	if (unlikely(s->client != i || (streams & 1u << s->stream) == 0 || size == SIZES_NONE)) {
		g->strays.bad++;
		return;
	}
	track_enter(&g->client[i].track[s->stream], &g->tally[s->stream], s->seq, size,
		    stamp_age(s, now_tsc));
}

#endif
