// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CONFIG_TEXT_H
#define DTLSGW_CONFIG_TEXT_H

#include "config.h"
#include "config_doc.h"

// Reads and checks a configuration that lies in memory; file is its name in messages, and what
// relative file names in it start from.  Opens no file.  Returns NULL with errno set after the
// errors are printed; else *doc is open for config_check_tls(), and the caller's to close.
struct config *config_text_load(struct config_doc *doc, const char *file, const void *text,
				size_t len, FILE *err);

#endif
