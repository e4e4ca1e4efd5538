// SPDX-License-Identifier: BSD-3-Clause
#include "sealed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire.h"

#define MAGIC	   "dtlsgw-1"
#define MAGIC_LEN  8
#define SALT_LEN   32
#define HEADER_LEN (MAGIC_LEN + TICKET_KEY_NAME_LEN + SALT_LEN)
#define LENGTH_LEN 4
#define NONCE_LEN  12
#define TAG_LEN	   16
#define KEY_LEN	   32

struct sealed_file {
	FILE *f;
	char *file;
	char *new; // NULL: it has its name
	EVP_CIPHER_CTX *cipher;
	uint64_t nb; // records
	uint8_t room[LENGTH_LEN + SEALED_FILE_RECORD_MAX + TAG_LEN];
};

static bool derive(const struct ticket_key *key, const uint8_t salt[SALT_LEN], uint8_t out[KEY_LEN])
{
	uint8_t secret[2 * TICKET_KEY_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof(secret)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
						  SALT_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)MAGIC,
						  MAGIC_LEN),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	bool ok;

	memcpy(secret, key->cipher, TICKET_KEY_LEN);
	memcpy(secret + TICKET_KEY_LEN, key->mac, TICKET_KEY_LEN);
	ok = ctx != NULL && EVP_KDF_derive(ctx, out, KEY_LEN, params) > 0;
	explicit_bzero(secret, sizeof(secret));
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

// A context with the file's key, to seal or to open; NULL: no memory.
static EVP_CIPHER_CTX *cipher_create(const struct ticket_key *key, const uint8_t *salt, int seal)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t file_key[KEY_LEN];
	bool ok;

	ok = ctx != NULL && derive(key, salt, file_key) &&
	     EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, file_key, NULL, seal) == 1;
	explicit_bzero(file_key, sizeof(file_key));
	if (ok)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

// Sets ctx up for record nb, whose length field is given.
static bool begin(EVP_CIPHER_CTX *ctx, uint64_t nb, const uint8_t *length)
{
	uint8_t nonce[NONCE_LEN] = {0};
	struct wire_writer w = wire_writer(nonce + NONCE_LEN - 8, 8);
	int n;

	wire_put_uint(&w, nb, 8);
	return EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, -1) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, length, LENGTH_LEN) == 1;
}

