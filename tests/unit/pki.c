// SPDX-License-Identifier: BSD-3-Clause
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki.h"

#define DAY_S 86400

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

void pki_make(struct pki *pki, const struct pki *issuer, const struct pki_wish *wish)
{
	X509 *x = X509_new();

	pki->certificate = x;
	pki->key = EVP_EC_gen("P-256");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), wish->serial != 0 ? wish->serial : 1);
	X509_gmtime_adj(X509_getm_notBefore(x), wish->from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), wish->to_s != 0 ? wish->to_s : DAY_S);
	X509_set_pubkey(x, pki->key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "O", MBSTRING_ASC,
				   (const unsigned char *)"Lab", -1, -1, 0);
	for (int i = 0; wish->unit != NULL && i < 4; i++)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "OU", MBSTRING_ASC,
					   (const unsigned char *)wish->unit, -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
				   (const unsigned char *)wish->name, -1, -1, 0);
	if (issuer == NULL)
		issuer = pki;
	X509_set_issuer_name(x, X509_get_subject_name(issuer->certificate));
	if (wish->authority)
		add_extension(x, issuer->certificate, NID_basic_constraints, "critical,CA:TRUE");
	if (wish->purpose != NULL)
		add_extension(x, issuer->certificate, NID_ext_key_usage, wish->purpose);
	if (wish->alt_name != NULL)
		add_extension(x, issuer->certificate, NID_subject_alt_name, wish->alt_name);
	assert_true(X509_sign(x, issuer->key, EVP_sha256()) > 0);
}

void pki_free(struct pki *pki)
{
	X509_free(pki->certificate);
	EVP_PKEY_free(pki->key);
	*pki = (struct pki){NULL, NULL};
}

static char *text_of(BIO *bio)
{
	char *data, *text;
	long len = BIO_get_mem_data(bio, &data);

	text = strndup(data, (size_t)len);
	BIO_free(bio);
	return text;
}

char *pki_certificate(const struct pki *pki)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, pki->certificate), 1);
	return text_of(bio);
}

char *pki_key(const struct pki *pki)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(bio, pki->key, NULL, NULL, 0, NULL, NULL), 1);
	return text_of(bio);
}

char *pki_crl(const struct pki *issuer, const long *serials)
{
	return pki_crl_until(issuer, serials, DAY_S);
}

char *pki_crl_until(const struct pki *issuer, const long *serials, long to_s)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -2 * DAY_S), *then = X509_gmtime_adj(NULL, to_s);

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, then);
	for (; *serials != 0; serials++) {
		X509_REVOKED *revoked = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();

		ASN1_INTEGER_set(serial, *serials);
		X509_REVOKED_set_serialNumber(revoked, serial);
		X509_REVOKED_set_revocationDate(revoked, now);
		X509_CRL_add0_revoked(crl, revoked);
		ASN1_INTEGER_free(serial);
	}
	assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_CRL(bio, crl), 1);
	ASN1_TIME_free(now);
	ASN1_TIME_free(then);
	X509_CRL_free(crl);
	return text_of(bio);
}
