// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_ATTEMPT_H
#define DTLSGW_ATTEMPT_H

#include "lab.h"
#include "wire.h"

// A client of failure_lab whose handshake comes to nothing, step by step.  What ends it returns the
// description of the alert that it got, FAILURE_NO_ALERT if none.
extern struct lab_client attempt;

void attempt_start(const char *ciphers); // on LAB_PORT
void attempt_start_on(uint16_t port, const char *ciphers);

// The client is gone, without a word.
int attempt_stop(void);

// The whole handshake, which must fail.
int attempt_refused(void);

// As if the time of all handshakes were over.
int attempt_expire(void);

// Steps until so many datagrams of the gateway have come and the client's answer waits in out.
void attempt_hold(uint16_t received);

// Lets go what was held, and the client take the answer.
int attempt_let_go(void);

// The first held handshake message of that type, its header included; *record: the record it is in.
struct wire_reader attempt_find(uint8_t type, uint8_t **record);

// Sends a record of epoch 0 in place of what is held; message 0: it is no handshake message.
void attempt_inject(uint8_t type, uint8_t message, uint16_t message_seq, const void *body,
		    uint8_t len);

#endif
