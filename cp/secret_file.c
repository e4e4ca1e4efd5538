// SPDX-License-Identifier: BSD-3-Clause
#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM_MIN 4096 // bytes

// Returns a descriptor or -errno; does not wait for the other end of a FIFO.
static int open_regular(const char *file, size_t *len)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	else if (st.st_size > SECRET_FILE_MAX)
		rc = -EFBIG;
	if (rc == 0) {
		*len = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return rc;
}

static int make_room(struct secret_file *s, size_t *room)
{
	size_t more = 2 * *room;
	char *text;

	if (s->len > SECRET_FILE_MAX)
		return -EFBIG;
	text = OPENSSL_clear_realloc(s->text, *room, more);
	if (text == NULL)
		return -ENOMEM;
	s->text = text;
	*room = more;
	return 0;
}

// Reads to the end, wherever that is by now.
static int read_all(struct secret_file *s, int fd, size_t *room)
{
	for (;;) {
		ssize_t n = read(fd, s->text + s->len, *room - 1 - s->len);
		int rc = 0;

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s->len += (size_t)n;
		if (s->len == *room - 1)
			rc = make_room(s, room);
		if (rc != 0)
			return rc;
	}
	s->text[s->len] = '\0';
	return 0;
}

int secret_file_read(struct secret_file *s, const char *file)
{
	size_t room = 0;
	int fd, rc = -ENOMEM;

	memset(s, 0, sizeof(*s));
	fd = open_regular(file, &room);
	if (fd < 0)
		return fd;
	room = room + 2 > ROOM_MIN ? room + 2 : ROOM_MIN;
	s->text = OPENSSL_malloc(room);
	if (s->text != NULL)
		rc = read_all(s, fd, &room);
	close(fd);
	if (rc == 0)
		return 0;
	OPENSSL_clear_free(s->text, room);
	memset(s, 0, sizeof(*s));
	return rc;
}

char *secret_file_line(struct secret_file *s, size_t *len)
{
	char *line = s->text + s->next, *end;

	if (s->next == s->len)
		return NULL;
	end = memchr(line, '\n', s->len - s->next);
	if (end != NULL) {
		*end = '\0';
		*len = (size_t)(end - line);
		s->next += *len + 1;
	} else {
		*len = s->len - s->next;
		s->next = s->len;
	}
	return line;
}

void secret_file_wipe(struct secret_file *s)
{
	OPENSSL_clear_free(s->text, s->len);
	memset(s, 0, sizeof(*s));
}
