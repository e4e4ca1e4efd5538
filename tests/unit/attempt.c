// SPDX-License-Identifier: BSD-3-Clause
#include "attempt.h"

#include <openssl/err.h>
#include <rte_cycles.h>

#include "dtls.h"
#include "failure.h"
#include "unit.h"

struct lab failure_lab;
struct lab_client attempt;
static struct lab *const lab = &failure_lab;

// Nothing is lost here, and what a client sends again while the machine is busy would be one more
// handshake.
static unsigned int never(SSL *ssl, unsigned int us)
{
	(void)ssl;
	(void)us;
	return 1000000000;
}

void attempt_start_on(uint16_t port, const char *ciphers)
{
	lab_client_start(lab, &attempt, port, ciphers);
	DTLS_set_timer_cb(attempt.ssl, never);
}

void attempt_start(const char *ciphers)
{
	attempt_start_on(LAB_PORT, ciphers);
}

// The alert in OpenSSL's queue, as its own reason.
static int alert_get(void)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (reason > SSL_AD_REASON_OFFSET) {
		ERR_clear_error();
		return reason - SSL_AD_REASON_OFFSET;
	}
	if (reason != 0) // the client gave up for a reason of its own
		print_message("client: %s\n", ERR_reason_error_string(ERR_get_error()));
	ERR_clear_error();
	return FAILURE_NO_ALERT;
}

int attempt_stop(void)
{
	int alert = alert_get();

	lab_client_stop(&attempt);
	return alert;
}

int attempt_refused(void)
{
	assert_false(lab_handshake(&attempt, LAB_PATIENCE_MS));
	return attempt_stop();
}

// What has come for the client, up to an alert.
static void take_answers(void)
{
	while (attempt.in.nb > 0 && lab_step(&attempt) == SSL_ERROR_WANT_READ)
		continue;
}

int attempt_expire(void)
{
	lab_expire(lab);
	take_answers();
	return attempt_stop();
}

void attempt_hold(uint16_t received)
{
	uint64_t deadline = rte_rdtsc() + LAB_PATIENCE_MS * rte_get_tsc_hz() / 1000;

	while (attempt.received < received || attempt.in.nb > 0) {
		assert_true(rte_rdtsc() < deadline);
		lab_step(&attempt);
		attempt.hold = attempt.received >= received;
		lab_pump(lab);
		if (attempt.in.nb == 0 && attempt.out.nb == 0)
			lab_wait(lab);
	}
	assert_true(attempt.out.nb > 0);
}

int attempt_let_go(void)
{
	attempt.hold = false;
	lab_pump(lab);
	take_answers();
	return attempt_stop();
}

struct wire_reader attempt_find(uint8_t type, uint8_t **record)
{
	for (uint16_t i = 0; i < attempt.out.nb; i++) {
		struct lab_datagram *d = &attempt.out.datagram[i];
		struct record rec;

		for (uint16_t at = 0; record_parse(d->bytes + at, d->len - at, &rec);
		     at += DTLS_RECORD_HEADER_LEN + rec.fragment_len) {
			*record = d->bytes + at;
			if (rec.type == DTLS_HANDSHAKE && rec.epoch == 0 &&
			    (*record)[DTLS_RECORD_HEADER_LEN] == type)
				return wire_reader(*record + DTLS_RECORD_HEADER_LEN,
						   rec.fragment_len);
		}
	}
	fail_msg("no message of type %u", type);
	return wire_reader(NULL, 0);
}

void attempt_inject(uint8_t type, uint8_t message, uint16_t message_seq, const void *body,
		    uint8_t len)
{
	uint8_t bytes[256];
	struct wire_writer w = wire_writer(bytes, sizeof(bytes));
	uint8_t head = message == 0 ? 0 : DTLS_HANDSHAKE_HEADER_LEN;

	wire_put_uint(&w, type, 1);
	wire_put_uint(&w, DTLS_VERSION_1_2, 2);
	wire_put_uint(&w, 50, 8); // epoch and sequence number
	wire_put_uint(&w, head + len, 2);
	if (head > 0) {
		wire_put_uint(&w, message, 1);
		wire_put_uint(&w, len, 3);
		wire_put_uint(&w, message_seq, 2);
		wire_put_uint(&w, 0, 3);
		wire_put_uint(&w, len, 3);
	}
	wire_put_bytes(&w, body, len);
	attempt.out.nb = 0;
	lab_inject(&attempt, bytes, (uint16_t)(w.next - bytes));
}
