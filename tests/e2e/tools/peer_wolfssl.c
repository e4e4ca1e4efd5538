// SPDX-License-Identifier: BSD-3-Clause
#include <wolfssl/options.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include "endpoint.h"
#include "peer.h"

#define TYPE_CCS       20
#define TYPE_HANDSHAKE 22

// A struct peer_session is a WOLFSSL_SESSION.
struct peer {
	const struct peer_options *options;
	enum peer_return come_back;
	WOLFSSL_CTX *context;
	WOLFSSL *ssl;
	bool up;
	unsigned int asked;    // datagrams with handshake records that came once it was up
	unsigned int answered; // that it sent then
	uint64_t due_ms;       // of endpoint_now_ms(); 0: no timer runs
};

static enum peer_result fail(const struct peer *p, const char *what, int rc)
{
	char text[WOLFSSL_MAX_ERROR_SZ];
	int error = p->ssl == NULL ? rc : wolfSSL_get_error(p->ssl, rc);

	wolfSSL_ERR_error_string_n((unsigned long)error, text, sizeof(text));
	peer_reason("%s: %d %s", what, error, text);
	return PEER_FAILED;
}

static bool wants_more(const struct peer *p, int rc)
{
	int error = wolfSSL_get_error(p->ssl, rc);

	return error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE;
}

#ifndef NO_PSK
static unsigned int on_psk(WOLFSSL *ssl, const char *hint, char *identity,
			   unsigned int identity_room, unsigned char *key, unsigned int key_room)
{
	(void)hint;
	return peer_psk(wolfSSL_get_psk_callback_ctx(ssl), identity, identity_room, key, key_room);
}
#endif

static bool is_handshake(const char *datagram, int len)
{
	return len > 0 && (datagram[0] == TYPE_HANDSHAKE || datagram[0] == TYPE_CCS);
}

static int on_receive(WOLFSSL *ssl, char *datagram, int room, void *arg)
{
	struct peer *p = wolfSSL_get_app_data(ssl);
	int len = EmbedReceiveFrom(ssl, datagram, room, arg);

	p->asked += p->up && is_handshake(datagram, len);
	return len;
}

static int on_send(WOLFSSL *ssl, char *datagram, int len, void *arg)
{
	struct peer *p = wolfSSL_get_app_data(ssl);

	p->answered += p->up && is_handshake(datagram, len);
	return EmbedSendTo(ssl, datagram, len, arg);
}

static enum peer_result suite_set(struct peer *p, const struct peer_way *way)
{
	const char *name = wolfSSL_get_cipher_name_from_suite((unsigned char)(way->suite >> 8),
							      way->suite & 0xff);

#ifndef NO_PSK
	// In front of the suites, which it adds to.
	if (way->psk) {
		wolfSSL_CTX_set_psk_client_callback(p->context, on_psk);
		wolfSSL_CTX_set_psk_callback_ctx(p->context, (void *)p->options);
	}
#endif
	if (name != NULL && wolfSSL_CTX_set_cipher_list(p->context, name) == WOLFSSL_SUCCESS)
		return PEER_OK;
	peer_reason("wolfSSL %s has no such suite", wolfSSL_lib_version());
	return PEER_CANNOT;
}

static enum peer_result context_make(struct peer *p, const struct peer_way *way)
{
	static bool ready;

	if (!ready)
		ready = wolfSSL_Init() == WOLFSSL_SUCCESS;
	p->context = wolfSSL_CTX_new(wolfDTLSv1_2_client_method());
	if (p->context == NULL) {
		peer_reason("wolfSSL_CTX_new");
		return PEER_FAILED;
	}
	if (wolfSSL_CTX_load_verify_locations(p->context, p->options->ca, NULL) !=
	    WOLFSSL_SUCCESS) {
		peer_reason("%s cannot be read", p->options->ca);
		return PEER_FAILED;
	}
	wolfSSL_CTX_set_verify(p->context, WOLFSSL_VERIFY_PEER, NULL);
	return suite_set(p, way);
}

