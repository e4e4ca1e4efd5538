// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TICKET_KEYS_H
#define DTLSGW_TICKET_KEYS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKET_KEY_NAME_LEN 16
#define TICKET_KEY_LEN	    32
#define TICKET_KEYS_MAX	    2

// What tickets are sealed with (RFC 5077 section 4): AES-256-CBC, then HMAC-SHA-256.
struct ticket_key {
	uint8_t name[TICKET_KEY_NAME_LEN]; // stands in the ticket
	uint8_t cipher[TICKET_KEY_LEN];
	uint8_t mac[TICKET_KEY_LEN];
};
_Static_assert(sizeof(struct ticket_key) == 80, "a line of 160 digits in a file");

// New tickets get key[0]; the others open what was sealed before.  Who fills one wipes it.
struct ticket_keys {
	uint16_t nb;
	struct ticket_key key[TICKET_KEYS_MAX];
};

// Reads one or two keys: a line of 160 hexadecimal digits each, the current one first; empty lines
// and lines that start with # say nothing.  On failure writes "FILE:LINE: what is wrong; what is
// expected" to error and returns -errno with *keys as it was.
int ticket_keys_load(struct ticket_keys *keys, const char *file, char *error, size_t error_len);

// Puts a random key in front; the last one goes.  Returns 0 or, with *keys as it was, -EIO.
int ticket_keys_rotate(struct ticket_keys *keys);

// Sets the contexts up to seal a ticket: name and iv are written.  Returns 1, or -1 on failure.
int ticket_keys_seal(const struct ticket_keys *keys, uint8_t *name, uint8_t *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);

// Sets the contexts up to open a ticket with that name and iv.  Returns 1; 2 if it should be
// sealed anew with the current key; 0 if there is no such key (any more); -1 on failure.
int ticket_keys_open(const struct ticket_keys *keys, const uint8_t *name, const uint8_t *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);

#endif
