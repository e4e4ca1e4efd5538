// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_KEYLOG_H
#define DTLSGW_KEYLOG_H

// The key log: the secrets of every handshake in NSS format (SSLKEYLOGFILE), for tests and for
// finding faults.  Whoever reads the file can open recorded traffic.
struct keylog;

// Opens file for appending, mode 0600, and logs a warning.  Refuses a symbolic link, anything
// that is not a regular file, and a file of another user or with another name.  Returns NULL with
// rte_errno set, after a LOG.
struct keylog *keylog_create(const char *file);

// NULL is fine.
void keylog_destroy(struct keylog *keylog);

// Appends line and a newline in one write.  Any thread may call it.
void keylog_write(struct keylog *keylog, const char *line);

#endif
