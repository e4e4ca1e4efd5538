// SPDX-License-Identifier: BSD-3-Clause
#include <wolfssl/options.h>

#include <sys/socket.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include "endpoint.h"
#include "peer.h"

static WOLFSSL_CTX *context;
static WOLFSSL *ssl;
static bool up;
static uint64_t due_ms; // of endpoint_now_ms(); 0: no timer runs

static enum peer_result fail(const char *what, int rc)
{
	char text[WOLFSSL_MAX_ERROR_SZ];
	int error = ssl == NULL ? rc : wolfSSL_get_error(ssl, rc);

	wolfSSL_ERR_error_string_n((unsigned long)error, text, sizeof(text));
	peer_reason("%s: %d %s", what, error, text);
	return PEER_FAILED;
}

static bool wants_more(int rc)
{
	int error = wolfSSL_get_error(ssl, rc);

	return error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE;
}

static enum peer_result suite_set(uint16_t suite)
{
	const char *name =
		wolfSSL_get_cipher_name_from_suite((unsigned char)(suite >> 8), suite & 0xff);

	if (name != NULL && wolfSSL_CTX_set_cipher_list(context, name) == WOLFSSL_SUCCESS)
		return PEER_OK;
	peer_reason("wolfSSL %s has no suite 0x%04x", wolfSSL_lib_version(), suite);
	return PEER_CANNOT;
}

enum peer_result peer_open(const struct peer_options *options, int fd)
{
	struct sockaddr_storage gateway;
	socklen_t len = sizeof(gateway);
	enum peer_result rc;

	wolfSSL_Init();
	context = wolfSSL_CTX_new(wolfDTLSv1_2_client_method());
	if (context == NULL) {
		peer_reason("wolfSSL_CTX_new");
		return PEER_FAILED;
	}
	if (wolfSSL_CTX_load_verify_locations(context, options->ca, NULL) != WOLFSSL_SUCCESS) {
		peer_reason("%s cannot be read", options->ca);
		return PEER_FAILED;
	}
	wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
	rc = suite_set((uint16_t)options->suite);
	if (rc != PEER_OK)
		return rc;
	ssl = wolfSSL_new(context);
	if (ssl == NULL || wolfSSL_set_fd(ssl, fd) != WOLFSSL_SUCCESS ||
	    wolfSSL_check_domain_name(ssl, options->name) != WOLFSSL_SUCCESS) {
		peer_reason("wolfSSL_new");
		return PEER_FAILED;
	}
	// Or the first read that finds nothing leaves an address without a family to send to.
	getpeername(fd, (struct sockaddr *)&gateway, &len);
	wolfSSL_dtls_set_peer(ssl, &gateway, len);
	wolfSSL_dtls_set_using_nonblock(ssl, 1);
	return PEER_OK;
}

// wolfSSL has a time in whole seconds for its user to wait for a datagram.
enum peer_result peer_handshake(void)
{
	int rc;

	if (due_ms != 0 && endpoint_now_ms() >= due_ms) {
		due_ms = 0;
		rc = wolfSSL_dtls_got_timeout(ssl);
		if (rc != WOLFSSL_SUCCESS && !wants_more(rc))
			return fail("wolfSSL_dtls_got_timeout", rc);
	}
	rc = wolfSSL_connect(ssl);
	if (rc == WOLFSSL_SUCCESS) {
		up = true;
		return PEER_OK;
	}
	if (!wants_more(rc))
		return fail("wolfSSL_connect", rc);
	if (due_ms == 0)
		due_ms = endpoint_now_ms() + 1000 * (uint64_t)wolfSSL_dtls_get_current_timeout(ssl);
	return PEER_AGAIN;
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
	return wolfSSL_write(ssl, data, (int)len) == (int)len;
}

enum peer_result peer_receive(uint8_t *data, size_t room, size_t *len)
{
	int n = wolfSSL_read(ssl, data, (int)room);

	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	if (wants_more(n))
		return PEER_AGAIN;
	if (wolfSSL_get_error(ssl, n) == WOLFSSL_ERROR_ZERO_RETURN)
		return PEER_CLOSED;
	return fail("wolfSSL_read", n);
}

void peer_close(void)
{
	if (up)
		wolfSSL_shutdown(ssl);
	wolfSSL_free(ssl);
	wolfSSL_CTX_free(context);
	wolfSSL_Cleanup();
}
