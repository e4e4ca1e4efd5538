// SPDX-License-Identifier: BSD-3-Clause
// A client of a listener with SRTP and a media server that echoes: STUN, RTP and DTLS on one port,
// before, during and after a handshake.  Every datagram of STUN and RTP must come back as it was.
// Prints "exported PROFILE CLIENT-KEY SERVER-KEY", each key the base64 of master key and salt, and
// then holds the session until it gets SIGTERM.  At SIGUSR1 it sends RTP until some comes back, and
// says so.
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "association.h"
#include "options.h"
#include "rng.h"

#define LABEL	    "EXTRACTOR-dtls_srtp"
#define QUIET_MS    300
#define PATIENCE_MS 10000
#define AGAIN_MS    1000 // until RTP is taken for lost
#define MEDIA_MAX   1400
#define KEY_MAX	    44 // bytes of a master key and its salt

static const char *host, *port, *profiles;
static struct association_options options = {.mtu = 1500};
static uint64_t source_port;
static struct association a;
static volatile sig_atomic_t stopped, asked;
static unsigned int sent; // datagrams of STUN and RTP

// The datagram that is on its way; 0: it is back.
static uint8_t media[MEDIA_MAX];
static size_t media_len;

static const struct {
	uint16_t id;
	uint8_t key_len, salt_len; // bytes
} lengths[] = {{1, 16, 14}, {2, 16, 14}, {7, 16, 12}, {8, 32, 12}};

static void on_sigterm(int signal_nb)
{
	(void)signal_nb;
	stopped = 1;
}

static void on_sigusr1(int signal_nb)
{
	(void)signal_nb;
	asked = 1;
}

static bool fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return false;
}

static void on_media(const uint8_t *p, size_t len)
{
	if (len == media_len && memcmp(p, media, len) == 0)
		media_len = 0;
}

// Sends STUN (kind 0) or RTP of some length.
static bool send_media(int kind)
{
	static const uint8_t binding_request[] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	uint64_t state = ++sent;

	media_len = kind == 0 ? 20 : 12 + rng_next(&state) % (MEDIA_MAX - 12);
	rng_fill(&state, media, media_len);
	if (kind == 0)
		memcpy(media, binding_request, sizeof(binding_request));
	else
		media[0] = (uint8_t)(0x80 | (media[0] & 0x3f));
	return association_send_raw(&a, media, media_len);
}

// Reads until the datagram is back, ms passed, or an application record came.
static int receive(unsigned int ms, uint8_t *data, size_t room)
{
	uint64_t deadline = endpoint_now_ms() + ms;
	int n;

	while ((n = association_receive(&a, data, room)) < 0 && media_len > 0) {
		int64_t left = (int64_t)(deadline - endpoint_now_ms());

		if (left <= 0)
			break;
		association_wait(&a, (int)left);
	}
	return n;
}

// Reads the socket without libssl, as long as there is no handshake.
static void receive_raw(unsigned int ms)
{
	uint64_t deadline = endpoint_now_ms() + ms;
	uint8_t data[2 * MEDIA_MAX];
	ssize_t n;

	while (media_len > 0) {
		int64_t left = (int64_t)(deadline - endpoint_now_ms());

		if (left <= 0 || !association_wait(&a, (int)left))
			return;
		n = recv(a.fd, data, sizeof(data), 0);
		if (n > 0)
			on_media(data, (size_t)n);
	}
}

// RTP has no way before STUN has made one.
static bool before_handshake(void)
{
	if (!send_media(1))
		return false;
	receive_raw(QUIET_MS);
	if (media_len == 0)
		return fail("RTP of an unknown flow came back");
	for (int i = 0; i < 20; i++) {
		if (!send_media(i % 4))
			return false;
		receive_raw(PATIENCE_MS);
		if (media_len > 0)
			return fail("no echo before the handshake");
	}
	return true;
}

// One datagram is on its way at each step of the handshake.
static bool handshake(void)
{
	uint64_t deadline = endpoint_now_ms() + PATIENCE_MS;
	unsigned int echoed = 0;
	int done;

	while ((done = association_handshake(&a)) == 0) {
		if (media_len == 0) {
			echoed++;
			if (!send_media((int)(echoed % 2)))
				return false;
		}
		if (endpoint_now_ms() > deadline)
			return fail("no handshake in time");
		association_wait(&a, 50);
	}
	printf("during the handshake: %u echoed\n", echoed);
	return done == 1 && (echoed > 1 || fail("no echo during the handshake"));
}

