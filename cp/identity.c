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

int identity_create(const SSL *ssl, struct identity **identity)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	*identity = NULL;
	if (cipher == NULL || SSL_CIPHER_get_auth_nid(cipher) != NID_auth_psk)
		return 0;
	*identity = from_psk(ssl);
	return *identity != NULL ? 0 : -ENOMEM;
}

void identity_destroy(struct identity *identity)
{
	free(identity);
}
