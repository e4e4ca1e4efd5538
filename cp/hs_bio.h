// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_HS_BIO_H
#define DTLSGW_HS_BIO_H

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <rte_mempool.h>

#include "dgram_bio.h"
#include "dtls.h"
#include "record.h"
#include "session.h"
#include "session_dir.h"
#include "session_pool.h"

#define HS_FLIGHT_MAX  64   // datagrams of one flight
#define HS_PAYLOAD_MAX 1400 // bytes of UDP payload in a handshake datagram; some stacks stop there

// Flights that are lost again and again may be too large for the path (RFC 6347 section 4.1.1.1).
// Retransmissions 1 and 2 of a flight are as large as it was, the next has datagrams of at most the
// first size, the others of the second: what every IPv4 host can take (RFC 791 section 3.1).
#define HS_FULL_RETRANSMISSIONS 2
#define HS_PAYLOAD_FALLBACK	1200
#define HS_PAYLOAD_IPV4		(576 - 28)

// Between one SSL and the network, with datagram semantics.
//
// Reading: what is offered to dgram is one record.
//
// Writing: records gather in flight, as many to a datagram as fit dgram.mtu.  Without an mbuf a
// record of epoch 0 is lost as if on the way; a flight that needs too many datagrams is an error.
// Their sequence numbers are ours: in epoch 0 they go on from the ClientHello's, so that none is
// that of a HelloVerifyRequest (OpenSSL 3.5 would start again at 1); in epoch 1 they are
// session->tx.seq, and the record is opened and sealed again, so that its explicit nonce is epoch
// and sequence number.
struct hs_bio {
	struct dgram_bio dgram;
	struct rte_mempool *pool; // of flight's mbufs
	struct aead *aead;
	const SSL *ssl;		       // whose keys they are; NULL: none will be made
	struct session_pool *sessions; // of session
	uint8_t node;		       // in it, of the lcore
	uint32_t replay_window;	       // records
	int keys_error;		       // of hs_bio_keys() in a write, or 0
	bool write_failed;	       // for whatever reason
	bool flight_full;	       // for this one: the flight needs more than HS_FLIGHT_MAX
	struct session *session;       // has the keys; NULL until they exist
	bool fatal_alert;	       // the client's, in epoch 1
	uint16_t unanswered;	       // retransmissions of this flight
	uint32_t retransmit_us;
	uint64_t epoch0_seq; // of the next record
	uint16_t flight_nb;
	struct rte_mbuf *flight[HS_FLIGHT_MAX]; // data is the UDP payload
	uint8_t *ticket; // records of our NewSessionTicket, plain; NULL: none.  Whoever takes it
			 // frees it
	uint32_t ticket_len; // bytes
	uint8_t finished_len;
	uint8_t finished[LAST_FLIGHT_FINISHED_MAX]; // our Finished, plain
};

// Returns a BIO on h, NULL if there is no memory.  h outlives it.
BIO *hs_bio_new(struct hs_bio *h);

// For DTLS_set_timer_cb() on an SSL with this BIO: microseconds until the flight is sent again,
// from h->retransmit_us doubling to a minute (RFC 6347 section 4.2.4.1).  Before a retransmission
// that is to be smaller, lowers h->dgram.mtu and the SSL's.
unsigned int hs_bio_timer(SSL *ssl, unsigned int us);

// Makes h->session, unless it is there.  Returns 0, -EAGAIN: no master secret yet, -ENOMEM: no
// session left, or what keyblock_derive() says.  In a resumption the first write of epoch 1 does
// it.
int hs_bio_keys(struct hs_bio *h);

// Opens a copy of the client's record of epoch 1 with h->session.  True if it authenticates and is
// fresh; it is then entered in the session's replay window, and a fatal alert noted.  What does not
// authenticate counts against the session's limit, at which nothing is opened any more (RFC 9147
// section 4.5.3).
bool hs_bio_accept(struct hs_bio *h, const uint8_t *record, uint16_t len);

// Replaces the flight by a fatal alert: sealed if the client has our Finished, in the clear if not.
void hs_bio_alert(struct hs_bio *h, enum dtls_alert_description description);

// Frees the flight's mbufs.
void hs_bio_discard(struct hs_bio *h);

#endif