static bool with_session(void)
{
	static const uint8_t hello[] = "data channel";
	uint8_t data[256];

	receive(PATIENCE_MS, data, sizeof(data)); // what was on its way
	for (int i = 0; i < 100; i++) {
		if (!association_send(&a, hello, sizeof(hello)) || !send_media(i % 4))
			return false;
		if (receive(PATIENCE_MS, data, sizeof(data)) < 0 && media_len > 0)
			return fail("neither echo with a session");
		while (media_len > 0 && receive(PATIENCE_MS, data, sizeof(data)) >= 0)
			continue;
		if (media_len > 0)
			return fail("no echo of media with a session");
	}
	return true;
}

static void print_key(const uint8_t *key, int key_len, const uint8_t *salt, int salt_len)
{
	uint8_t bytes[KEY_MAX];
	unsigned char text[(KEY_MAX + 2) / 3 * 4 + 1];

	memcpy(bytes, key, (size_t)key_len);
	memcpy(bytes + key_len, salt, (size_t)salt_len);
	EVP_EncodeBlock(text, bytes, key_len + salt_len);
	printf(" %s", text);
}

static bool print_export(void)
{
	const SRTP_PROTECTION_PROFILE *selected = SSL_get_selected_srtp_profile(a.ssl);
	uint8_t block[2 * KEY_MAX];
	size_t i = 0;

	if (selected == NULL)
		return fail("no SRTP profile");
	while (lengths[i].id != selected->id)
		i++;
	if (SSL_export_keying_material(a.ssl, block,
				       2u * (lengths[i].key_len + lengths[i].salt_len), LABEL,
				       strlen(LABEL), NULL, 0, 0) != 1)
		return fail("no export");
	printf("exported %s", selected->name);
	for (int side = 0; side < 2; side++)
		print_key(block + side * lengths[i].key_len, lengths[i].key_len,
			  block + 2 * lengths[i].key_len + side * lengths[i].salt_len,
			  lengths[i].salt_len);
	printf("\n");
	return true;
}

// RTP of a flow that has a session, whatever others do.
static bool again(void)
{
	uint8_t data[256];

	for (int i = 0; i < PATIENCE_MS / AGAIN_MS; i++) {
		if (!send_media(1))
			return false;
		receive(AGAIN_MS, data, sizeof(data));
		if (media_len > 0)
			continue;
		printf("again: echoed\n");
		fflush(stdout);
		return true;
	}
	return fail("no echo of RTP with a session");
}

// Media goes on when DTLS is over.
static bool after_session(void)
{
	SSL_shutdown(a.ssl);
	a.closed = true;
	for (int i = 0; i < 10; i++) {
		if (!send_media(i % 2))
			return false;
		receive_raw(PATIENCE_MS);
		if (media_len > 0)
			return fail("no echo after the session");
	}
	printf("after the session: echoed\n");
	return true;
}

static bool run(void)
{
	if (!before_handshake() || !handshake() || !with_session() || !print_export())
		return false;
	printf("holding\n");
	fflush(stdout);
	while (!stopped) {
		association_wait(&a, 100);
		if (!asked)
			continue;
		asked = 0;
		if (!again())
			return false;
	}
	return after_session();
}

static const struct option_line lines[] = {
	{.name = "host", .text = &host},
	{.name = "port", .text = &port},
	{.name = "ca", .text = &options.ca},
	{.name = "profiles", .text = &profiles},
	{.name = "source-port", .number = &source_port},
};

int main(int argc, char **argv)
{
	struct endpoint peer;
	SSL_CTX *context;
	bool ok;

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (host == NULL || port == NULL || profiles == NULL)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	if (!endpoint_parse(&peer, host, port))
		return 2;
	context = association_context(&options);
	if (context == NULL || SSL_CTX_set_tlsext_use_srtp(context, profiles) != 0 ||
	    !association_open(&a, context, &peer, (uint16_t)source_port, options.mtu))
		return 2;
	signal(SIGTERM, on_sigterm);
	signal(SIGUSR1, on_sigusr1);
	a.take_other = on_media;
	ok = run();
	association_close(&a, true);
	SSL_CTX_free(context);
	return ok ? 0 : 1;
}
