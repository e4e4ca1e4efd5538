// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_SECRET_FILE_H
#define DTLSGW_SECRET_FILE_H

#include <stddef.h>

#define SECRET_FILE_MAX (1 << 28) // bytes

// A file with secrets, whole in one piece of memory that is wiped before it is freed: stdio and
// OpenSSL's BIOs of files leave in freed buffers what they read.
struct secret_file {
	char *text;  // a NUL behind it
	size_t len;  // bytes
	size_t next; // where secret_file_line() goes on
};

// Reads a regular file.  Returns 0 or, with *s all zeros, -errno: -EISDIR, -ENOTSUP if it is
// something else, -EFBIG.
int secret_file_read(struct secret_file *s, const char *file);

// The next line, in *s and with a NUL in place of its end; *len: bytes.  NULL: there is none.
char *secret_file_line(struct secret_file *s, size_t *len);

// Wipes and frees; all zeros is fine.
void secret_file_wipe(struct secret_file *s);

#endif
