// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "api_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

// A line of the control socket.  What is accepted names one command, and of a session's keys
// exactly one way to find it; what is not gets a sentence.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct api_request r;
	const char *wrong = api_request_parse((const char *)data, size, &r);

	if (wrong != NULL) {
		require(wrong[0] != '\0' && strchr(wrong, '\n') == NULL);
		return 0;
	}
	require(r.command == API_SESSIONS || r.command == API_SRTP || r.command == API_WATCH);
	require(memchr(r.listener, '\0', sizeof(r.listener)) != NULL);
	if (r.command != API_SRTP) {
		require(r.session == 0 && r.peer_port == 0 && r.media_port == 0);
		require(r.listener[0] == '\0' && (r.cursor == 0 || r.command == API_SESSIONS));
		return 0;
	}
	require((r.session != 0) + (r.peer_port != 0) + (r.media_port != 0) == 1);
	require(r.cursor == 0 && (r.listener[0] == '\0' || r.peer_port != 0));
	return 0;
}
