// SPDX-License-Identifier: BSD-3-Clause
#include "aead.h"

// In place of aead_mb.c, so that mutations reach what lies behind the crypto: the text stays as it
// is, a tag is good if its first byte is even.

void aead_seal_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	(void)aead;
	for (uint16_t i = 0; i < n; i++)
		op[i].tag[0] = 0;
}

void aead_open_burst(struct aead *aead, struct aead_op *op, uint16_t n)
{
	(void)aead;
	for (uint16_t i = 0; i < n; i++)
		op[i].ok = op[i].tag[0] % 2 == 0;
}
