// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <sys/socket.h>

#include "endpoint.h"
#include "peer.h"

#define RETRANSMIT_MAX_MS 60000

static mbedtls_ssl_context ssl;
static mbedtls_ssl_config config;
static mbedtls_x509_crt ca;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static int suites[2]; // ends with 0
static int socket_fd;
static bool up;
static uint64_t soon_ms, due_ms; // of endpoint_now_ms(); due_ms 0: no timer runs

static enum peer_result fail(const char *what, int rc)
{
	char text[160];

	mbedtls_strerror(rc, text, sizeof(text));
	peer_reason("%s: -0x%04x %s", what, (unsigned int)-rc, text);
	return PEER_FAILED;
}

static int on_send(void *arg, const unsigned char *p, size_t len)
{
	ssize_t n = send(socket_fd, p, len, 0);

	(void)arg;
	return n >= 0 ? (int)n : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int on_receive(void *arg, unsigned char *p, size_t room)
{
	ssize_t n = recv(socket_fd, p, room, 0);

	(void)arg;
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static void timer_set(void *arg, uint32_t soon, uint32_t due)
{
	uint64_t now = endpoint_now_ms();

	(void)arg;
	soon_ms = now + soon;
	due_ms = due == 0 ? 0 : now + due;
}

static int timer_get(void *arg)
{
	uint64_t now = endpoint_now_ms();

	(void)arg;
	if (due_ms == 0)
		return -1;
	return now >= due_ms ? 2 : now >= soon_ms;
}

static void init(void)
{
	mbedtls_ssl_init(&ssl);
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&ca);
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&drbg);
}

enum peer_result peer_open(const struct peer_options *options, int fd)
{
	int rc;

	init();
	socket_fd = fd;
	suites[0] = (int)options->suite;
	if (mbedtls_ssl_ciphersuite_from_id(suites[0]) == NULL) {
		peer_reason("%s has no suite 0x%04x", MBEDTLS_VERSION_STRING_FULL,
			    (unsigned int)suites[0]);
		return PEER_CANNOT;
	}
	rc = mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0);
	if (rc != 0)
		return fail("mbedtls_ctr_drbg_seed", rc);
	rc = mbedtls_x509_crt_parse_file(&ca, options->ca);
	if (rc != 0)
		return fail(options->ca, rc);
	rc = mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
					 MBEDTLS_SSL_TRANSPORT_DATAGRAM,
					 MBEDTLS_SSL_PRESET_DEFAULT);
	if (rc != 0)
		return fail("mbedtls_ssl_config_defaults", rc);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
	mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ciphersuites(&config, suites);
	mbedtls_ssl_conf_handshake_timeout(&config, (uint32_t)options->retransmit_ms,
					   RETRANSMIT_MAX_MS);
	rc = mbedtls_ssl_setup(&ssl, &config);
	if (rc == 0)
		rc = mbedtls_ssl_set_hostname(&ssl, options->name);
	if (rc != 0)
		return fail("mbedtls_ssl_setup", rc);
	mbedtls_ssl_set_bio(&ssl, NULL, on_send, on_receive, NULL);
	mbedtls_ssl_set_timer_cb(&ssl, NULL, timer_set, timer_get);
	return PEER_OK;
}

enum peer_result peer_handshake(void)
{
	int rc = mbedtls_ssl_handshake(&ssl);

	if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE)
		return PEER_AGAIN;
	if (rc != 0)
		return fail("mbedtls_ssl_handshake", rc);
	up = true;
	return PEER_OK;
}

int peer_timeout_ms(void)
{
	uint64_t now = endpoint_now_ms();

	if (due_ms == 0)
		return -1;
	return due_ms > now ? (int)(due_ms - now) : 0;
}

bool peer_send(const uint8_t *data, size_t len)
{
	return mbedtls_ssl_write(&ssl, data, len) == (int)len;
}

enum peer_result peer_receive(uint8_t *data, size_t room, size_t *len)
{
	int n = mbedtls_ssl_read(&ssl, data, room);

	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	switch (n) {
	case MBEDTLS_ERR_SSL_WANT_READ:
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return PEER_AGAIN;
	case 0:
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return PEER_CLOSED;
	default:
		return fail("mbedtls_ssl_read", n);
	}
}

void peer_close(void)
{
	if (up)
		mbedtls_ssl_close_notify(&ssl);
	mbedtls_ssl_free(&ssl);
	mbedtls_ssl_config_free(&config);
	mbedtls_x509_crt_free(&ca);
	mbedtls_ctr_drbg_free(&drbg);
	mbedtls_entropy_free(&entropy);
}
