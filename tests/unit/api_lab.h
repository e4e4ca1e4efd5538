// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_API_LAB_H
#define DTLSGW_UNIT_API_LAB_H

// What the tests of the control socket share: a lab with SRTP, a client of it, and connections.
#include "lab.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "session_dir.h"
#include "srtp.h"
#include "unit.h"

#define LABEL	  "EXTRACTOR-dtls_srtp"
#define PROFILE	  "SRTP_AEAD_AES_128_GCM"
#define COMMANDS  "unknown command; expected sessions, srtp or watch"
#define NO_KEYS	  "no such session with keys for SRTP"
#define CLIENT_NB (API_CLIENT_MAX + 1)

static struct lab lab;
static struct lab_client client;
static time_t later_s; // that libevent's clock is ahead

// In place of libc's.
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	t->tv_sec += later_s;
	return rc;
}

static inline void edit(struct lab *l)
{
	struct config_listener *listener = &l->rig.config.listener[0];

	listener->srtp_nb = 1;
	listener->srtp[0] = SRTP_PROFILE_AEAD_AES_128_GCM;
	l->rig.config.control_socket = lab_file(l, "control", "");
	unlink(l->rig.config.control_socket);
}

static inline int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	later_s = 0;
	lab_stop(&lab);
	return 0;
}

static inline int open_client(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, lab.rig.config.control_socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	lab_pump(&lab);
	return fd;
}

static inline void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	lab_pump(&lab);
}

// The next line, which the caller frees; NULL: none is there.
static inline char *line(int fd)
{
	static char text[65536];
	ssize_t n = recv(fd, text, sizeof(text), MSG_PEEK);
	char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;

	if (end == NULL)
		return NULL;
	n = end + 1 - text;
	assert_int_equal(recv(fd, text, (size_t)n, 0), n);
	return strndup(text, (size_t)n - 1);
}

static inline json_t *answer(int fd)
{
	char *text = line(fd);
	json_t *object;

	assert_non_null(text);
	object = json_loads(text, 0, NULL);
	assert_non_null(object);
	free(text);
	return object;
}

static inline json_t *ask(int fd, const char *request)
{
	put(fd, request);
	put(fd, "\n");
	return answer(fd);
}

static inline void expect_text(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	assert_string_equal(text, value);
}

static inline void expect_error(int fd, const char *request, const char *reason)
{
	json_t *object = ask(fd, request);

	expect_text(object, "error", reason);
	assert_int_equal(json_object_size(object), 1);
	json_decref(object);
}

// Closed, with what was sent read or not.
static inline bool at_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
}

static inline void begin_session(void)
{
	lab_client_start(&lab, &client, LAB_PORT, LAB_ECDSA);
	assert_int_equal(SSL_set_tlsext_use_srtp(client.ssl, PROFILE), 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
}

static inline void id_text(char text[static 24])
{
	struct session_view view;
	uint32_t cursor = 0;

	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	snprintf(text, 24, "%" PRIu64, view.id);
}

// The answer's keys are those that the client exports, 16 bytes of key and 12 of salt.
static inline void expect_keys(const json_t *object)
{
	uint8_t block[56], client_key[28], server_key[28];
	char text[2][64];

	assert_int_equal(SSL_export_keying_material(client.ssl, block, sizeof(block), LABEL,
						    strlen(LABEL), NULL, 0, 0),
			 1);
	memcpy(client_key, block, 16);
	memcpy(server_key, block + 16, 16);
	memcpy(client_key + 16, block + 32, 12);
	memcpy(server_key + 16, block + 44, 12);
	EVP_EncodeBlock((unsigned char *)text[0], client_key, 28);
	EVP_EncodeBlock((unsigned char *)text[1], server_key, 28);
	expect_text(object, "client_key", text[0]);
	expect_text(object, "server_key", text[1]);
}

static inline void expect_session(const json_t *object)
{
	char id[24];

	id_text(id);
	expect_text(object, "session", id);
	expect_text(object, "listener", "main");
	expect_text(object, "peer", RIG_CLIENT ":40000");
	expect_text(object, "local", RIG_GATEWAY ":4433");
	expect_text(object, "profile", PROFILE);
	assert_null(json_object_get(object, "media_from"));
}

#endif