static int open_new(struct sealed_file *s)
{
	int fd, rc;

	if (unlink(s->new) != 0 && errno != ENOENT)
		return -errno;
	fd = open(s->new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	s->f = fdopen(fd, "w");
	if (s->f != NULL)
		return 0;
	rc = -errno;
	close(fd);
	return rc;
}

static int write_header(struct sealed_file *s, const struct ticket_key *key)
{
	uint8_t header[HEADER_LEN];
	struct wire_writer w = wire_writer(header, sizeof(header));
	uint8_t *salt;

	wire_put_bytes(&w, MAGIC, MAGIC_LEN);
	wire_put_bytes(&w, key->name, sizeof(key->name));
	salt = wire_room(&w, SALT_LEN);
	if (RAND_bytes(salt, SALT_LEN) != 1)
		return -EIO;
	s->cipher = cipher_create(key, salt, 1);
	if (s->cipher == NULL)
		return -ENOMEM;
	errno = 0;
	if (fwrite(header, sizeof(header), 1, s->f) == 1)
		return 0;
	return errno != 0 ? -errno : -EIO;
}

struct sealed_file *sealed_file_create(const char *file, const struct ticket_key *key)
{
	struct sealed_file *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (s == NULL)
		goto out;
	s->file = strdup(file);
	if (asprintf(&s->new, "%s.new", file) < 0)
		s->new = NULL;
	if (s->file != NULL && s->new != NULL)
		rc = open_new(s);
	if (rc == 0)
		rc = write_header(s, key);
	if (rc == 0)
		return s;
	sealed_file_close(s);
out:
	errno = -rc;
	return NULL;
}

int sealed_file_add(struct sealed_file *s, const void *record, size_t len)
{
	struct wire_writer w = wire_writer(s->room, sizeof(s->room));
	uint8_t *sealed = s->room + LENGTH_LEN;
	int n;

	if (len == 0 || len > SEALED_FILE_RECORD_MAX)
		return -EMSGSIZE;
	wire_put_uint(&w, len, LENGTH_LEN);
	if (!begin(s->cipher, s->nb++, s->room) ||
	    EVP_CipherUpdate(s->cipher, sealed, &n, record, (int)len) != 1 ||
	    EVP_CipherFinal_ex(s->cipher, sealed + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, sealed + len) != 1)
		return -EIO;
	errno = 0;
	if (fwrite(s->room, LENGTH_LEN + len + TAG_LEN, 1, s->f) == 1)
		return 0;
	return errno != 0 ? -errno : -EIO;
}

int sealed_file_flush(struct sealed_file *s)
{
	return fflush(s->f) == 0 ? 0 : -errno;
}

int sealed_file_commit(struct sealed_file *s, bool durable)
{
	if (fflush(s->f) != 0 || (durable && fdatasync(fileno(s->f)) != 0) ||
	    rename(s->new, s->file) != 0)
		return -errno;
	free(s->new);
	s->new = NULL;
	return 0;
}

void sealed_file_close(struct sealed_file *s)
{
	if (s == NULL)
		return;
	if (s->f != NULL)
		fclose(s->f);
	if (s->new != NULL)
		unlink(s->new);
	EVP_CIPHER_CTX_free(s->cipher);
	free(s->new);
	free(s->file);
	free(s);
}

// Returns 0 or -errno, -EBADMSG at the end of the file.
static int read_bytes(FILE *f, void *to, size_t len)
{
	errno = 0;
	if (fread(to, 1, len, f) == len)
		return 0;
	return ferror(f) && errno != 0 ? -errno : -EBADMSG;
}

// Reads the header and makes the context to open records with.
static int read_header(FILE *f, const struct ticket_keys *keys, EVP_CIPHER_CTX **cipher)
{
	uint8_t header[HEADER_LEN];
	const uint8_t *name = header + MAGIC_LEN, *salt = name + TICKET_KEY_NAME_LEN;
	int rc = read_bytes(f, header, sizeof(header));

	if (rc != 0)
		return rc;
	if (memcmp(header, MAGIC, MAGIC_LEN) != 0)
		return -EBADMSG;
	for (uint16_t i = 0; i < keys->nb; i++) {
		if (memcmp(keys->key[i].name, name, TICKET_KEY_NAME_LEN) != 0)
			continue;
		*cipher = cipher_create(&keys->key[i], salt, 0);
		return *cipher != NULL ? 0 : -ENOMEM;
	}
	return -ENOKEY;
}

// Reads record nb into room, which is large enough, and sets *len; that is 0 at the end of the
// file. There are no empty records.
static int read_record(FILE *f, EVP_CIPHER_CTX *cipher, uint64_t nb, uint8_t *room, size_t *len)
{
	uint8_t length[LENGTH_LEN];
	struct wire_reader r = wire_reader(length, sizeof(length));
	int n, rc;

	*len = 0;
	n = fgetc(f);
	if (n == EOF && !ferror(f))
		return 0;
	length[0] = (uint8_t)n;
	rc = read_bytes(f, length + 1, LENGTH_LEN - 1);
	if (rc != 0)
		return rc;
	*len = (size_t)wire_uint(&r, LENGTH_LEN);
	if (*len == 0 || *len > SEALED_FILE_RECORD_MAX)
		return -EBADMSG;
	rc = read_bytes(f, room, *len + TAG_LEN);
	if (rc != 0)
		return rc;
	if (!begin(cipher, nb, length) ||
	    EVP_CipherUpdate(cipher, room, &n, room, (int)*len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, room + *len) != 1 ||
	    EVP_CipherFinal_ex(cipher, room + *len, &n) != 1)
		return -EBADMSG;
	return 0;
}

static int read_records(FILE *f, EVP_CIPHER_CTX *cipher,
			int (*take)(void *arg, const uint8_t *record, size_t len), void *arg)
{
	uint8_t *room = malloc(SEALED_FILE_RECORD_MAX + TAG_LEN);
	uint64_t nb = 0;
	size_t len = 1;
	int rc = room != NULL ? 0 : -ENOMEM;

	while (rc == 0 && len > 0) {
		rc = read_record(f, cipher, nb++, room, &len);
		if (rc == 0 && len > 0)
			rc = take(arg, room, len);
	}
	if (room != NULL)
		explicit_bzero(room, SEALED_FILE_RECORD_MAX + TAG_LEN);
	free(room);
	return rc;
}

// Returns a descriptor or -errno; what is no regular file is not read.
static int open_regular(const char *file)
{
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int sealed_file_read(const char *file, const struct ticket_keys *keys,
		     int (*take)(void *arg, const uint8_t *record, size_t len), void *arg)
{
	EVP_CIPHER_CTX *cipher = NULL;
	int fd = open_regular(file), rc;
	FILE *f;

	if (fd < 0)
		return fd;
	f = fdopen(fd, "r");
	if (f == NULL) {
		rc = -errno;
		close(fd);
		return rc;
	}
	rc = read_header(f, keys, &cipher);
	if (rc == 0)
		rc = read_records(f, cipher, take, arg);
	EVP_CIPHER_CTX_free(cipher);
	fclose(f);
	return rc;
}
