// SPDX-License-Identifier: BSD-3-Clause
#include "record_limit.h"

#include <errno.h>
#include <rte_common.h>
#include <stdbool.h>

#include "dtls.h"
#include "wire.h"

#define EXTENSION 28 // record_size_limit
#define LEAST	  64 // RFC 8449 section 4

// Where an SSL keeps the client's limit; 0: none was sent.
static int limit_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

static bool is_code(uint8_t code)
{
	return code >= TLSEXT_max_fragment_length_512 && code <= TLSEXT_max_fragment_length_4096;
}

uint8_t record_limit_asked(SSL *ssl)
{
	const unsigned char *code;
	size_t len;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_max_fragment_length, &code, &len) != 1)
		return 0;
	return len == 1 && is_code(code[0]) ? code[0] : 0; // else OpenSSL has an alert for it
}

uint8_t record_limit_kept(const SSL_SESSION *session)
{
	uint8_t code = SSL_SESSION_get_max_fragment_length(session);

	return is_code(code) ? code : 0;
}

// Plaintext bytes; 0: max_fragment_length is not in use.
static uint16_t fragment_length(const SSL *ssl)
{
	const SSL_SESSION *session = SSL_get_session(ssl);
	uint8_t code = session != NULL ? record_limit_kept(session) : 0;

	return code != 0 ? (uint16_t)(256u << code) : 0;
}

static int parse(SSL *ssl, unsigned int type, unsigned int context, const unsigned char *in,
		 size_t len, X509 *x, size_t chain, int *alert, void *arg)
{
	struct wire_reader r = wire_reader(in, len);
	uint16_t limit = wire_u16(&r);

	RTE_SET_USED(type);
	RTE_SET_USED(context);
	RTE_SET_USED(x);
	RTE_SET_USED(chain);
	RTE_SET_USED(arg);
	if (r.failed || wire_left(&r) > 0) {
		*alert = SSL_AD_DECODE_ERROR;
		return 0;
	}
	if (limit < LEAST) {
		*alert = SSL_AD_ILLEGAL_PARAMETER;
		return 0;
	}
	if (SSL_set_ex_data(ssl, limit_index(), (void *)(uintptr_t)limit) == 1)
		return 1;
	*alert = SSL_AD_INTERNAL_ERROR;
	return 0;
}

// Only called if the client sent the extension.
static int add(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
	       size_t *len, X509 *x, size_t chain, int *alert, void *arg)
{
	static const unsigned char all[] = {DTLS_PLAIN_MAX >> 8, DTLS_PLAIN_MAX & 0xff};

	RTE_SET_USED(type);
	RTE_SET_USED(context);
	RTE_SET_USED(x);
	RTE_SET_USED(chain);
	RTE_SET_USED(alert);
	RTE_SET_USED(arg);
	if (fragment_length(ssl) != 0)
		return 0;
	*out = all;
	*len = sizeof(all);
	return 1;
}

int record_limit_register(SSL_CTX *ctx)
{
	if (limit_index() < 0 ||
	    SSL_CTX_add_custom_ext(ctx, EXTENSION,
				   SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO, add, NULL,
				   NULL, parse, NULL) != 1)
		return -ENOMEM;
	return 0;
}

uint16_t record_limit_get(const SSL *ssl)
{
	uintptr_t asked = (uintptr_t)SSL_get_ex_data(ssl, limit_index());
	uint16_t limit = DTLS_PLAIN_MAX;

	if (asked != 0)
		limit = (uint16_t)RTE_MIN(asked, (uintptr_t)DTLS_PLAIN_MAX);
	if (fragment_length(ssl) != 0)
		limit = RTE_MIN(limit, fragment_length(ssl));
	return limit;
}
