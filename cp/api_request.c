// SPDX-License-Identifier: BSD-3-Clause
#include "api_request.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

// Reads a decimal number of at most most; NULL is none.
static bool number(const char *text, uint64_t most, uint64_t *n)
{
	if (text == NULL || text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	errno = 0;
	*n = strtoull(text, NULL, 10);
	return errno == 0 && *n <= most;
}

// Reads "192.0.2.1:53" or "[2001:db8::1]:53"; NULL is none.
static bool address(const char *text, struct ip_addr *addr, rte_be16_t *port)
{
	const char *colon = text != NULL ? strrchr(text, ':') : NULL;
	bool brackets = colon != NULL && text[0] == '[' && colon[-1] == ']';
	char host[IP_TEXT_LEN];
	uint64_t n;
	size_t len;

	if (colon == NULL || colon == text || !number(colon + 1, UINT16_MAX, &n) || n == 0)
		return false;
	len = (size_t)(colon - text) - (brackets ? 2 : 0);
	if (len >= sizeof(host))
		return false;
	memcpy(host, text + brackets, len);
	host[len] = '\0';
	if (brackets != (strchr(host, ':') != NULL) || ip_parse(host, addr) != 0)
		return false;
	*port = rte_cpu_to_be_16((uint16_t)n);
	return true;
}

static const char *read_cursor(const json_t *value, struct api_request *request)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > UINT32_MAX)
		return "bad cursor; expected the number that was next";
	request->cursor = (uint32_t)n;
	return NULL;
}

// A session's id comes as text, because not every JSON reader keeps 64 bits of a number.
static const char *read_session(const json_t *value, struct api_request *request)
{
	uint64_t n = 0;

	if (!number(json_string_value(value), UINT64_MAX, &n) || n == 0)
		return "bad session; expected a session's id, as text";
	request->session = n;
	return NULL;
}

static const char *read_peer(const json_t *value, struct api_request *request)
{
	if (!address(json_string_value(value), &request->peer, &request->peer_port))
		return "bad peer; expected the client's ADDRESS:PORT or [ADDRESS]:PORT";
	return NULL;
}

static const char *read_listener(const json_t *value, struct api_request *request)
{
	size_t len = json_string_length(value);

	if (len == 0 || len >= sizeof(request->listener))
		return "bad listener; expected a listener's name";
	memcpy(request->listener, json_string_value(value), len + 1);
	return NULL;
}

static const char *read_media_from(const json_t *value, struct api_request *request)
{
	if (!address(json_string_value(value), &request->media_from, &request->media_port))
		return "bad media_from; expected the gateway's ADDRESS:PORT or [ADDRESS]:PORT";
	return NULL;
}

static const struct member {
	const char *name;
	enum api_command command; // that it belongs to
	const char *(*read)(const json_t *value, struct api_request *request);
} members[] = {
	{"cursor", API_SESSIONS, read_cursor},
	{"session", API_SRTP, read_session},
	{"peer", API_SRTP, read_peer},
	{"listener", API_SRTP, read_listener},
	{"media_from", API_SRTP, read_media_from},
};

static const char *read_command(const json_t *object, struct api_request *request)
{
	static const char *const names[] = {
		[API_SESSIONS] = "sessions", [API_SRTP] = "srtp", [API_WATCH] = "watch"};
	const char *name = json_string_value(json_object_get(object, "command"));

	for (unsigned int i = 0; name != NULL && i < RTE_DIM(names); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		request->command = (enum api_command)i;
		return NULL;
	}
	return "unknown command; expected sessions, srtp or watch";
}

static const char *read_member(const char *name, const json_t *value, struct api_request *request)
{
	if (strcmp(name, "command") == 0)
		return NULL;
	for (unsigned int i = 0; i < RTE_DIM(members); i++)
		if (members[i].command == request->command && strcmp(members[i].name, name) == 0)
			return members[i].read(value, request);
	return "unknown member for this command; see dtlsgw(8)";
}

// A request for keys says in exactly one way whose.
static const char *check_srtp(const struct api_request *request)
{
	int ways = (request->session != 0) + (request->peer_port != 0) + (request->media_port != 0);

	if (ways != 1)
		return "whose keys; expected one of session, peer and media_from";
	if (request->listener[0] != '\0' && request->peer_port == 0)
		return "listener without peer; expected both";
	return NULL;
}

static const char *read_object(json_t *object, struct api_request *request)
{
	const char *wrong, *name;
	json_t *value;

	if (!json_is_object(object))
		return "not a JSON object; expected {\"command\": ...} on one line";
	wrong = read_command(object, request);
	json_object_foreach(object, name, value)
	{
		if (wrong == NULL)
			wrong = read_member(name, value, request);
	}
	if (wrong == NULL && request->command == API_SRTP)
		wrong = check_srtp(request);
	return wrong;
}

const char *api_request_parse(const char *line, size_t len, struct api_request *request)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *wrong;

	memset(request, 0, sizeof(*request));
	wrong = read_object(object, request);
	json_decref(object);
	return wrong;
}
