// SPDX-License-Identifier: BSD-3-Clause
#include "psk_file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "secret_file.h"

#define NOBODYS_LEN 16 // bytes of nobody's key if there are no entries
#define BLANKS	    " \t"

// Where an identity stands among the others: the start of its digest.
typedef unsigned __int128 place_t;

struct item {
	place_t at;
	struct psk_entry entry;
};

struct psk_file {
	atomic_uint references;
	size_t nb, room;
	struct item *item; // while it is loaded in the file's order, then in that of at
	place_t *at;	   // of the items, close together for the search
	EVP_MD *sha256;
	uint8_t nobody[PSK_KEY_MAX]; // an unknown identity's key
};

// The line that is read.
struct line {
	const char *file;
	unsigned int nb;
	const struct config *config;
	char *error;
	size_t error_len;
};

static int bad(const struct line *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Writes the error.  Returns -EINVAL.
static int bad(const struct line *at, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(at->error, at->error_len, "%s:%u: %s", at->file, at->nb, text);
	return -EINVAL;
}

static int hex_byte(const char *p)
{
	int high = OPENSSL_hexchar2int((unsigned char)p[0]);
	int low = high < 0 ? -1 : OPENSSL_hexchar2int((unsigned char)p[1]);

	return low < 0 ? -1 : high << 4 | low;
}

// Reads "..." at *p and moves *p behind it.
static int read_quoted(const struct line *at, const char **p, struct psk_entry *entry)
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

static int read_identity(const struct line *at, const char **p, struct psk_entry *entry)
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

static int read_key(const struct line *at, const char **p, struct psk_entry *entry)
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

static int read_backend(const struct line *at, const char *name, struct psk_entry *entry)
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

// Sets digest to the first len bytes of SHA-256.  Returns 0 or -ENOMEM.
static int digest(const struct psk_file *psk, const void *bytes, size_t len, void *start,
		  size_t start_len)
{
	uint8_t whole[EVP_MAX_MD_SIZE];

	if (EVP_Digest(bytes, len, whole, NULL, psk->sha256, NULL) != 1)
		return -ENOMEM;
	memcpy(start, whole, start_len);
	return 0;
}

static int read_entry(const struct line *at, char *text, struct psk_entry *entry)
{
	const char *p = text;
	char *end = text + strlen(text);
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
	return rc;
}

// Room for one more item, zeroed; NULL if there is no memory.
static struct item *next(struct psk_file *psk)
{
	size_t room = psk->room != 0 ? 2 * psk->room : 64;
	struct item *item;

	if (psk->nb == psk->room) {
		item = OPENSSL_clear_realloc(psk->item, psk->room * sizeof(*item),
					     room * sizeof(*item));
		if (item == NULL)
			return NULL;
		psk->item = item;
		psk->room = room;
	}
	item = &psk->item[psk->nb];
	memset(item, 0, sizeof(*item));
	return item;
}

static int add(struct psk_file *psk, const struct line *at, char *text)
{
	struct item *item = next(psk);
	struct psk_entry *entry;
	int rc;

	if (item == NULL)
		return -ENOMEM;
	entry = &item->entry;
	entry->line = at->nb;
	psk->nb++;
	rc = read_entry(at, text, entry);
	if (rc == 0)
		rc = digest(psk, entry->key, entry->key_len, entry->digest, sizeof(entry->digest));
	if (rc == 0)
		rc = digest(psk, entry->identity, strlen(entry->identity), &item->at,
			    sizeof(item->at));
	return rc;
}

static int add_all(struct psk_file *psk, struct line *at, struct secret_file *f)
{
	char *text;
	size_t len;
	int rc = 0;

	while (rc == 0 && (text = secret_file_line(f, &len)) != NULL) {
		char *start = text + strspn(text, BLANKS);

		at->nb++;
		if (strlen(text) != len)
			rc = bad(at, "NUL byte; expected text without it");
		else if (strchr("#\r", *start) == NULL)
			rc = add(psk, at, start);
	}
	return rc;
}

static int compare(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->entry.line < y->entry.line ? -1 : 1;
}

// Puts the items in order.  qsort() would leave what it sorts in freed memory, so it gets pointers.
static int reorder(struct psk_file *psk)
{
	const struct item **order = calloc(psk->nb, sizeof(*order));
	struct item *sorted = OPENSSL_malloc(psk->nb * sizeof(*sorted));

	if (order == NULL || sorted == NULL) {
		free(order);
		OPENSSL_free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < psk->nb; i++)
		order[i] = &psk->item[i];
	qsort(order, psk->nb, sizeof(*order), compare);
	for (size_t i = 0; i < psk->nb; i++)
		sorted[i] = *order[i];
	free(order);
	OPENSSL_clear_free(psk->item, psk->room * sizeof(psk->item[0]));
	psk->item = sorted;
	psk->room = psk->nb;
	return 0;
}

// The same, and finds those that stand there twice.
static int sort(struct psk_file *psk, struct line *at)
{
	const struct psk_entry *first = NULL, *again = NULL;

	if (psk->nb == 0)
		return 0;
	psk->at = calloc(psk->nb, sizeof(psk->at[0]));
	if (psk->at == NULL || reorder(psk) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < psk->nb; i++) {
		psk->at[i] = psk->item[i].at;
		if (i > 0 && psk->at[i] == psk->at[i - 1] &&
		    (again == NULL || psk->item[i].entry.line < again->line)) {
			first = &psk->item[i - 1].entry;
			again = &psk->item[i].entry;
		}
	}
	if (again == NULL)
		return 0;
	at->nb = again->line;
	return bad(at, "the identity stands in line %u too; expected it once", first->line);
}

struct psk_file *psk_file_load(const char *file, const struct config *config, char *error,
			       size_t error_len)
{
	struct line at = {.file = file, .config = config, .error = error, .error_len = error_len};
	struct psk_file *psk = NULL;
	struct secret_file f;
	int rc = secret_file_read(&f, file);

	if (rc != 0)
		goto out;
	psk = calloc(1, sizeof(*psk));
	rc = -ENOMEM;
	if (psk == NULL)
		goto out;
	psk->references = 1;
	psk->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (psk->sha256 == NULL || RAND_bytes(psk->nobody, sizeof(psk->nobody)) != 1)
		goto out;
	rc = add_all(psk, &at, &f);
	if (rc == 0)
		rc = sort(psk, &at);
out:
	secret_file_wipe(&f);
	if (rc == 0)
		return psk;
	if (rc != -EINVAL)
		snprintf(error, error_len, "%s:%u: %s; expected a readable file of identities",
			 file, at.nb > 0 ? at.nb : 1, strerror(-rc));
	psk_file_release(psk);
	errno = -rc;
	return NULL;
}

struct psk_file *psk_file_ref(struct psk_file *psk)
{
	if (psk != NULL)
		atomic_fetch_add(&psk->references, 1);
	return psk;
}

void psk_file_release(struct psk_file *psk)
{
	if (psk == NULL || atomic_fetch_sub(&psk->references, 1) > 1)
		return;
	OPENSSL_clear_free(psk->item, psk->room * sizeof(psk->item[0]));
	free(psk->at);
	EVP_MD_free(psk->sha256);
	explicit_bzero(psk, sizeof(*psk));
	free(psk);
}

// Index of the last item that does not stand behind at, or 0.  The steps depend on nb only.
static size_t search(const struct psk_file *psk, place_t at)
{
	size_t index = 0, left = psk->nb;

	while (left > 1) {
		size_t half = left / 2;

		index += half & -(size_t)(psk->at[index + half] <= at);
		left -= half;
	}
	return index;
}

// Returns the entry of the identity or, as well, another one; sets *known, without a branch.
// NULL: no memory, or no entries.
static const struct psk_entry *nearest(const struct psk_file *psk, const char *identity,
				       bool *known)
{
	char padded[PSK_IDENTITY_MAX + 1] = "";
	size_t len = strnlen(identity, sizeof(padded));
	const struct psk_entry *entry;
	place_t at;

	*known = false;
	if (psk->nb == 0 || digest(psk, identity, strlen(identity), &at, sizeof(at)) != 0)
		return NULL;
	memcpy(padded, identity, len); // one that is too long has no NUL, and is none of ours
	entry = &psk->item[search(psk, at)].entry;
	*known = CRYPTO_memcmp(entry->identity, padded, sizeof(padded)) == 0;
	return entry;
}

const struct psk_entry *psk_file_find(const struct psk_file *psk, const char *identity)
{
	bool known;
	const struct psk_entry *entry = nearest(psk, identity, &known);

	return known ? entry : NULL;
}

bool psk_file_key(const struct psk_file *psk, const char *identity, uint8_t key[PSK_KEY_MAX],
		  uint8_t *key_len)
{
	static const struct psk_entry none = {.key_len = NOBODYS_LEN};
	bool known;
	const struct psk_entry *entry = nearest(psk, identity, &known);
	uint8_t theirs;

	if (entry == NULL && psk->nb > 0) {
		*key_len = 0;
		return false;
	}
	if (entry == NULL)
		entry = &none;
	theirs = (uint8_t)-known;
	for (size_t i = 0; i < PSK_KEY_MAX; i++)
		key[i] = (entry->key[i] & theirs) | (psk->nobody[i] & (uint8_t)~theirs);
	*key_len = entry->key_len;
	return known;
}

size_t psk_file_count(const struct psk_file *psk)
{
	return psk->nb;
}
