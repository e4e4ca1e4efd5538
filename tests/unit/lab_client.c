// SPDX-License-Identifier: BSD-3-Clause
#include "lab.h"

#include <rte_cycles.h>

#include "keyblock.h"
#include "unit.h"
#include "wire.h"

#define CLIENT_RTO_US	  50000
#define CLIENT_PATIENT_US 3600000000 // a timer that does not run out, however busy the machine is

void lab_queue_put(struct lab_queue *q, const void *bytes, size_t len)
{
	struct lab_datagram *d = &q->datagram[q->nb++];

	assert_true(q->nb < LAB_QUEUE_MAX && len <= sizeof(d->bytes));
	memcpy(d->bytes, bytes, len);
	d->len = (uint16_t)len;
}

void lab_queue_shift(struct lab_queue *q)
{
	q->nb--;
	memmove(&q->datagram[0], &q->datagram[1], q->nb * sizeof(q->datagram[0]));
}

static int client_write(BIO *bio, const char *data, int len)
{
	struct lab_client *c = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	lab_queue_put(&c->out, data, (size_t)len);
	return len;
}

static int client_read(BIO *bio, char *data, int len)
{
	struct lab_client *c = BIO_get_data(bio);
	int n;

	BIO_clear_retry_flags(bio);
	if (c->in.nb == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	n = RTE_MIN(len, (int)c->in.datagram[0].len);
	memcpy(data, c->in.datagram[0].bytes, (size_t)n);
	lab_queue_shift(&c->in);
	return n;
}

static long client_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO *client_bio(struct lab_client *c)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lab");
		BIO_meth_set_write(method, client_write);
		BIO_meth_set_read(method, client_read);
		BIO_meth_set_ctrl(method, client_ctrl);
	}
	bio = BIO_new(method);
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	return bio;
}

// True if the client has to send again: of what it sends now, or of the answer, something is lost.
static bool loses(const struct lab_client *c)
{
	uint32_t in = c->received < 32 ? c->lose >> c->received : 0;
	uint32_t out = c->sent < 32 ? c->lose_out >> c->sent : 0;

	return c->steady || c->lossy || c->path_max != 0 || (in & 1) != 0 || out != 0;
}

static unsigned int client_timer(SSL *ssl, unsigned int us)
{
	const struct lab_client *c = SSL_get_app_data(ssl);

	if (!loses(c))
		return CLIENT_PATIENT_US;
	return us == 0 || us == CLIENT_PATIENT_US || c->steady ? CLIENT_RTO_US : 2 * us;
}

void lab_client_renew(struct lab_client *c)
{
	BIO *bio = client_bio(c);

	SSL_free(c->ssl);
	c->ssl = SSL_new(c->ctx);
	SSL_set_mtu(c->ssl, 1400);
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_connect_state(c->ssl);
	SSL_set_app_data(c->ssl, c);
	DTLS_set_timer_cb(c->ssl, client_timer);
}

void lab_client_start(struct lab *lab, struct lab_client *c, uint16_t port, const char *ciphers)
{
	uint16_t i = 0;

	memset(c, 0, sizeof(*c));
	c->lab = lab;
	c->address = RIG_CLIENT;
	c->port = port;
	c->ctx = SSL_CTX_new(DTLS_client_method());
	assert_int_equal(SSL_CTX_set_cipher_list(c->ctx, ciphers), 1);
	SSL_CTX_set_security_level(c->ctx, 0); // for CCM_8, with OpenSSL 3.2 and later
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_QUERY_MTU);
	lab_client_renew(c);
	while (lab->client[i] != NULL)
		i++;
	assert_true(i < LAB_CLIENT_MAX);
	lab->client[i] = c;
}

static unsigned int give_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_max,
			     unsigned char *key, unsigned int key_max)
{
	struct lab_client *c = SSL_get_app_data(ssl);

	snprintf(c->psk_hint, sizeof(c->psk_hint), "%s", hint != NULL ? hint : "");
	snprintf(identity, identity_max, "%s", c->psk_identity);
	return (unsigned int)unit_hex(c->psk_key, key, key_max);
}

void lab_psk(struct lab_client *c, const char *identity, const char *key)
{
	c->psk_identity = identity;
	c->psk_key = key;
	SSL_set_psk_client_callback(c->ssl, give_psk);
}

void lab_client_stop(struct lab_client *c)
{
	for (uint16_t i = 0; i < LAB_CLIENT_MAX; i++) {
		if (c->lab->client[i] == c)
			c->lab->client[i] = NULL;
	}
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
}

void lab_inject(struct lab_client *c, const void *payload, uint16_t len)
{
	struct rig *rig = &c->lab->rig;

	if (len > 1500 - 28) {
		rig_put_fragments(rig, c->address, c->port, RIG_GATEWAY, payload, len);
		return;
	}
	rig_put(rig, RIG_OUTSIDE,
		rig_udp(rig, RIG_OUTSIDE, c->address, c->port, RIG_GATEWAY, RIG_LISTEN_PORT,
			payload, len));
}

int lab_step(struct lab_client *c)
{
	DTLSv1_handle_timeout(c->ssl);
	return SSL_get_error(c->ssl, SSL_do_handshake(c->ssl));
}

bool lab_handshake(struct lab_client *c, unsigned int ms)
{
	uint64_t deadline = rte_rdtsc() + ms * rte_get_tsc_hz() / 1000;

	do {
		int error = lab_step(c);

		if (error == SSL_ERROR_SSL) // the gateway would clear its reason
			return false;
		lab_pump(c->lab);
		if (error != SSL_ERROR_WANT_READ)
			return error == SSL_ERROR_NONE;
		if (c->in.nb == 0)
			lab_wait(c->lab);
	} while (rte_rdtsc() < deadline);
	return false;
}

