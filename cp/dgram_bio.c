// SPDX-License-Identifier: BSD-3-Clause
#include "dgram_bio.h"

#include <rte_common.h>
#include <string.h>

static int bio_read(BIO *bio, char *data, int len)
{
	struct dgram_bio *d = BIO_get_data(bio);
	int n;

	BIO_clear_retry_flags(bio);
	if (d->in == NULL || len <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	n = RTE_MIN(len, (int)d->in_len);
	memcpy(data, d->in, (size_t)n);
	d->in = NULL;
	return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	const struct dgram_bio *d = BIO_get_data(bio);

	RTE_SET_USED(number);
	RTE_SET_USED(pointer);
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_PENDING:
		return d->in != NULL ? d->in_len : 0;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return d->mtu;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return d->header_len;
	}
	return 0;
}

BIO_METHOD *dgram_bio_method(const char *name, int (*write)(BIO *, const char *, int))
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, name);

	if (method == NULL)
		return NULL;
	BIO_meth_set_write(method, write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return method;
}

BIO *dgram_bio_new(const BIO_METHOD *method, struct dgram_bio *d)
{
	BIO *bio = method != NULL ? BIO_new(method) : NULL;

	if (bio != NULL) {
		BIO_set_data(bio, d);
		BIO_set_init(bio, 1);
	}
	return bio;
}
