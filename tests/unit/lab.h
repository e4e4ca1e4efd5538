// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_LAB_H
#define DTLSGW_LAB_H

#include <openssl/ssl.h>

#include "rig.h"

// Of the data plane's folder; here it is the control plane's.
#undef LOG_TYPE
#include "cp.h"

// The control plane on a rig, with OpenSSL clients outside and a backend's ear inside, all in one
// thread: lab_pump() moves what there is to move and turns the handshake workers.  The environment
// variable HANDSHAKES says how many of those there are; one without it.

#define LAB_CLIENT_MAX	 16
#define LAB_MANY	 4 // clients of a test with many of them
#define LAB_DATAGRAM_MAX 4096
#define LAB_QUEUE_MAX	 128
#define LAB_FILE_MAX	 16
#define LAB_PORT	 40000 // of the first client
#define LAB_ECDSA	 "ECDHE-ECDSA-AES128-GCM-SHA256"
#define LAB_PATIENCE_MS	 40000
#define LAB_EARLY_MAX	 64 // datagrams held for all handshakes

// All that the gateway can do.
#define LAB_SUITES                                                                                 \
	"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM:DHE+aRSA+AESGCM:DHE+aRSA+CHACHA20:"              \
	"DHE+aRSA+AESCCM"

struct lab_queue {
	uint16_t nb;
	struct lab_datagram {
		uint16_t len;
		uint8_t bytes[LAB_DATAGRAM_MAX];
	} datagram[LAB_QUEUE_MAX];
};

struct lab_client {
	struct lab *lab;
	SSL_CTX *ctx;
	SSL *ssl;
	const char *address; // RIG_CLIENT, unless a test gives it another of that network
	uint16_t port;
	bool lossy;	   // its timer runs; else only where lose and the like say that it must
	bool steady;	   // the same, and it does not back off
	bool hold;	   // what the client sends stays in out
	uint32_t lose;	   // bit n: the gateway's datagram n to the client is lost
	uint32_t lose_out; // bit n: the client's datagram n is lost
	uint16_t sent;	   // datagrams of the client, lost ones included
	uint16_t path_max; // the gateway's datagrams over so many bytes are lost; 0: none
	uint16_t received; // datagrams of the gateway, lost ones included
	struct lab_queue in, out;
	struct lab_queue seen;		    // everything the gateway sent to the client
	const char *psk_identity, *psk_key; // of lab_psk()
	char psk_hint[32];		    // the gateway's, cut
};

struct lab {
	struct rig rig;
	struct cp cp;
	char dir[64];		      // of the certificates and other files
	char path[LAB_FILE_MAX][128]; // of lab_file()
	struct event *tick;
	struct lab_client *client[LAB_CLIENT_MAX];
	struct lab_queue backend;		 // payloads that came to the backend
	uint16_t nat_port;			 // source port of the last of them
	uint16_t backend_port;			 // its destination port
	unsigned int mbufs, sessions, nat_ports; // free at the start
	uint64_t references;			 // of neighbours at the start
};

// The oldest datagram is datagram[0].
void lab_queue_put(struct lab_queue *q, const void *bytes, size_t len);
void lab_queue_shift(struct lab_queue *q);

void lab_start(struct lab *lab);

// The same with a configuration that edit has changed before it is used.
void lab_start_edited(struct lab *lab, void (*edit)(struct lab *lab));

void lab_stop(struct lab *lab);

// Makes the listener's certificates anew from their files, the first followed by nb more, some 700
// bytes each.
void lab_chain(struct lab *lab, unsigned int nb);

// Writes a file into lab->dir; lab_stop() removes it.  Returns its name, which lives as long.
char *lab_file(struct lab *lab, const char *name, const char *text);

// A client with a cipher list on a port of its own.
void lab_client_start(struct lab *lab, struct lab_client *c, uint16_t port, const char *ciphers);
// Begins anew with what the test has changed in c->ctx.
void lab_client_renew(struct lab_client *c);

// Gives the client a pre-shared key, in hex; both texts outlive the handshake.
void lab_psk(struct lab_client *c, const char *identity, const char *key);

void lab_client_stop(struct lab_client *c);

// Moves datagrams, messages and due timers until nothing moves any more.  Workers with threads of
// their own are left to them.
void lab_pump(struct lab *lab);

// Gives cp a message of the lcore, and turns the workers until it is handled.
void lab_dispatch(struct lab *lab, const struct msg *msg);

// The handshake worker of the client on that port, and the first port from from on that is a
// worker's.
uint16_t lab_worker_of(const struct lab *lab, uint16_t port);
uint16_t lab_port_of(const struct lab *lab, uint16_t worker, uint16_t from);

// Gives cp all messages that wait.  True if there were any.
bool lab_dispatch_all(struct lab *lab);

// The oldest handshake of the first worker that has one, NULL if there is none.
struct handshake *lab_handshake_first(const struct lab *lab);

// Pumps, steps the client and waits for timers until its handshake is done.  False if it failed
// or is not done in ms milliseconds.
bool lab_handshake(struct lab_client *c, unsigned int ms);

// One step of the client's handshake: its SSL error.
int lab_step(struct lab_client *c);

// As if ms had passed since the handshakes began; their timers do not notice.
void lab_age(struct lab *lab, unsigned int ms);

// The time of all handshakes is over.
void lab_expire(struct lab *lab);

// Fills the ring to the lcore.
void lab_fill_ring(struct lab *lab);

// cmocka's set-up and tear-down; the test's state is its lab.
int lab_set_up(void **state);
int lab_tear_down(void **state);

// Waits for the next timer event, at most some 10 ms.
void lab_wait(struct lab *lab);

// The client puts payload, as it stands, on the wire.
void lab_inject(struct lab_client *c, const void *payload, uint16_t len);

// Steps the client until its last flight waits in out, with hold set.
void lab_last_flight(struct lab_client *c);

// The same for a flight with a ChangeCipherSpec, however many datagrams of the gateway come before.
void lab_hold_finished(struct lab_client *c);

// Lets the held Finished go, which the gateway does not take, and the handshake's time be over.
// The client's errors stay in OpenSSL's queue.
void lab_fail_finished(struct lab_client *c);

// Seals a record of the client, as it could be sent out of turn; lab_seal() one of application
// data. Returns its length.
uint16_t lab_seal(struct lab_client *c, uint64_t seq, const char *text, uint8_t *out);
uint16_t lab_seal_as(struct lab_client *c, uint8_t type, uint64_t seq, const void *plain,
		     uint16_t len, uint8_t *out);

// Client to backend and back, through the data plane.
void lab_check_echo(struct lab_client *c, const char *text);

// The client closes; waits until the session is gone.
void lab_close(struct lab_client *c);

// Checks the nonces, closes, and stops the client.
void lab_finish(struct lab_client *c);

// Fails unless no handshake and no session is left and every pool is as full as at the start.
void lab_check_idle(struct lab *lab);

// Fails unless every record of epoch 1 that the gateway sent to the client opens, carries epoch
// and sequence number as explicit nonce where the suite has one, and no number, so no nonce, came
// twice.  Returns how many there are.
unsigned int lab_check_nonces(struct lab_client *c);

// Of all workers, as they are now.
const struct handshake_stats *lab_stats(const struct lab *lab);

#endif