void lab_check_echo(struct lab_client *c, const char *text)
{
	struct lab *lab = c->lab;
	struct lab_datagram *d = &lab->backend.datagram[0];
	int len = (int)strlen(text);
	char back[256];

	lab->backend.nb = 0;
	assert_int_equal(SSL_write(c->ssl, text, len), len);
	lab_pump(lab);
	assert_int_equal(lab->backend.nb, 1);
	assert_int_equal(d->len, len);
	assert_memory_equal(d->bytes, text, (size_t)len);
	rig_put(&lab->rig, RIG_INSIDE,
		rig_udp(&lab->rig, RIG_INSIDE, RIG_BACKEND, lab->backend_port, RIG_INSIDE_IP,
			lab->nat_port, d->bytes, d->len));
	lab_pump(lab);
	assert_int_equal(SSL_read(c->ssl, back, sizeof(back)), len);
	assert_memory_equal(back, text, (size_t)len);
	lab->backend.nb = 0;
}

void lab_close(struct lab_client *c)
{
	SSL_shutdown(c->ssl);
	lab_pump(c->lab);
}

void lab_finish(struct lab_client *c)
{
	lab_check_nonces(c);
	lab_close(c);
	lab_client_stop(c);
}

static void check_record(struct lab_client *c, const struct traffic_keys *keys,
			 const struct aead_key *key, uint8_t *p, struct record *rec)
{
	struct wire_reader nonce = wire_reader(p + DTLS_RECORD_HEADER_LEN, 8);
	struct aead_op op;

	if (aead_info[keys->suite].explicit_nonce_len != 0)
		assert_int_equal(wire_uint(&nonce, 8), (uint64_t)rec->epoch << 48 | rec->seq);
	assert_true(record_open_prepare(keys->suite, keys->server_iv, p, rec, &op));
	op.key = key;
	aead_open_burst(c->lab->rig.aead, &op, 1);
	assert_true(op.ok);
}

unsigned int lab_check_nonces(struct lab_client *c)
{
	bool used[LAB_QUEUE_MAX * 2] = {false};
	struct traffic_keys keys;
	struct aead_key key;
	unsigned int nb = 0;

	assert_int_equal(keyblock_derive(c->ssl, &keys), 0);
	aead_key_expand(c->lab->rig.aead, keys.suite, keys.server_key, &key);
	for (uint16_t i = 0; i < c->seen.nb; i++) {
		struct lab_datagram copy = c->seen.datagram[i];
		uint16_t at = 0;
		struct record rec;

		while (record_parse(copy.bytes + at, copy.len - at, &rec)) {
			if (rec.epoch == 1) {
				check_record(c, &keys, &key, copy.bytes + at, &rec);
				assert_true(rec.seq < UNIT_NB(used) && !used[rec.seq]);
				used[rec.seq] = true;
				nb++;
			}
			at += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
		}
	}
	return nb;
}

uint16_t lab_seal_as(struct lab_client *c, uint8_t type, uint64_t seq, const void *plain,
		     uint16_t len, uint8_t *out)
{
	struct record rec = {
		.type = type,
		.version = DTLS_VERSION_1_2,
		.epoch = 1,
		.seq = seq,
		.plain_len = len,
	};
	struct traffic_keys keys;
	struct aead_key key;
	struct aead_op op;

	assert_int_equal(keyblock_derive(c->ssl, &keys), 0);
	aead_key_expand(c->lab->rig.aead, keys.suite, keys.client_key, &key);
	memcpy(out + DTLS_RECORD_HEADER_LEN + aead_info[keys.suite].explicit_nonce_len, plain, len);
	record_seal_prepare(keys.suite, keys.client_iv, out, &rec, &op);
	op.key = &key;
	aead_seal_burst(c->lab->rig.aead, &op, 1);
	return DTLS_RECORD_HEADER_LEN + rec.fragment_len;
}

uint16_t lab_seal(struct lab_client *c, uint64_t seq, const char *text, uint8_t *out)
{
	return lab_seal_as(c, DTLS_APPLICATION_DATA, seq, text, (uint16_t)strlen(text), out);
}

void lab_last_flight(struct lab_client *c)
{
	while (c->received < 2 || c->in.nb > 0) {
		lab_step(c);
		if (c->received == 2)
			c->hold = true;
		lab_pump(c->lab);
	}
	assert_true(c->out.nb > 0);
}

static bool has_change_cipher_spec(const struct lab_datagram *d)
{
	struct record rec;
	uint16_t at = 0;

	while (record_parse(d->bytes + at, d->len - at, &rec)) {
		if (rec.type == DTLS_CHANGE_CIPHER_SPEC)
			return true;
		at += DTLS_RECORD_HEADER_LEN + rec.fragment_len;
	}
	return false;
}

void lab_hold_finished(struct lab_client *c)
{
	while (!c->hold) {
		lab_pump(c->lab);
		lab_step(c);
		for (uint16_t i = 0; i < c->out.nb; i++)
			c->hold |= has_change_cipher_spec(&c->out.datagram[i]);
	}
}

void lab_fail_finished(struct lab_client *c)
{
	lab_hold_finished(c);
	c->hold = false;
	lab_pump(c->lab);
	lab_expire(c->lab);
	assert_false(lab_handshake(c, LAB_PATIENCE_MS));
}
