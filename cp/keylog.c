// SPDX-License-Identifier: BSD-3-Clause
#include "keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <rte_errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cp.h"

struct keylog {
	int fd;
	atomic_bool failed; // a write failed, and that was logged
};

// Returns 0 or -errno.
static int check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_uid != geteuid() || st.st_nlink != 1)
		return -EPERM;
	return fchmod(fd, S_IRUSR | S_IWUSR) == 0 ? 0 : -errno;
}

struct keylog *keylog_create(const char *file)
{
	struct keylog *keylog = calloc(1, sizeof(*keylog));
	int rc = -ENOMEM;

	if (keylog == NULL)
		goto out;
	// O_NONBLOCK: a FIFO without a reader is an error, not a wait.
	keylog->fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
			  S_IRUSR | S_IWUSR);
	if (keylog->fd < 0) {
		rc = -errno;
		goto out_free;
	}
	rc = check(keylog->fd);
	if (rc != 0)
		goto out_close;
	LOG(WARNING,
	    "keylog: the secrets of all sessions are written to %s: whoever reads it reads them "
	    "all",
	    file);
	return keylog;

out_close:
	close(keylog->fd);
out_free:
	free(keylog);
out:
	LOG(ERR, "keylog: %s: %s", file, strerror(-rc));
	rte_errno = -rc;
	return NULL;
}

void keylog_destroy(struct keylog *keylog)
{
	if (keylog == NULL)
		return;
	close(keylog->fd);
	free(keylog);
}

void keylog_write(struct keylog *keylog, const char *line)
{
	struct iovec part[] = {
		{.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)},
		{.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1},
	};

	if (writev(keylog->fd, part, 2) < 0 && !atomic_exchange(&keylog->failed, true))
		LOG(ERR, "keylog: write: %s", strerror(errno));
}
