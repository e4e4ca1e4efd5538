// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_PKI_H
#define DTLSGW_UNIT_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>

// A certificate and its key, P-256.
struct pki {
	X509 *certificate;
	EVP_PKEY *key;
};

// What is to be certified; zero means the usual.
struct pki_wish {
	const char *name;     // common name
	const char *unit;     // organisational unit, stands there four times; none
	const char *alt_name; // subject alternative name, "DNS:..."
	long serial;	      // 1
	long from_s, to_s;    // of validity, from now; 0 and a day
	const char *purpose;  // extended key usage; none
	bool authority;
};

// issuer NULL: self-signed.
void pki_make(struct pki *pki, const struct pki *issuer, const struct pki_wish *wish);
void pki_free(struct pki *pki);

// PEM texts, which the caller frees.
char *pki_certificate(const struct pki *pki);
char *pki_key(const struct pki *pki);
// A revocation list, good for a day; serials ends with 0.
char *pki_crl(const struct pki *issuer, const long *serials);
// One that was issued two days ago, and is good until to_s from now.
char *pki_crl_until(const struct pki *issuer, const long *serials, long to_s);

#endif
