// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_API_ANSWER_H
#define DTLSGW_API_ANSWER_H

#include "api_request.h"
#include "cp.h"
#include "session_dir.h"

#define API_PAGE  64  // sessions in an answer
#define API_STEPS 256 // of session_dir_list() for an answer, on the main thread

// What goes out on the control socket.  Each returns a line with its end, which may hold keys and
// goes to api_text_free(); NULL: no memory.  JSON's own memory is wiped as it is freed, once
// api_answer_init() was called.
void api_answer_init(void);

// {"error": "REASON"}
char *api_error(const char *reason);

// To every request; to API_WATCH it is {"watch": true}.
//
//   {"sessions": [{"session", "listener", "peer", "local", "data_from"}, ...], "next": N}
//       also "media_from" if there is a relay, "profile" if there are keys; "next" if there may be
//       more, at the latest after API_PAGE of them or API_STEPS steps of the directory
//   {"session", ..., "profile", "client_key", "server_key"}
//       the same of one session; a key is the base64 of master key and master salt, as behind
//       "inline:" in RFC 4568 section 6.1; also "subject" and "fingerprint" of the client's
//       certificate, if it has one
// Takes cp->lock for what one session has, or a step of the directory's walk, and does not print a
// list with it.
char *api_answer(struct cp *cp, const struct api_request *request);

// A session with keys, as for API_SRTP and with "event": "up"; or without them, with "event":
// "down" and the "reason" of its end.  cp->lock is held.
char *api_event_up(const struct cp *cp, const struct session_entry *entry);
char *api_event_down(const struct cp *cp, const struct session_entry *entry);

// Wipes and frees; NULL is fine.
void api_text_free(char *text);

#endif
