// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_MACHINE_H
#define GEN_MACHINE_H

#include <stddef.h>

// Writes what a figure depends on: CPU, how many, load, kernel, versions, memory.  Returns text.
const char *machine_line(char *text, size_t room, int huge_pages);

#endif
