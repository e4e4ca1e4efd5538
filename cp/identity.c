// SPDX-License-Identifier: BSD-3-Clause
#include "identity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *identity_printable(const char *bytes, char text[static IDENTITY_TEXT_LEN])
{
	size_t len = 0;

	for (; *bytes != '\0' && len + sizeof("\\xHH") <= IDENTITY_TEXT_LEN; bytes++) {
		unsigned char c = (unsigned char)*bytes;

		if (c >= ' ' && c < 0x7f && c != '\\' && c != '"')
			text[len++] = (char)c;
		else
			len += (size_t)sprintf(text + len, "\\x%02x", c);
	}
	text[len] = '\0';
	return text;
}

static struct identity *make(enum identity_kind kind, const char *text)
{
	struct identity *identity = calloc(1, sizeof(*identity) + strlen(text) + 1);

	if (identity != NULL) {
		identity->kind = kind;
		memcpy(identity->text, text, strlen(text) + 1);
	}
	return identity;
}

static struct identity *from_psk(const SSL *ssl)
{
	const char *bytes = SSL_get_psk_identity(ssl);
	char text[IDENTITY_TEXT_LEN];

	return make(IDENTITY_PSK, identity_printable(bytes != NULL ? bytes : "", text));
}

struct identity *identity_of_certificate(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct identity *identity = NULL;
	char text[IDENTITY_TEXT_LEN];
	int len;

	if (bio == NULL ||
	    X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
		goto out;
	len = BIO_read(bio, text, sizeof(text) - 1); // -1: the subject is empty
	text[len > 0 ? len : 0] = '\0';
	identity = make(IDENTITY_CERTIFICATE, text);
	if (identity != NULL &&
	    X509_digest(certificate, EVP_sha256(), identity->fingerprint, NULL) != 1) {
		identity_destroy(identity);
		identity = NULL;
	}
out:
	BIO_free(bio);
	return identity;
}

int identity_create(const SSL *ssl, struct identity **identity)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	X509 *certificate = SSL_get0_peer_certificate(ssl);

	*identity = NULL;
	if (certificate != NULL)
		*identity = identity_of_certificate(certificate);
	else if (cipher != NULL && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk)
		*identity = from_psk(ssl);
	else
		return 0;
	return *identity != NULL ? 0 : -ENOMEM;
}

void identity_destroy(struct identity *identity)
{
	free(identity);
}
