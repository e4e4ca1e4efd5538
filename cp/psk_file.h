// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PSK_FILE_H
#define DTLSGW_PSK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

// The pre-shared keys of one file, by identity.  A line each:
//
//   IDENTITY KEY [BACKEND]
//
// IDENTITY has no blanks, or stands in double quotes, between which \xHH is any byte; KEY is
// hexadecimal; BACKEND is a name from the configuration.  Empty lines and lines that start with #
// say nothing.

#define PSK_IDENTITY_MAX 128 // bytes (RFC 4279 section 5.3 asks for as many)
#define PSK_KEY_MAX	 64  // bytes (the same)
#define PSK_DIGEST_LEN	 16

// One line.  Const once the file is loaded.
struct psk_entry {
	uint16_t backend; // index in config.backend, or CONFIG_BACKEND_NONE
	uint8_t key_len;
	uint8_t key[PSK_KEY_MAX];	// zeros behind it
	uint8_t digest[PSK_DIGEST_LEN]; // of the key: a session made with another is not resumed
	unsigned int line;
	char identity[PSK_IDENTITY_MAX + 1]; // zeros behind it
};

// Const once loaded, shared by reference.
struct psk_file;

// Reads and checks file.  On failure writes "FILE:LINE: what is wrong; what is expected" to error
// and returns NULL with errno set.
struct psk_file *psk_file_load(const char *file, const struct config *config, char *error,
			       size_t error_len);

// Another reference; NULL is fine.
struct psk_file *psk_file_ref(struct psk_file *psk);

// Gives a reference back; the last one wipes the keys.  NULL is fine.
void psk_file_release(struct psk_file *psk);

// NULL if the identity is unknown.
const struct psk_entry *psk_file_find(const struct psk_file *psk, const char *identity);

// Writes the identity's key.  For an unknown identity that is a key which nobody has, of the length
// of some entry's, the same entry each time; and the work is the same (RFC 4279 section 2).
// Returns true if the identity is known; sets *key_len, 0 if there is no memory.
bool psk_file_key(const struct psk_file *psk, const char *identity, uint8_t key[PSK_KEY_MAX],
		  uint8_t *key_len);

// How many identities there are.
size_t psk_file_count(const struct psk_file *psk);

#endif
