// SPDX-License-Identifier: BSD-3-Clause
#include "cookie_rotation.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

struct cookie_rotation {
	struct cp *cp;
	struct event *timer;
	// One is published.  The other was replaced a whole lifetime ago, and lcores read the
	// pointer anew in every poll: it can be written.
	struct cookie_secrets snapshot[2];
	unsigned int published;
};

static int secret_fill(struct cookie_rotation *rotation, struct cookie_secret *secret)
{
	uint8_t random[COOKIE_SECRET_LEN];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return -EIO;
	cookie_secret_init(secret, rotation->cp->aead, random);
	explicit_bzero(random, sizeof(random));
	return 0;
}

static void publish(struct cookie_rotation *rotation, unsigned int i)
{
	rotation->published = i;
	atomic_store_explicit(&rotation->cp->dp->cookie, &rotation->snapshot[i],
			      memory_order_release);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct cookie_rotation *rotation = arg;
	const struct cookie_secrets *old = &rotation->snapshot[rotation->published];
	struct cookie_secrets *next = &rotation->snapshot[1 - rotation->published];

	(void)fd;
	(void)what;
	if (secret_fill(rotation, &next->secret[0]) < 0) {
		LOG(ERR, "cookie_rotation: no random bytes, the old secret stays");
		return;
	}
	next->secret[1] = old->secret[0];
	publish(rotation, 1 - rotation->published);
	LOG(DEBUG, "cookie_rotation: secret rotated");
}

struct cookie_rotation *cookie_rotation_create(struct cp *cp)
{
	struct timeval lifetime = {.tv_sec = cp->config->cookie_lifetime_s};
	struct cookie_rotation *rotation;
	int ret = -ENOMEM;

	rotation = aligned_alloc(_Alignof(struct cookie_rotation), sizeof(*rotation));
	if (rotation == NULL)
		goto out;
	memset(rotation, 0, sizeof(*rotation));
	rotation->cp = cp;
	for (unsigned int i = 0; i < 2; i++) {
		ret = secret_fill(rotation, &rotation->snapshot[0].secret[i]);
		if (ret < 0)
			goto out;
	}
	ret = -ENOMEM;
	rotation->timer = event_new(cp->base, -1, EV_PERSIST, on_timer, rotation);
	if (rotation->timer == NULL || event_add(rotation->timer, &lifetime) < 0)
		goto out;
	publish(rotation, 0);
	return rotation;
out:
	cookie_rotation_destroy(rotation);
	errno = -ret;
	return NULL;
}

void cookie_rotation_destroy(struct cookie_rotation *rotation)
{
	if (rotation == NULL)
		return;
	atomic_store_explicit(&rotation->cp->dp->cookie, NULL, memory_order_release);
	if (rotation->timer != NULL)
		event_free(rotation->timer);
	explicit_bzero(rotation, sizeof(*rotation));
	free(rotation);
}
