// SPDX-License-Identifier: BSD-3-Clause
#include "suites.h"

#include <errno.h>
#include <strings.h>

#include "keyblock.h"

// OpenSSL's own check, the same for every new SSL_CTX.
static int (*by_level)(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other,
		       void *ex);

static bool is_ccm_8(const SSL_CIPHER *suite)
{
	int aead = keyblock_suite(suite);

	return aead == AEAD_AES_128_CCM_8 || aead == AEAD_AES_256_CCM_8;
}

// Counts the key of a CCM_8 suite, not its tag.
static int security(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other,
		    void *ex)
{
	if ((op & SSL_SECOP_OTHER_TYPE) == SSL_SECOP_OTHER_CIPHER && is_ccm_8(other))
		SSL_CIPHER_get_bits(other, &bits);
	return by_level(ssl, ctx, op, bits, nid, other, ex);
}

// The SUITES_ bit of a suite's key, or 0 if the record layer or the handshake cannot do it.
static unsigned int key_of(const SSL_CIPHER *suite)
{
	int exchange = SSL_CIPHER_get_kx_nid(suite);
	int auth = SSL_CIPHER_get_auth_nid(suite);

	if (keyblock_suite(suite) < 0)
		return 0;
	if (exchange == NID_kx_psk || exchange == NID_kx_dhe_psk || exchange == NID_kx_ecdhe_psk)
		return SUITES_PSK;
	if (exchange != NID_kx_ecdhe && exchange != NID_kx_dhe)
		return 0;
	if (auth == NID_auth_rsa)
		return SUITES_RSA;
	return auth == NID_auth_ecdsa ? SUITES_ECDSA : 0;
}

int suites_set(SSL_CTX *ctx, const char *list, const char **name)
{
	STACK_OF(SSL_CIPHER) * suites;
	bool ccm_8 = false;

	if (SSL_CTX_set_ciphersuites(ctx, "") != 1 || SSL_CTX_set_cipher_list(ctx, list) != 1)
		return -EINVAL;
	suites = SSL_CTX_get_ciphers(ctx);
	for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
		const SSL_CIPHER *suite = sk_SSL_CIPHER_value(suites, i);

		*name = SSL_CIPHER_get_name(suite);
		if (key_of(suite) == 0)
			return -ENOTSUP;
		ccm_8 |= is_ccm_8(suite);
	}
	if (!ccm_8)
		return 0;
	if (by_level == NULL) // before there are threads
		by_level = SSL_CTX_get_security_callback(ctx);
	SSL_CTX_set_security_callback(ctx, security);
	return 0;
}

unsigned int suites_keys(const SSL_CTX *ctx)
{
	STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(ctx);
	unsigned int keys = 0;

	for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++)
		keys |= key_of(sk_SSL_CIPHER_value(suites, i));
	return keys;
}

// OpenSSL writes "ECDSA+SHA256" as well as "ecdsa_secp256r1_sha256", and so with RSA; the
// algorithms of RSA-PSS alone are for keys that we do not take.
unsigned int suites_signers(const char *signatures)
{
	unsigned int kinds = 0;

	while (*signatures != '\0') {
		size_t len = strcspn(signatures, ":");

		if (strncasecmp(signatures, "ECDSA", 5) == 0)
			kinds |= SUITES_ECDSA;
		else if (strncasecmp(signatures, "RSA_PSS_PSS", 11) != 0 &&
			 (strncasecmp(signatures, "RSA", 3) == 0 ||
			  strncasecmp(signatures, "PSS", 3) == 0))
			kinds |= SUITES_RSA;
		signatures += len + (signatures[len] == ':');
	}
	return kinds;
}
