// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_API_H
#define DTLSGW_API_H

#include "cp.h"
#include "session_dir.h"

// The control socket: a Unix stream socket on cp->base at config.control_socket, with mode 0600 or
// 0660.  Whoever may connect may ask for keys.  A client sends requests, each a JSON object on a
// line (cp/api_request.h), and gets a line for each, in their order.  The main thread's, but for
// api_up() and api_down().
//
// Bounds: API_CLIENT_MAX clients.  One is cut off that sends a line over API_LINE_MAX, leaves more
// than API_OUTPUT_MAX unread, does not read for API_WRITE_S or, unless it watches, does not ask
// for API_IDLE_S.
#define API_CLIENT_MAX 16
#define API_LINE_MAX   1024	 // bytes
#define API_OUTPUT_MAX (1 << 18) // bytes
#define API_IDLE_S     60
#define API_WRITE_S    10

// Opens the socket.  Returns NULL with errno set after a LOG.
struct api *api_create(struct cp *cp);

// Cuts everybody off and removes the socket from its place; NULL is fine.
void api_destroy(struct api *api);

// For srtp_dir.c: a session with keys for SRTP is there, or is over.  The main thread will give a
// line to those who watch.  Any thread, with cp->lock held.
void api_up(struct cp *cp, const struct session_entry *entry);
void api_down(struct cp *cp, const struct session_entry *entry);

#endif
