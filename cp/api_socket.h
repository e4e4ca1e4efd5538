// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_API_SOCKET_H
#define DTLSGW_API_SOCKET_H

#include <sys/stat.h>

#include "config.h"

// The control socket's place in the file system.
struct api_socket {
	const char *path;
	dev_t dev; // of the socket there
	ino_t ino;
};

// Makes the socket at config->control_socket with its owner and mode, before anybody can connect:
// the caller listens.  A socket that is there and has no listener is removed first; anything else
// there stays.  Returns a file descriptor, or -errno after a LOG.
int api_socket_open(struct api_socket *s, const struct config *config);

// Removes the socket, unless something else has taken its place; the descriptor is the caller's.
void api_socket_remove(const struct api_socket *s);

#endif
