// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SEALED_FILE_H
#define DTLSGW_SEALED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ticket_keys.h"

// A file of records that only who has the ticket keys can read, and in which any change shows, but
// for whole records that are missing at its end:
//
//   8 bytes   magic
//   16 bytes  name of the ticket key
//   32 bytes  random salt
//   records   length of the plaintext (4 bytes, big-endian), AES-256-GCM ciphertext, tag (16 bytes)
//
// A file has a key of its own, made of ticket key and salt by HKDF-SHA-256 (RFC 5869).  The nonce
// is the record's number, from 0; the length is authenticated too.

#define SEALED_FILE_RECORD_MAX 65536 // bytes of plaintext

// A file that is being written.
struct sealed_file;

// Begins FILE.new, mode 0600, in place of one that may be there.  Returns NULL with errno set.
struct sealed_file *sealed_file_create(const char *file, const struct ticket_key *key);

// Adds a record of at least a byte.  Returns 0 or, and then the file is of no more use, -errno.
int sealed_file_add(struct sealed_file *f, const void *record, size_t len);

// Hands what was added to the kernel.  Returns as above.
int sealed_file_flush(struct sealed_file *f);

// Flushes and gives the file its name, in place of another; durable: once it is on the disk, which
// takes time.  Records can still be added.  Returns as above.
int sealed_file_commit(struct sealed_file *f, bool durable);

// What was not committed is removed, what was added since is flushed.  NULL is fine.
void sealed_file_close(struct sealed_file *f);

// Gives every record to take(), in its order, until that returns something else than 0.  Returns 0,
// what take() returned, -ENOENT: there is none, -EBADMSG: not such a file or not whole, -ENOKEY:
// none of keys sealed it, or another -errno.
int sealed_file_read(const char *file, const struct ticket_keys *keys,
		     int (*take)(void *arg, const uint8_t *record, size_t len), void *arg);

#endif
