// SPDX-License-Identifier: BSD-3-Clause
#include "certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "secret_file.h"
#include "suites.h"

// Where an error goes.
struct place {
	const char **part;
	char *error;
	size_t error_len;
};

// The error says what, or OpenSSL's last reason, and leaves no other.  Returns -EINVAL.
static int bad(const struct place *at, const char *part, const char *file, const char *what,
	       const char *expected)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (what == NULL)
		what = reason != NULL ? reason : "not readable";
	snprintf(at->error, at->error_len, "%s: %s; expected %s", file, what, expected);
	*at->part = part;
	ERR_clear_error();
	return -EINVAL;
}

// Asks for no passphrase: OpenSSL would read the terminal.
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

// Reads file into *s, on which the BIO is.  Returns NULL after the error.
static BIO *open_file(const struct place *at, const char *part, const char *file,
		      struct secret_file *s)
{
	BIO *bio = NULL;
	int rc;

	ERR_clear_error();
	rc = secret_file_read(s, file);
	if (rc == 0) {
		bio = BIO_new_mem_buf(s->text, (int)s->len);
		rc = -ENOMEM;
	}
	if (bio == NULL) {
		secret_file_wipe(s);
		bad(at, part, file, strerror(-rc), "a PEM file");
	}
	return bio;
}

// What the file has behind the leaf.
static int read_chain(BIO *bio, STACK_OF(X509) * chain)
{
	unsigned long error;
	X509 *x;

	while ((x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		if (sk_X509_push(chain, x) == 0) {
			X509_free(x);
			return -EINVAL;
		}
	}
	error = ERR_peek_last_error();
	if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		return -EINVAL;
	ERR_clear_error(); // the end of the file
	return 0;
}

static int read_certificate(struct certificate *c, const struct place *at, const char *file)
{
	struct secret_file text; // the key may be in the same file
	BIO *bio = open_file(at, "certificate", file, &text);
	int rc = 0;

	if (bio == NULL)
		return -EINVAL;
	c->leaf = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	c->chain = sk_X509_new_null();
	if (c->leaf == NULL)
		rc = bad(at, "certificate", file, NULL, "a PEM file with the certificate first");
	else if (c->chain == NULL || read_chain(bio, c->chain) != 0)
		rc = bad(at, "certificate", file, NULL,
			 "a PEM file with the certificate and its chain");
	BIO_free(bio);
	secret_file_wipe(&text);
	return rc;
}

static int read_key(struct certificate *c, const struct place *at, const char *file)
{
	struct secret_file text;
	BIO *bio = open_file(at, "key", file, &text);

	if (bio == NULL)
		return -EINVAL;
	c->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	secret_file_wipe(&text);
	if (c->key == NULL)
		return bad(at, "key", file, NULL,
			   "a PEM file with a private key that is not encrypted");
	return 0;
}

static int check(struct certificate *c, const struct place *at,
		 const struct config_certificate *files)
{
	char mismatch[512];

	if (EVP_PKEY_get_base_id(c->key) == EVP_PKEY_RSA)
		c->kind = SUITES_RSA;
	else if (EVP_PKEY_get_base_id(c->key) == EVP_PKEY_EC)
		c->kind = SUITES_ECDSA;
	else
		return bad(at, "key", files->key, "neither ECDSA nor RSA", "one of them");
	if (X509_check_private_key(c->leaf, c->key) == 1)
		return 0;
	snprintf(mismatch, sizeof(mismatch), "does not match the certificate %s",
		 files->certificate);
	return bad(at, "key", files->key, mismatch, "its private key");
}

int certificate_load(struct certificate *c, const struct config_certificate *files,
		     const char **part, char *error, size_t error_len)
{
	struct place at = {part, error, error_len};
	int rc;

	memset(c, 0, sizeof(*c));
	rc = read_certificate(c, &at, files->certificate);
	if (rc == 0)
		rc = read_key(c, &at, files->key);
	if (rc == 0)
		rc = check(c, &at, files);
	if (rc != 0)
		certificate_release(c);
	return rc;
}

int certificate_ref(struct certificate *c, const struct certificate *of)
{
	*c = *of;
	c->chain = of->chain != NULL ? X509_chain_up_ref(of->chain) : NULL;
	if (c->chain == NULL && of->chain != NULL) {
		memset(c, 0, sizeof(*c));
		return -ENOMEM;
	}
	X509_up_ref(c->leaf);
	EVP_PKEY_up_ref(c->key);
	return 0;
}

void certificate_release(struct certificate *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	memset(c, 0, sizeof(*c));
}

int certificate_use(const struct certificate *c, SSL_CTX *ctx)
{
	return SSL_CTX_use_cert_and_key(ctx, c->leaf, c->key, c->chain, 1) == 1 ? 0 : -EINVAL;
}
