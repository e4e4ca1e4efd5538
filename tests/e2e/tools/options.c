// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

void options_usage(const char *program, const struct option_line *lines, size_t n)
{
	fprintf(stderr, "usage: %s", program);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " [--%s%s]", lines[i].name,
			lines[i].flag != NULL	? ""
			: lines[i].text != NULL ? " TEXT"
						: " N");
	fputc('\n', stderr);
	exit(2);
}

static const struct option_line *line_find(const char *arg, const struct option_line *lines,
					   size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(arg, "--", 2) == 0 && strcmp(arg + 2, lines[i].name) == 0)
			return &lines[i];
	return NULL;
}

// False unless value belongs to line.
static bool value_take(const struct option_line *line, const char *value)
{
	char *end;

	if (value == NULL)
		return false;
	if (line->text != NULL) {
		*line->text = value;
		return true;
	}
	*line->number = strtoull(value, &end, 0);
	return *value != '\0' && *end == '\0';
}

void options_read(int argc, char **argv, const struct option_line *lines, size_t n)
{
	for (int i = 1; i < argc; i++) {
		const struct option_line *line = line_find(argv[i], lines, n);

		if (line == NULL)
			options_usage(argv[0], lines, n);
		if (line->flag != NULL)
			*line->flag = true;
		else if (!value_take(line, argv[++i]))
			options_usage(argv[0], lines, n);
	}
}
