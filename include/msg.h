// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_MSG_H
#define DTLSGW_MSG_H

#include <rte_mbuf.h>

#include "relay.h"
#include "session.h"

// Every ring element.  A message that carries an mbuf or a session hands it over.
//
//   type             from → to  carries
//   FRAME            dp → cp    mbuf: whole ARP, NDP or ICMP frame, m->port set
//   HELLO            dp → cp    mbuf, flow, listener, id: datagram with a ClientHello, cookie good
//   RECORD           dp → cp    mbuf, flow: datagram or record of a flow in handshake
//   PLAIN_RECORD     dp → cp    mbuf, flow, id, listener: authenticated handshake record, opened
//   INSTALLED        dp → cp    id, flow: the session is live
//   INSTALL_FAILED   dp → cp    session, flow: table full; the session is cp's again
//   SESSION_ENDED    dp → cp    session: it is cp's again; why: session->end, counters in it
//   HANDSHAKE_ENDED  dp → cp    flow: the lcore's own timer dropped it from the table
//   MEDIA            dp → cp    mbuf, flow, listener: STUN or RTP of a flow without a relay
//   RELAY_ENDED      dp → cp    relay: it is cp's again; with first, it was not installed
//   SESSION_INSTALL  cp → dp    session, flow
//   SESSION_REMOVE   cp → dp    flow, id, end: close_notify, then SESSION_ENDED
//   HANDSHAKE_REMOVE cp → dp    flow, id: no longer in handshake, unless by a later HELLO
//   RELAY_INSTALL    cp → dp    relay, with first
//   TX_FRAME         cp → dp    mbuf: whole frame to send on m->port
//   TX_RECORD        cp → dp    mbuf, flow, id, content_type: plaintext to seal for a session;
//                               front_len: what goes in front of it in the same datagram
//   INJECT           cp → dp    mbuf: whole frame, to be treated as if just received on m->port
//   HANDOFF          dp → dp    mbuf: whole frame received on m->port for the lcore's flow
//   HANDOFF_TX       dp → dp    mbuf: whole frame to send on m->port
//
// The mbufs of HELLO, RECORD and PLAIN_RECORD start at the first record header (PLAIN_RECORD: at
// the plaintext), that of MEDIA at the UDP payload.  The frame's headers still lie in the headroom
// of HELLO and RECORD, msg.l234_len bytes in front, so that cp can hand the frame back with INJECT;
// l234_len 0: they are gone.
enum msg_type {
	MSG_FRAME,
	MSG_HELLO,
	MSG_RECORD,
	MSG_PLAIN_RECORD,
	MSG_INSTALLED,
	MSG_INSTALL_FAILED,
	MSG_SESSION_ENDED,
	MSG_HANDSHAKE_ENDED,
	MSG_MEDIA,
	MSG_RELAY_ENDED,
	MSG_SESSION_INSTALL,
	MSG_SESSION_REMOVE,
	MSG_HANDSHAKE_REMOVE,
	MSG_RELAY_INSTALL,
	MSG_TX_FRAME,
	MSG_TX_RECORD,
	MSG_INJECT,
	MSG_HANDOFF,
	MSG_HANDOFF_TX,
};

#define MSG_QUEUE_SIZE 1024 // messages that wait for one handshake thread

struct msg {
	uint8_t type;	      // enum msg_type
	uint8_t content_type; // TX_RECORD, PLAIN_RECORD: enum dtls_content_type
	union {
		uint8_t end; // SESSION_REMOVE: enum session_end
		bool live;   // HELLO, MEDIA: the flow has a session; a HELLO's replaces it
	};
	uint8_t listener; // HELLO, PLAIN_RECORD, MEDIA: index in config.listener
	uint16_t lcore;	  // dp → cp: the sender
	union {
		uint16_t l234_len;  // HELLO, RECORD: bytes of frame headers in front of the data
		uint16_t front_len; // TX_RECORD: bytes of plain records in front of the plaintext,
				    // and then room for its header and explicit nonce
	};
	session_id id; // HELLO, HANDSHAKE_REMOVE: of the HELLO, new with each
	union {
		struct rte_mbuf *mbuf;
		struct session *session;
		struct relay *relay;
	};
	struct flow_key flow;
};
_Static_assert(sizeof(struct msg) == 64, "one cache line a message");

#endif
