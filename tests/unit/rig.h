// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_RIG_H
#define DTLSGW_RIG_H

#include "dp.h"
#include "lcore.h"
#include "nic.h"

// A data plane between two ports in memory, polled by hand: frames put on a wire are received at
// the next rig_poll(), frames sent can be taken off the other one.  EAL is started once a process.

#define RIG_OUTSIDE 0
#define RIG_INSIDE  1

#define RIG_CLIENT     "198.51.100.2"
#define RIG_GATEWAY    "198.51.100.1"
#define RIG_CLIENT6    "2001:db8:1::2"
#define RIG_GATEWAY6   "2001:db8:1::1"
#define RIG_BACKEND    "192.0.2.2"
#define RIG_INSIDE_IP  "192.0.2.1"
#define RIG_BACKEND6   "2001:db8:2::2"
#define RIG_INSIDE_IP6 "2001:db8:2::1"

#define RIG_CLIENT_PORT	 40000
#define RIG_LISTEN_PORT	 4433
#define RIG_BACKEND_PORT 7
#define RIG_NAT_PORT	 20000
#define RIG_RELAYS	 8 // that there may be, once a listener has media

struct rig {
	struct config config;
	struct dp *dp;
	struct rte_ring *to_gateway[2];
	struct rte_ring *from_gateway[2];
	struct aead *aead;  // of the client's side
	unsigned int mbufs; // free at the start, and again before the stop
	struct cookie_secrets secrets;
	bool rss; // the ports are nic[]
	struct nic nic[2];
};

// One association as both ends know it.
struct rig_session {
	struct session *session; // the gateway's
	struct flow_key flow;
	struct traffic_keys keys;
	struct aead_key client_key; // seals what the client sends
	struct aead_key server_key; // opens what it receives
	uint64_t seq;		    // the client's next
};

void rig_start(struct rig *rig, uint16_t lcores);

// The same between ports that have a queue for each lcore, at most NIC_QUEUES, and RSS.
void rig_start_rss(struct rig *rig, uint16_t lcores);
void rig_stop(struct rig *rig);

// A good UDP frame for one side of the gateway, addresses as text of one family.
struct rte_mbuf *rig_udp(struct rig *rig, int side, const char *src, uint16_t src_port,
			 const char *dst, uint16_t dst_port, const void *payload, uint16_t len);

// A frame of any bytes.
struct rte_mbuf *rig_frame(struct rig *rig, const void *bytes, uint16_t len);

// Takes all free mbufs out of the pool, as a list, and gives them back.
struct rte_mbuf *rig_take_mbufs(struct rig *rig);
void rig_give_mbufs(struct rte_mbuf *list);

// A UDP datagram of up to 16 KB from the outside comes in IP fragments that fit 1500 bytes.
void rig_put_fragments(struct rig *rig, const char *src, uint16_t src_port, const char *dst,
		       const void *payload, uint16_t len);

void rig_put(struct rig *rig, int side, struct rte_mbuf *m);

// Polls every lcore so often that whatever was put or sent has come to its end.
void rig_poll(struct rig *rig);

// The next frame sent on a side, or NULL.
struct rte_mbuf *rig_take(struct rig *rig, int side);

// The next message to cp, or false.
bool rig_message(struct rig *rig, struct msg *msg);

// Sum over lcores.
uint64_t rig_drops(const struct rig *rig, enum drop reason);

// Fails the test unless everything that came in is accounted for.
void rig_check_balance(const struct rig *rig);

// The client's flow to the listener.
struct flow_key rig_flow(const struct rig *rig, uint16_t client_port);

// Builds a session with fixed keys for client_port and nat_port and installs it on its lcore.
void rig_install(struct rig *rig, struct rig_session *rs, uint16_t client_port, uint16_t nat_port);

// The same on an lcore of one's choice.
void rig_install_on(struct rig *rig, struct rig_session *rs, uint16_t client_port,
		    uint16_t nat_port, uint16_t lcore);

// The same with another suite than AES-128-GCM.
void rig_install_suite(struct rig *rig, struct rig_session *rs, uint16_t client_port,
		       uint16_t nat_port, enum aead_suite suite);

// The client seals a record with sequence number seq.  Returns its length in bytes.
uint16_t rig_seal(struct rig *rig, struct rig_session *rs, uint8_t type, uint16_t epoch,
		  uint64_t seq, const void *plain, uint16_t len, uint8_t *out);

// The client opens a record of the gateway.  Returns the plaintext's length, -1 if it does not
// authenticate.
int rig_open(struct rig *rig, struct rig_session *rs, const uint8_t *record, uint16_t len,
	     struct record *rec, uint8_t *plain);

// Takes the next message, which must say that rs ended so.
void rig_expect_ended(struct rig *rig, const struct rig_session *rs, enum session_end end);

// A datagram of the client with payload as it stands.
struct rte_mbuf *rig_from_client(struct rig *rig, uint16_t client_port, const void *payload,
				 uint16_t len);
// A datagram of the backend.
struct rte_mbuf *rig_from_backend(struct rig *rig, uint16_t nat_port, const void *payload,
				  uint16_t len);

// UDP payload of an IPv4 frame the gateway sent.
const uint8_t *rig_payload(struct rte_mbuf *m, uint16_t *len);

#endif
