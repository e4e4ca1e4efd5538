// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SESSION_H
#define DTLSGW_SESSION_H

#include <rte_common.h>
#include <stddef.h>

#include "aead.h"
#include "encap.h"
#include "flow.h"
#include "keys.h"
#include "replay.h"

// Slot in the low, generation in the high 32 bits.  0: none.
typedef uint64_t session_id;

struct flow; // dp's

enum session_state {
	SESSION_BUILT, // cp's
	SESSION_LIVE,  // its lcore's
	SESSION_OVER,  // its lcore's until SESSION_ENDED is on the ring, then cp's
};

// Why a session ended; name as operators see it.
#define SESSION_ENDS(X)                                                                            \
	X(NONE, "not ended")                                                                       \
	X(CLOSE_NOTIFY, "closed by the client")                                                    \
	X(FATAL_ALERT, "fatal alert from the client")                                              \
	X(IDLE, "idle timeout")                                                                    \
	X(REPLACED, "replaced by a new handshake of the same flow")                                \
	X(SEQ_LIMIT, "sequence number or AEAD limit")                                              \
	X(FORGERY_LIMIT, "too many records that do not authenticate")                              \
	X(REMOVED, "removed by the control plane")                                                 \
	X(SHUTDOWN, "gateway stopped")

enum session_end {
#define X(name, text) SESSION_END_##name,
	SESSION_ENDS(X)
#undef X
		SESSION_END_NB
};

const char *session_end_text(enum session_end end);

// Client to backend.  Two cache lines, then the key.
struct session_rx {
	struct replay replay;
	uint64_t records; // opened and accepted
	uint64_t bytes;	  // plaintext of them
	uint16_t epoch;
	uint8_t iv[AEAD_NONCE_LEN]; // fixed IV, zeros behind it
	struct encap encap;	    // towards the backend
	struct aead_key key;
};
_Static_assert(offsetof(struct session_rx, key) == 2 * RTE_CACHE_LINE_SIZE, "hot lines");

// Backend to client.  Two cache lines, then the key.
struct session_tx {
	uint64_t seq;	    // of the next record, so how many there were; only its lcore takes one
	uint64_t seq_limit; // the session ends when seq reaches it
	uint64_t blocks_left; // of 16 bytes the key may still be used for; at 0 the session ends
	uint64_t bytes;	      // plaintext
	uint16_t epoch;
	uint16_t plain_max; // bytes of payload that fit the outside MTU and what the client takes;
			    // at most DTLS_PLAIN_MAX
	uint8_t iv[AEAD_NONCE_LEN];
	struct encap encap;    // towards the client
	uint64_t finished_tsc; // when cp was last given a Finished of the client
	struct aead_key key;
};
_Static_assert(offsetof(struct session_tx, key) == 2 * RTE_CACHE_LINE_SIZE, "hot lines");

// Owner: cp while it builds it; from SESSION_INSTALL to SESSION_ENDED its lcore; then cp again,
// which wipes it.  Memory: dp->sessions.  The first cache line is what either path touches of a
// session beside its own half.
struct session {
	uint64_t used_tsc; // last authenticated record or reply
	struct ip_addr backend;
	rte_be16_t backend_port;
	uint8_t suite;	     // enum aead_suite
	uint8_t state;	     // enum session_state
	uint8_t end;	     // enum session_end
	uint8_t listener;    // index in config.listener
	uint8_t node;	     // the pool's; nobody else writes it
	uint16_t lcore;	     // owner
	uint16_t nat_addr;   // index in nat.addr
	rte_be16_t nat_port; // the gateway's port towards the backend
	bool rx_data;	     // application data came from the client, so it is done as well
	session_id id;
	uint64_t alert_tsc; // last warning alert sent
	union {
		struct flow *flow;	   // LIVE: in the lcore's table
		struct session *next_over; // else: the next in the lcore's list of sessions to
					   // report, or in the pool
	};

	struct session_rx rx __rte_cache_aligned;
	struct session_tx tx __rte_cache_aligned;
	uint64_t replay_bitmap[] __rte_cache_aligned;
};
_Static_assert(offsetof(struct session, rx) == RTE_CACHE_LINE_SIZE, "one line for both paths");
_Static_assert(sizeof(struct session) == 5 * RTE_CACHE_LINE_SIZE + 2 * sizeof(struct aead_key),
	       "no gaps");

// Bytes of one session with a replay window of so many records.
static inline size_t session_size(uint32_t replay_window)
{
	return sizeof(struct session) + replay_bitmap_len(replay_window);
}

// Sets suite, both halves' keys, IVs and the empty replay window; epoch 1, sequence number 0,
// limits of the suite, DTLS_PLAIN_MAX.  The rest of *s but node is zeroed.
void session_init(struct session *s, struct aead *aead, const struct traffic_keys *keys,
		  uint32_t replay_window);

#endif
