// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CONFIG_DOC_H
#define DTLSGW_CONFIG_DOC_H

#include <stddef.h>
#include <stdio.h>
#include <yaml.h>

#define CONFIG_PATH_LEN 256 // bytes of a key path, NUL included

// A configuration's text as a tree, kept only to say in which line a key stands.
struct config_doc {
	const char *file; // the name in messages
	FILE *err;
	yaml_document_t yaml;
	char at[CONFIG_PATH_LEN]; // where config_error()'s keys start, "ports[0]"; "" is the top
	unsigned int error_nb;	  // errors printed
};

// Reads text.  Prints what YAML itself forbids, and what no key of ours can be: more than one
// document, a key that is no scalar, a NUL byte.  Returns 0 or -errno; file and err must outlive
// *doc, and config_doc_fini() is due only after 0.
int config_doc_init(struct config_doc *doc, const char *file, const void *text, size_t len,
		    FILE *err);
void config_doc_fini(struct config_doc *doc);

// Line of the key that path names, or of the deepest key above it that is there.  From 1.
unsigned int config_line(struct config_doc *doc, const char *path);

// Sets where the keys of the next errors start.
void config_at(struct config_doc *doc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Prints "FILE:LINE: KEY.PATH: text" and counts it.  key is relative to config_at(); "" is that
// place itself.  Control characters in the text become '?'.
void config_error(struct config_doc *doc, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
