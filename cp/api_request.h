// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_API_REQUEST_H
#define DTLSGW_API_REQUEST_H

#include <stdbool.h>

#include "config.h"
#include "session.h"

// A request on the control socket, one JSON object:
//
//   {"command": "sessions", "cursor": N}   some live sessions; N: from where on, 0 if left away
//   {"command": "srtp", "session": "ID"}   the SRTP keys of one session
//   {"command": "srtp", "peer": "ADDRESS:PORT", "listener": "NAME"}
//                                          the same; the listener may be left away
//   {"command": "srtp", "media_from": "ADDRESS:PORT"}
//                                          the same by the gateway's address and port from which
//                                          the media server gets the client's STUN and RTP
//   {"command": "watch"}                   from now on a line for each session with SRTP that
//                                          begins or ends
enum api_command { API_SESSIONS, API_SRTP, API_WATCH };

struct api_request {
	enum api_command command;
	uint32_t cursor;
	session_id session;		// 0: not given
	struct ip_addr peer;		// unset: not given
	rte_be16_t peer_port;		// 0: not given
	char listener[CONFIG_NAME_LEN]; // "": not given
	struct ip_addr media_from;	// unset: not given
	rte_be16_t media_port;		// 0: not given
};

// Reads len bytes, a line without its end.  Returns NULL, or a sentence that says what is wrong.
// Safe for every input.
const char *api_request_parse(const char *line, size_t len, struct api_request *request);

#endif
