// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "association.h"

#define TYPE_ALERT	       21
#define TYPE_HANDSHAKE	       22
#define TYPE_DATA	       23
#define ALERT_NO_RENEGOTIATION 100
#define FINISHED	       20
#define EXTENSION	       0xff00 // for private use
#define OVERHEAD	       48     // bytes of IPv6 and UDP headers

static const struct association_options *options_used;

static void keylog_line(const SSL *ssl, const char *line)
{
	FILE *f = fopen(options_used->keylog, "a");

	(void)ssl;
	if (f == NULL || fprintf(f, "%s\n", line) < 0)
		perror(options_used->keylog);
	if (f != NULL)
		fclose(f);
}

static unsigned int on_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_room,
			   unsigned char *key, unsigned int key_room)
{
	unsigned int len = (unsigned int)strlen(options_used->psk) / 2;

	(void)ssl;
	(void)hint;
	snprintf(identity, identity_room, "%s", options_used->identity);
	for (unsigned int i = 0; i < len && i < key_room; i++)
		if (sscanf(options_used->psk + 2 * i, "%2hhx", &key[i]) != 1)
			return 0;
	return len;
}

static int add_extension(SSL *ssl, unsigned int type, unsigned int where,
			 const unsigned char **bytes, size_t *len, X509 *x, size_t chain,
			 int *alert, void *arg)
{
	static const unsigned char zeros[ASSOCIATION_EXTENSION_MAX];

	(void)ssl, (void)type, (void)where, (void)x, (void)chain, (void)alert, (void)arg;
	*bytes = zeros;
	*len = options_used->extension;
	return 1;
}

SSL_CTX *association_context(const struct association_options *options)
{
	SSL_CTX *context = SSL_CTX_new(DTLS_client_method());

	options_used = options;
	if (context == NULL)
		goto fail;
	SSL_CTX_set_security_level(context, 0); // for CCM_8, from OpenSSL 3.2 on
	if (options->resume != NULL && strcmp(options->resume, "id") == 0)
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
	if (options->identity != NULL && options->psk != NULL)
		SSL_CTX_set_psk_client_callback(context, on_psk);
	SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
	if (options->cipher != NULL && SSL_CTX_set_cipher_list(context, options->cipher) != 1)
		goto fail;
	if (options->ca != NULL) {
		if (SSL_CTX_load_verify_file(context, options->ca) != 1)
			goto fail;
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	}
	if (options->certificate != NULL &&
	    (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1 ||
	     SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1))
		goto fail;
	if (options->extension > ASSOCIATION_EXTENSION_MAX ||
	    (options->extension > 0 &&
	     SSL_CTX_add_custom_ext(context, EXTENSION, SSL_EXT_CLIENT_HELLO, add_extension, NULL,
				    NULL, NULL, NULL) != 1))
		goto fail;
	if (options->keylog != NULL)
		SSL_CTX_set_keylog_callback(context, keylog_line);
	return context;
fail:
	ERR_print_errors_fp(stderr);
	SSL_CTX_free(context);
	return NULL;
}

// Looks at one record from the peer.  True if libssl is not to see it: an empty one, on which it
// stumbles, and the answer to a renegotiation that it knows nothing of.
static bool record_inspect(struct association *a, const uint8_t *p)
{
	int len = record_open(&a->keys, RECORD_SERVER, p, a->plain);

	if (len == 2 && p[0] == TYPE_ALERT) {
		a->alert_level = a->plain[0];
		a->alert_description = a->plain[1];
		return a->alert_description == ALERT_NO_RENEGOTIATION;
	}
	a->finished += len > 0 && p[0] == TYPE_HANDSHAKE && a->plain[0] == FINISHED;
	if (len != 0 || p[0] != TYPE_DATA)
		return false;
	a->empty++;
	return true;
}

// Takes the records that libssl cannot carry out of a datagram.  Returns the bytes left.
static int datagram_filter(struct association *a, uint8_t *p, size_t len)
{
	size_t size, kept = 0;

	for (size_t at = 0; (size = record_size(p + at, len - at)) != 0; at += size) {
		if (record_epoch(p + at) == 1 && record_inspect(a, p + at))
			continue;
		memmove(p + kept, p + at, size);
		kept += size;
	}
	return (int)kept;
}

// True if libssl is not to see the datagram.
static bool is_other(const struct association *a, const uint8_t *p, size_t len)
{
	if (a->take_other == NULL || (p[0] >= 20 && p[0] <= 63))
		return false;
	a->take_other(p, len);
	return true;
}

static int bio_read(BIO *bio, char *p, int room)
{
	struct association *a = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do {
		n = recv(a->fd, p, (size_t)room, 0);
		if (n > 0 && is_other(a, (const uint8_t *)p, (size_t)n))
			n = 0;
		if (n > 0 && a->up)
			n = datagram_filter(a, (uint8_t *)p, (size_t)n);
	} while (n == 0 || (n < 0 && errno == ECONNREFUSED));
	if (n < 0)
		BIO_set_retry_read(bio);
	return (int)n;
}

