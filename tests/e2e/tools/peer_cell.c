// SPDX-License-Identifier: BSD-3-Clause
#include "peer_cell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rng.h"

#define DATAGRAM_MAX 16384
#define TRIES_MAX    60 // of one datagram on a lossy way

static const size_t sizes[] = {1, 2, 15, 16, 17, 100, 255, 256, 257, 1000, 1024, 1200};
// Of a cell with two associations.
static const size_t few_sizes[] = {1, 16, 257, 1200};
#define SIZES_NB     (sizeof(sizes) / sizeof(sizes[0]))
#define FEW_SIZES_NB (sizeof(few_sizes) / sizeof(few_sizes[0]))

static struct cell *current; // whose turn it is
static uint8_t wanted[DATAGRAM_MAX], got[DATAGRAM_MAX];

void peer_reason(const char *format, ...)
{
	va_list args;

	if (current->reason[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(current->reason, sizeof(current->reason), format, args);
	va_end(args);
}

unsigned int peer_psk(const struct peer_options *options, char *identity,
		      unsigned int identity_room, unsigned char *key, unsigned int key_room)
{
	if (strlen(options->identity) >= identity_room || options->key_len > key_room)
		return 0;
	strcpy(identity, options->identity);
	memcpy(key, options->key, options->key_len);
	return (unsigned int)options->key_len;
}

int peer_left_ms(uint64_t due_ms)
{
	uint64_t now = endpoint_now_ms();

	if (due_ms == 0)
		return -1;
	return due_ms > now ? (int)(due_ms - now) : 0;
}

static bool is_lossy(const struct cell *c)
{
	return c->seed != 0;
}

static size_t size_nb(const struct cell *c)
{
	return c->way.come_back == PEER_NEVER ? SIZES_NB : FEW_SIZES_NB;
}

static size_t datagram_make(const struct cell *c, size_t index)
{
	uint64_t state = c->seed * UINT64_C(1000003) + 2 * index + c->second;
	size_t len = c->way.come_back == PEER_NEVER ? sizes[index] : few_sizes[index];

	rng_fill(&state, wanted, len);
	return len;
}

static bool is_echo(const struct cell *c, size_t index, size_t len)
{
	return datagram_make(c, index) == len && memcmp(wanted, got, len) == 0;
}

// True for a late echo of a datagram before index.
static bool is_repeated(const struct cell *c, size_t index, size_t len)
{
	while (is_lossy(c) && index-- > 0)
		if (is_echo(c, index, len))
			return true;
	return false;
}

static enum peer_result open_association(struct cell *c, const struct cell_options *options)
{
	uint16_t port = c->source_port == 0 ? 0 : (uint16_t)(c->source_port + c->second);

	c->up = false;
	c->index = 0;
	c->tries = 0;
	c->begun_ms = endpoint_now_ms();
	c->fd = endpoint_connect(&c->gateway, port);
	if (c->fd < 0) {
		peer_reason("no socket on port %u", port);
		return PEER_FAILED;
	}
	return peer_open(&c->peer, &options->peer, &c->way, c->fd);
}

static void close_association(struct cell *c)
{
	peer_close(c->peer);
	c->peer = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

enum peer_result cell_start(struct cell *c, const struct cell_options *options)
{
	current = c;
	c->fd = -1;
	c->deadline_ms = endpoint_now_ms() + options->timeout_s * 1000;
	return open_association(c, options);
}

void cell_end(struct cell *c)
{
	current = c;
	close_association(c);
	peer_session_free(c->way.session);
	c->way.session = NULL;
}

static bool send_datagram(struct cell *c, const struct cell_options *options)
{
	if (!peer_send(c->peer, wanted, datagram_make(c, c->index))) {
		peer_reason("datagram %zu cannot be sent", c->index);
		return false;
	}
	c->tries++;
	c->try_end_ms = endpoint_now_ms() + options->quiet_ms;
	return true;
}

static enum peer_result handshake(struct cell *c, const struct cell_options *options)
{
	enum peer_result rc = peer_handshake(c->peer);

	if (rc != PEER_OK)
		return rc;
	c->up = true;
	c->up_ms = endpoint_now_ms() - c->begun_ms;
	if (peer_resumed(c->peer) != c->second) {
		peer_reason("the %s handshake was %sresumed", c->second ? "second" : "first",
			    c->second ? "not " : "");
		return PEER_FAILED;
	}
	return send_datagram(c, options) ? PEER_OK : PEER_FAILED;
}

// Takes what is there.  PEER_OK after the echo that is awaited.
static enum peer_result take_echoes(struct cell *c)
{
	enum peer_result rc;
	size_t len;

	while ((rc = peer_receive(c->peer, got, sizeof(got), &len)) == PEER_OK) {
		if (is_echo(c, c->index, len))
			return PEER_OK;
		if (!is_repeated(c, c->index, len)) {
			peer_reason("datagram %zu: an echo of %zu bytes is none of what was sent",
				    c->index, len);
			return PEER_FAILED;
		}
		c->repeated++;
	}
	if (rc == PEER_CLOSED) {
		peer_reason("datagram %zu: the gateway closed the association", c->index);
		rc = PEER_FAILED;
	}
	return rc;
}

// PEER_OK when the last datagram is back.
static enum peer_result echoes(struct cell *c, const struct cell_options *options)
{
	enum peer_result rc;

	while ((rc = take_echoes(c)) == PEER_OK) {
		c->index++;
		c->tries = 0;
		if (c->index == size_nb(c))
			return PEER_OK;
		if (!send_datagram(c, options))
			return PEER_FAILED;
	}
	if (rc != PEER_AGAIN || endpoint_now_ms() < c->try_end_ms)
		return rc;
	if (!is_lossy(c) || c->tries == TRIES_MAX) {
		if (is_lossy(c) && peer_mute(c->peer))
			return PEER_CANNOT;
		peer_reason("datagram %zu: no echo", c->index);
		return PEER_FAILED;
	}
	c->again++;
	return send_datagram(c, options) ? PEER_AGAIN : PEER_FAILED;
}

static enum peer_result come_back(struct cell *c, const struct cell_options *options)
{
	c->way.session = peer_session_take(c->peer);
	if (c->way.session == NULL)
		return PEER_FAILED;
	close_association(c);
	c->second = true;
	return open_association(c, options);
}

enum peer_result cell_turn(struct cell *c, const struct cell_options *options)
{
	enum peer_result rc;

	current = c;
	rc = c->up ? PEER_OK : handshake(c, options);
	if (rc == PEER_OK)
		rc = echoes(c, options);
	if (rc == PEER_OK && c->way.come_back != PEER_NEVER && !c->second) {
		rc = come_back(c, options);
		if (rc == PEER_OK)
			rc = handshake(c, options);
	}
	if (rc == PEER_AGAIN && endpoint_now_ms() >= c->deadline_ms) {
		peer_reason("%s %s: no end after %" PRIu64 " s", c->second ? "second" : "first",
			    c->up ? "echoes" : "handshake", options->timeout_s);
		rc = PEER_FAILED;
	}
	return rc;
}

int cell_wait_ms(struct cell *c)
{
	uint64_t now = endpoint_now_ms(), end = c->deadline_ms;
	int timer = c->up ? -1 : peer_timeout_ms(c->peer);

	if (c->up && c->try_end_ms < end)
		end = c->try_end_ms;
	if (timer >= 0 && now + (uint64_t)timer < end)
		end = now + (uint64_t)timer;
	return end > now ? (int)(end - now) : 0;
}
