// SPDX-License-Identifier: BSD-3-Clause
#ifndef E2E_OPTIONS_H
#define E2E_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One long option and where its value goes; exactly one of text, number and flag is set.
struct option_line {
	const char *name;
	const char **text;
	uint64_t *number;
	bool *flag;
};

// Reads "--name VALUE" and "--flag".  Ends the program with 2 after a list of options on stderr if
// the command line holds anything else.
void options_read(int argc, char **argv, const struct option_line *lines, size_t n);

// As after a bad command line.
void options_usage(const char *program, const struct option_line *lines, size_t n)
	__attribute__((noreturn));

#endif
