// SPDX-License-Identifier: BSD-3-Clause
#include "ticket_keys.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "secret_file.h"

#define DIGITS (2 * sizeof(struct ticket_key))
#define IV_LEN 16 // bytes, of AES

static int read_key(const char *text, size_t len, struct ticket_key *key)
{
	uint8_t *byte = (uint8_t *)key;

	if (len != DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < DIGITS; i += 2) {
		int high = OPENSSL_hexchar2int((unsigned char)text[i]);
		int low = OPENSSL_hexchar2int((unsigned char)text[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		byte[i / 2] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

// Returns NULL, or what is wrong in line *line.
static const char *read_all(struct ticket_keys *keys, struct secret_file *f, unsigned int *line)
{
	const char *wrong = NULL, *text;
	size_t len;

	while (wrong == NULL && (text = secret_file_line(f, &len)) != NULL) {
		len = strcspn(text, " \t\r");

		++*line;
		if (text[0] == '#' || len == 0)
			continue;
		if (keys->nb == TICKET_KEYS_MAX)
			wrong = "third key; expected at most two";
		else if (read_key(text, len, &keys->key[keys->nb]) != 0)
			wrong = "no key; expected 160 hexadecimal digits, as openssl rand -hex 80 "
				"prints";
		else
			keys->nb++;
	}
	if (wrong == NULL && keys->nb == 0)
		wrong = "no key; expected one or two";
	return wrong;
}

int ticket_keys_load(struct ticket_keys *keys, const char *file, char *error, size_t error_len)
{
	struct ticket_keys read = {.nb = 0};
	const char *wrong = NULL;
	struct secret_file f;
	unsigned int line = 0;
	int rc = secret_file_read(&f, file);

	if (rc == 0)
		wrong = read_all(&read, &f, &line);
	if (wrong != NULL) {
		snprintf(error, error_len, "%s:%u: %s", file, line > 0 ? line : 1, wrong);
		rc = -EINVAL;
	} else if (rc != 0) {
		snprintf(error, error_len, "%s:1: %s; expected a readable file of ticket keys",
			 file, strerror(-rc));
	} else {
		*keys = read;
	}
	secret_file_wipe(&f);
	explicit_bzero(&read, sizeof(read));
	return rc;
}

int ticket_keys_rotate(struct ticket_keys *keys)
{
	struct ticket_key key;

	if (RAND_bytes((uint8_t *)&key, sizeof(key)) != 1)
		return -EIO;
	memmove(&keys->key[1], &keys->key[0], (TICKET_KEYS_MAX - 1) * sizeof(key));
	keys->key[0] = key;
	if (keys->nb < TICKET_KEYS_MAX)
		keys->nb++;
	explicit_bzero(&key, sizeof(key));
	return 0;
}

static EVP_CIPHER *cbc; // fetched once, kept until the program ends

static void fetch_cbc(void)
{
	cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
}

static bool set_up(const struct ticket_key *key, const uint8_t *iv, bool seal,
		   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac,
						  sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	pthread_once(&once, fetch_cbc);
	return cbc != NULL && EVP_CipherInit_ex2(cipher, cbc, key->cipher, iv, seal, NULL) == 1 &&
	       EVP_MAC_CTX_set_params(mac, params) == 1;
}

int ticket_keys_seal(const struct ticket_keys *keys, uint8_t *name, uint8_t *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct ticket_key *key = &keys->key[0];

	if (keys->nb == 0 || RAND_bytes(iv, IV_LEN) != 1)
		return -1;
	memcpy(name, key->name, sizeof(key->name));
	return set_up(key, iv, true, cipher, mac) ? 1 : -1;
}

int ticket_keys_open(const struct ticket_keys *keys, const uint8_t *name, const uint8_t *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	for (uint16_t i = 0; i < keys->nb; i++) {
		const struct ticket_key *key = &keys->key[i];

		if (memcmp(key->name, name, sizeof(key->name)) == 0)
			return !set_up(key, iv, false, cipher, mac) ? -1 : i == 0 ? 1 : 2;
	}
	return 0;
}