static int bio_write(BIO *bio, const char *p, int len)
{
	struct association *a = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	memcpy(a->last, p, (size_t)len);
	a->last_len = (size_t)len;
	if (a->replace) {
		a->last[0] = a->replace_type;
		a->last_len = record_seal(&a->keys, RECORD_CLIENT, a->last, a->replace_data,
					  a->replace_len);
	}
	if (!(a->replace && a->capture))
		association_send_raw(a, a->last, a->last_len);
	return len;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	struct association *a = BIO_get_data(bio);

	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return (long)a->mtu - OVERHEAD;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return OVERHEAD;
	default:
		return 0;
	}
}

static BIO *bio_create(struct association *a)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	bio = BIO_new(method);
	BIO_set_data(bio, a);
	BIO_set_init(bio, 1);
	return bio;
}

bool association_open(struct association *a, SSL_CTX *context, const struct endpoint *peer,
		      uint16_t local_port, uint64_t mtu)
{
	BIO *bio;

	memset(a, 0, sizeof(*a));
	a->mtu = mtu;
	a->fd = endpoint_connect(peer, local_port);
	if (a->fd < 0)
		return false;
	a->ssl = SSL_new(context);
	bio = bio_create(a);
	SSL_set_bio(a->ssl, bio, bio);
	SSL_set_connect_state(a->ssl);
	DTLS_set_link_mtu(a->ssl, (long)mtu);
	return true;
}

void association_close(struct association *a, bool vanish)
{
	if (a->up && !vanish && !a->closed)
		SSL_shutdown(a->ssl);
	// Or libssl would take the session for one that cannot be resumed.
	SSL_set_shutdown(a->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(a->ssl);
	close(a->fd);
}

static bool keys_take(struct association *a)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(a->ssl);
	uint8_t master[RECORD_MASTER], client[RECORD_RANDOM], server[RECORD_RANDOM];
	bool ok;

	SSL_SESSION_get_master_key(SSL_get0_session(a->ssl), master, sizeof(master));
	SSL_get_client_random(a->ssl, client, sizeof(client));
	SSL_get_server_random(a->ssl, server, sizeof(server));
	ok = record_keys_derive(&a->keys, SSL_CIPHER_get_protocol_id(cipher), master, client,
				server);
	if (!ok)
		fprintf(stderr, "unknown suite %s\n", SSL_CIPHER_get_name(cipher));
	return ok;
}

int association_handshake(struct association *a)
{
	int rc, error;

	if (DTLSv1_handle_timeout(a->ssl) < 0)
		goto fail;
	rc = SSL_do_handshake(a->ssl);
	if (rc == 1) {
		a->up = keys_take(a);
		return a->up ? 1 : -1;
	}
	error = SSL_get_error(a->ssl, rc);
	if (error == SSL_ERROR_WANT_READ)
		return 0;
fail:
	fprintf(stderr, "handshake failed: %s\n", SSL_state_string_long(a->ssl));
	ERR_print_errors_fp(stderr);
	return -1;
}

int association_timeout_ms(struct association *a)
{
	struct timeval left;

	if (DTLSv1_get_timeout(a->ssl, &left) != 1)
		return -1;
	return (int)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

bool association_handshake_wait(struct association *a, uint64_t deadline_ms)
{
	int done;

	while ((done = association_handshake(a)) == 0) {
		int wait = association_timeout_ms(a);
		int64_t left = (int64_t)(deadline_ms - endpoint_now_ms());

		if (left <= 0) {
			fprintf(stderr, "handshake: no end in time, in state: %s\n",
				SSL_state_string_long(a->ssl));
			return false;
		}
		association_wait(a, wait < 0 || wait > left ? (int)left : wait);
	}
	return done == 1;
}

// Writes one record whose content *data replaces, because libssl writes no empty record and only
// types of its own.  It spends libssl's next sequence number and explicit nonce.
static bool replace_write(struct association *a, uint8_t type, const uint8_t *data, size_t len)
{
	bool ok;

	a->replace = true;
	a->replace_type = type;
	a->replace_data = data;
	a->replace_len = len;
	ok = SSL_write(a->ssl, "", 1) == 1;
	a->replace = false;
	return ok;
}

bool association_send(struct association *a, const uint8_t *data, size_t len)
{
	if (len == 0)
		return replace_write(a, TYPE_DATA, data, 0);
	return SSL_write(a->ssl, data, (int)len) == (int)len;
}

bool association_seal(struct association *a, uint8_t type, const uint8_t *data, size_t len)
{
	bool ok;

	a->capture = true;
	ok = replace_write(a, type, data, len);
	a->capture = false;
	return ok;
}

bool association_send_raw(struct association *a, const uint8_t *data, size_t len)
{
	for (int i = 0; i < 3; i++) {
		if (send(a->fd, data, len, 0) == (ssize_t)len)
			return true;
		if (errno != ECONNREFUSED) // an earlier datagram's ICMP error
			break;
	}
	perror("send");
	return false;
}

int association_receive(struct association *a, uint8_t *data, size_t room)
{
	int n = a->empty > 0 ? 0 : SSL_read(a->ssl, data, (int)room);

	if (n > 0)
		return n;
	if (a->empty > 0) {
		a->empty--;
		return 0;
	}
	if (SSL_get_error(a->ssl, n) != SSL_ERROR_WANT_READ)
		a->closed = true;
	return -1;
}

bool association_wait(const struct association *a, int wait_ms)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};

	return poll(&p, 1, wait_ms) > 0;
}
