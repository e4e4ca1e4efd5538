// SPDX-License-Identifier: BSD-3-Clause
#include "psk_file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/lhash.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_LEN 16 // bytes of a key
#define BLANKS	  " \t"

typedef struct psk_entry psk_entry; // the macro takes a single word
DEFINE_LHASH_OF(psk_entry);

struct psk_file {
	LHASH_OF(psk_entry) * entries;
	uint32_t key_len_nb[PSK_KEY_MAX + 1]; // entries with a key of so many bytes
};

// Where in a file a line is read.
struct place {
	const char *file;
	unsigned int line;
	const struct config *config;
	char *error;
	size_t error_len;
};

static int bad(const struct place *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Writes the error.  Returns -EINVAL.
static int bad(const struct place *at, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(at->error, at->error_len, "%s:%u: %s", at->file, at->line, text);
	return -EINVAL;
}

static unsigned long hash(const struct psk_entry *entry)
{
	return OPENSSL_LH_strhash(entry->identity);
}

static int compare(const struct psk_entry *a, const struct psk_entry *b)
{
	return strcmp(a->identity, b->identity);
}

static int hex_byte(const char *p)
{
	int high = OPENSSL_hexchar2int((unsigned char)p[0]);
	int low = high < 0 ? -1 : OPENSSL_hexchar2int((unsigned char)p[1]);

	return low < 0 ? -1 : high << 4 | low;
}

// Reads "..." at *p and moves *p behind it.
static int read_quoted(const struct place *at, const char **p, struct psk_entry *entry)
{
	const char *s = *p + 1;
	size_t len = 0;

	for (; *s != '"' && *s != '\0'; s++) {
		int byte = (unsigned char)*s;

		if (*s == '\\') {
			byte = s[1] == 'x' ? hex_byte(s + 2) : -1;
			if (byte <= 0)
				return bad(at, "\\ in an identity; expected \\xHH, not \\x00");
			s += 3;
		}
		if (len == PSK_IDENTITY_MAX)
			return bad(at, "identity too long; expected at most %d bytes",
				   PSK_IDENTITY_MAX);
		entry->identity[len++] = (char)byte;
	}
	if (*s != '"' || (s[1] != '\0' && strchr(BLANKS, s[1]) == NULL))
		return bad(at, "identity without its end; expected a closing \" before a blank");
	*p = s + 1;
	return 0;
}

static int read_identity(const struct place *at, const char **p, struct psk_entry *entry)
{
	size_t len = strcspn(*p, BLANKS);

	if (**p == '"')
		return read_quoted(at, p, entry);
	if (len > PSK_IDENTITY_MAX)
		return bad(at, "identity too long; expected at most %d bytes", PSK_IDENTITY_MAX);
	memcpy(entry->identity, *p, len);
	*p += len;
	return 0;
}

static int read_key(const struct place *at, const char **p, struct psk_entry *entry)
{
	size_t len = strcspn(*p, BLANKS);

	if (len == 0)
		return bad(at, "no key; expected IDENTITY KEY [BACKEND]");
	if (len % 2 != 0 || len > 2 * PSK_KEY_MAX)
		return bad(at, "key of %zu digits; expected an even number of 2 to %d", len,
			   2 * PSK_KEY_MAX);
	for (size_t i = 0; i < len; i += 2) {
		int byte = hex_byte(*p + i);

		if (byte < 0)
			return bad(at, "key is not hexadecimal; expected digits 0 to 9 and a to f");
		entry->key[i / 2] = (uint8_t)byte;
	}
	entry->key_len = (uint8_t)(len / 2);
	*p += len;
	return 0;
}

static int read_backend(const struct place *at, const char *name, struct psk_entry *entry)
{
	entry->backend = CONFIG_BACKEND_NONE;
	if (*name == '\0')
		return 0;
	for (uint16_t i = 0; i < at->config->backend_nb; i++) {
		if (strcmp(at->config->backend[i].name, name) == 0) {
			entry->backend = i;
			return 0;
		}
	}
	return bad(at, "\"%.64s\" is unknown; expected a name from backends", name);
}

static int read_entry(const struct place *at, char *text, struct psk_entry *entry)
{
	const char *p = text;
	char *end = text + strlen(text);
	uint8_t digest[EVP_MAX_MD_SIZE];
	int rc;

	while (end > text && strchr(BLANKS "\r\n", end[-1]) != NULL)
		*--end = '\0';
	rc = read_identity(at, &p, entry);
	if (rc == 0) {
		p += strspn(p, BLANKS);
		rc = read_key(at, &p, entry);
	}
	if (rc == 0)
		rc = read_backend(at, p + strspn(p, BLANKS), entry);
	if (rc == 0 &&
	    EVP_Digest(entry->key, entry->key_len, digest, NULL, EVP_sha256(), NULL) != 1)
		rc = -EIO;
	if (rc == 0)
		memcpy(entry->digest, digest, sizeof(entry->digest));
	return rc;
}

static void entry_free(struct psk_entry *entry)
{
	OPENSSL_clear_free(entry, sizeof(*entry));
}

static int add(struct psk_file *psk, const struct place *at, char *text)
{
	struct psk_entry *entry = OPENSSL_zalloc(sizeof(*entry));
	struct psk_entry *other;
	int rc = -ENOMEM;

	if (entry == NULL)
		goto out;
	entry->line = at->line;
	rc = read_entry(at, text, entry);
	if (rc < 0)
		goto out;
	other = lh_psk_entry_retrieve(psk->entries, entry);
	if (other != NULL) {
		rc = bad(at, "the identity stands in line %u too; expected it once", other->line);
		goto out;
	}
	lh_psk_entry_insert(psk->entries, entry);
	rc = -ENOMEM;
	if (lh_psk_entry_error(psk->entries))
		goto out;
	psk->key_len_nb[entry->key_len]++;
	return 0;
out:
	if (entry != NULL)
		entry_free(entry);
	return rc;
}

static int add_all(struct psk_file *psk, struct place *at, FILE *f)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;

	while (rc == 0 && (len = getline(&text, &size, f)) >= 0) {
		char *start = text + strspn(text, BLANKS);

		at->line++;
		if (strlen(text) != (size_t)len)
			rc = bad(at, "NUL byte; expected text without it");
		else if (strchr("#\r\n", *start) == NULL)
			rc = add(psk, at, start);
	}
	if (rc == 0 && ferror(f))
		rc = errno != 0 ? -errno : -EIO;
	if (text != NULL)
		explicit_bzero(text, size);
	free(text);
	return rc;
}