enum peer_result peer_open(struct peer **peer, const struct peer_options *options,
			   const struct peer_way *way, int fd)
{
	struct peer *p = *peer = calloc(1, sizeof(*p));
	struct sockaddr_storage gateway;
	socklen_t len = sizeof(gateway);
	enum peer_result rc;

	p->options = options;
	p->come_back = way->come_back;
	rc = context_make(p, way);
	if (rc != PEER_OK)
		return rc;
	p->ssl = wolfSSL_new(p->context);
	if (p->ssl == NULL || wolfSSL_set_fd(p->ssl, fd) != WOLFSSL_SUCCESS ||
	    (!way->psk && wolfSSL_check_domain_name(p->ssl, options->name) != WOLFSSL_SUCCESS)) {
		peer_reason("wolfSSL_new");
		return PEER_FAILED;
	}
	// 5.5.4 offers X25519 with ECDHE-PSK and then takes only points.
	if (way->psk)
		wolfSSL_UseSupportedCurve(p->ssl, WOLFSSL_ECC_SECP256R1);
	if (way->come_back == PEER_BY_TICKET &&
	    wolfSSL_UseSessionTicket(p->ssl) != WOLFSSL_SUCCESS) {
		peer_reason("wolfSSL %s has no tickets", wolfSSL_lib_version());
		return PEER_CANNOT;
	}
	if (way->session != NULL &&
	    wolfSSL_set_session(p->ssl, (WOLFSSL_SESSION *)way->session) != WOLFSSL_SUCCESS) {
		peer_reason("wolfSSL_set_session");
		return PEER_FAILED;
	}
	// Or the first read that finds nothing leaves an address without a family to send to.
	getpeername(fd, (struct sockaddr *)&gateway, &len);
	wolfSSL_dtls_set_peer(p->ssl, &gateway, len);
	wolfSSL_dtls_set_using_nonblock(p->ssl, 1);
	wolfSSL_set_app_data(p->ssl, p);
	wolfSSL_SSLSetIORecv(p->ssl, on_receive);
	wolfSSL_SSLSetIOSend(p->ssl, on_send);
	return PEER_OK;
}

// wolfSSL has a time for its user to wait for a datagram, which grows.  It is meant in seconds.
static uint64_t wait_ms(const struct peer *p)
{
	int n = wolfSSL_dtls_get_current_timeout(p->ssl);

	return p->options->retransmit_ms * (uint64_t)(n < PEER_BACKOFF ? n : PEER_BACKOFF);
}

enum peer_result peer_handshake(struct peer *p)
{
	int rc;

	if (p->due_ms != 0 && endpoint_now_ms() >= p->due_ms) {
		p->due_ms = 0;
		rc = wolfSSL_dtls_got_timeout(p->ssl);
		if (rc != WOLFSSL_SUCCESS && !wants_more(p, rc))
			return fail(p, "wolfSSL_dtls_got_timeout", rc);
	}
	rc = wolfSSL_connect(p->ssl);
	if (rc == WOLFSSL_SUCCESS) {
		p->up = true;
		return PEER_OK;
	}
	if (!wants_more(p, rc))
		return fail(p, "wolfSSL_connect", rc);
	if (p->due_ms == 0)
		p->due_ms = endpoint_now_ms() + wait_ms(p);
	return PEER_AGAIN;
}

int peer_timeout_ms(struct peer *p)
{
	return peer_left_ms(p->due_ms);
}

bool peer_send(struct peer *p, const uint8_t *data, size_t len)
{
	return wolfSSL_write(p->ssl, data, (int)len) == (int)len;
}

enum peer_result peer_receive(struct peer *p, uint8_t *data, size_t room, size_t *len)
{
	int n = wolfSSL_read(p->ssl, data, (int)room);

	if (n > 0) {
		*len = (size_t)n;
		return PEER_OK;
	}
	if (wants_more(p, n))
		return PEER_AGAIN;
	if (wolfSSL_get_error(p->ssl, n) == WOLFSSL_ERROR_ZERO_RETURN)
		return PEER_CLOSED;
	if (wolfSSL_get_error(p->ssl, n) == DUPLICATE_MSG_E && peer_resumed(p) && p->asked > 0) {
		peer_reason("wolfSSL %s gives up when it is asked for its last flight",
			    wolfSSL_lib_version());
		return PEER_CANNOT;
	}
	return fail(p, "wolfSSL_read", n);
}

bool peer_resumed(struct peer *p)
{
	return wolfSSL_session_reused(p->ssl) != 0;
}

bool peer_mute(struct peer *p)
{
	if (!peer_resumed(p) || p->asked < 2 || p->answered > 0)
		return false;
	peer_reason("wolfSSL %s was asked %u times for its last flight and did not repeat it",
		    wolfSSL_lib_version(), p->asked);
	return true;
}

struct peer_session *peer_session_take(struct peer *p)
{
	WOLFSSL_SESSION *session = wolfSSL_get1_session(p->ssl);
	bool ticket = session != NULL && wolfSSL_SESSION_has_ticket(session) != 0;

	if (session == NULL || ticket != (p->come_back == PEER_BY_TICKET)) {
		peer_reason("the session has %s ticket", ticket ? "a" : "no");
		wolfSSL_SESSION_free(session);
		return NULL;
	}
	return (struct peer_session *)session;
}

void peer_session_free(struct peer_session *s)
{
	wolfSSL_SESSION_free((WOLFSSL_SESSION *)s);
}

void peer_close(struct peer *p)
{
	if (p == NULL)
		return;
	if (p->up)
		wolfSSL_shutdown(p->ssl);
	wolfSSL_free(p->ssl);
	wolfSSL_CTX_free(p->context);
	free(p);
}
