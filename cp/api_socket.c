// SPDX-License-Identifier: BSD-3-Clause
#include "api_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cp.h"

// Makes room at the address.  Returns 0 or -errno: -EADDRINUSE if somebody listens there, -EEXIST
// if it is no socket.
static int clear(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, rc;

	if (lstat(addr->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ? 0 : -errno;
	close(fd);
	if (rc == 0 || rc == -EAGAIN) // -EAGAIN: its queue is full
		return -EADDRINUSE;
	if (rc != -ECONNREFUSED)
		return rc;
	return unlink(addr->sun_path) == 0 || errno == ENOENT ? 0 : -errno;
}

// The ids of the configured names; -1: as it is.  Returns 0 or -ENOENT.
static int find_owner(const struct config *config, uid_t *uid, gid_t *gid)
{
	const struct passwd *user = NULL;
	const struct group *group = NULL;

	*uid = (uid_t)-1;
	*gid = (gid_t)-1;
	if (config->control_user != NULL) {
		user = getpwnam(config->control_user);
		if (user == NULL)
			return -ENOENT;
		*uid = user->pw_uid;
	}
	if (config->control_group != NULL) {
		group = getgrnam(config->control_group);
		if (group == NULL)
			return -ENOENT;
		*gid = group->gr_gid;
	}
	return 0;
}

// Gives the bound socket to its owner.  Nobody else can have connected: it does not listen.
static int give_away(const struct config *config)
{
	uid_t uid;
	gid_t gid;
	int rc = find_owner(config, &uid, &gid);

	if (rc != 0)
		return rc;
	if (lchown(config->control_socket, uid, gid) != 0 ||
	    fchmodat(AT_FDCWD, config->control_socket, config->control_group_rw ? 0660 : 0600,
		     AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	return 0;
}

static int bind_to(int fd, const struct sockaddr_un *addr)
{
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ? 0 : -errno;

	umask(mask);
	return rc;
}

// Binds fd and remembers what is there now.
static int place(struct api_socket *s, const struct config *config, int fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;
	int rc;

	if (strlen(s->path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, s->path);
	rc = clear(&addr);
	if (rc == 0)
		rc = bind_to(fd, &addr);
	if (rc != 0)
		return rc;
	if (lstat(s->path, &st) != 0)
		return -errno;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	rc = give_away(config);
	if (rc != 0)
		api_socket_remove(s);
	return rc;
}

static const char *reason(int rc)
{
	if (rc == -EADDRINUSE)
		return "another program listens there";
	if (rc == -EEXIST)
		return "there is something that is no socket";
	return rc == -ENOENT ? "no such directory, user or group" : strerror(-rc);
}

int api_socket_open(struct api_socket *s, const struct config *config)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	s->path = config->control_socket;
	rc = fd >= 0 ? place(s, config, fd) : -errno;
	if (rc == 0)
		return fd;
	LOG(ERR, "api: control socket %s: %s", s->path, reason(rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

void api_socket_remove(const struct api_socket *s)
{
	struct stat st;

	if (lstat(s->path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == s->dev &&
	    st.st_ino == s->ino)
		unlink(s->path);
}