struct psk_file *psk_file_load(const char *file, const struct config *config, char *error,
			       size_t error_len)
{
	struct place at = {.file = file, .config = config, .error = error, .error_len = error_len};
	struct psk_file *psk = NULL;
	FILE *f;
	int rc = 0;

	errno = 0;
	f = fopen(file, "r");
	if (f == NULL) {
		rc = -errno;
		goto out;
	}
	psk = calloc(1, sizeof(*psk));
	rc = -ENOMEM;
	if (psk == NULL)
		goto out;
	psk->entries = lh_psk_entry_new(hash, compare);
	if (psk->entries != NULL)
		rc = add_all(psk, &at, f);
out:
	if (f != NULL)
		fclose(f);
	if (rc == 0)
		return psk;
	if (rc != -EINVAL)
		snprintf(error, error_len, "%s:%u: %s; expected a readable file of identities",
			 file, at.line > 0 ? at.line : 1, strerror(-rc));
	psk_file_destroy(psk);
	errno = -rc;
	return NULL;
}

void psk_file_destroy(struct psk_file *psk)
{
	if (psk == NULL)
		return;
	if (psk->entries != NULL) {
		lh_psk_entry_doall(psk->entries, entry_free);
		lh_psk_entry_free(psk->entries);
	}
	free(psk);
}

const struct psk_entry *psk_file_find(const struct psk_file *psk, const char *identity)
{
	struct psk_entry key;

	if (strlen(identity) > PSK_IDENTITY_MAX)
		return NULL;
	strcpy(key.identity, identity);
	return lh_psk_entry_retrieve(psk->entries, &key);
}

size_t psk_file_count(const struct psk_file *psk)
{
	return lh_psk_entry_num_items(psk->entries);
}

uint8_t psk_file_usual_len(const struct psk_file *psk)
{
	uint8_t usual = USUAL_LEN;

	for (uint8_t len = 0; len <= PSK_KEY_MAX; len++)
		if (psk->key_len_nb[len] > psk->key_len_nb[usual])
			usual = len;
	return usual;
}
