// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_ECHO_H
#define GEN_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A DTLS 1.2 server that sends every application record back, to compare dtlsgw with: one thread,
// one socket, datagrams received and sent in batches, as many associations as there are clients.
// echo.c does the sockets and echo_LIBRARY.c the DTLS.

#define ECHO_MTU       1452  // bytes of UDP payload
#define ECHO_PLAIN_MAX 16384 // bytes of one record's plaintext

// One association.  The library's.
struct echo_peer;

// Prepares the server with PEM files.  False after a message.
bool echo_open(const char *certificate, const char *key);

// NULL if there is no memory.
struct echo_peer *echo_peer_create(void);
void echo_peer_destroy(struct echo_peer *p);

// Takes a datagram of a peer with echo_read() and answers what is in it with echo_write().  False
// if the association is over.
bool echo_datagram(struct echo_peer *p);

// For the library.  Reads the datagram that is being handled, as far as there is room, and returns
// its length; 0: it was read.
size_t echo_read(void *data, size_t room);

// For the library: true if the datagram was not read yet.
bool echo_readable(void);

// For the library: sends a datagram to the peer whose datagram is being handled.
void echo_write(const void *data, size_t len);

#endif
