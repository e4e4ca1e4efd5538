// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "config_text.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Every line is "f:LINE: PATH: what; expected what", without control characters.
static void check_lines(const char *lines)
{
	if (lines[0] == '\0')
		abort();
	while (*lines != '\0') {
		const char *end = strchr(lines, '\n');
		const char *expected = strstr(lines, "; expected ");

		if (end == NULL || strncmp(lines, "f:", 2) != 0 || atoi(lines + 2) < 1 ||
		    expected == NULL || expected > end)
			abort();
		for (; lines < end; lines++)
			if ((unsigned char)*lines < ' ')
				abort();
		lines = end + 1;
	}
}

// What the rest of the program relies on.
static void check_config(const struct config *c)
{
	if (c->lcore_nb == 0 || c->lcore_nb > CONFIG_LCORE_MAX || c->port_nb < 2 ||
	    c->port_nb > CONFIG_PORT_MAX || c->listener_nb == 0 || c->backend_nb == 0 ||
	    c->file_prefix == NULL || c->log_level == NULL || c->sessions == 0 ||
	    c->replay_window < REPLAY_WINDOW_MIN || c->replay_window > REPLAY_WINDOW_MAX ||
	    (c->replay_window & (c->replay_window - 1)) != 0)
		abort();
	for (uint16_t i = 0; i < c->port_nb; i++)
		if (c->port[i].name[0] == '\0' || c->port[i].device == NULL ||
		    c->port[i].addr_nb == 0 || c->port[i].mtu < 576 || c->port[i].line == 0)
			abort();
	for (uint16_t i = 0; i < c->listener_nb; i++)
		if (c->listener[i].backend >= c->backend_nb || c->listener[i].port == 0 ||
		    c->listener[i].addr_nb == 0 ||
		    (c->listener[i].certificate_nb == 0 && c->listener[i].psk_file == NULL) ||
		    c->listener[i].suites == NULL)
			abort();
	for (uint16_t i = 0; i < c->backend_nb; i++)
		if (!ip_is_set(&c->backend[i].addr) || c->backend[i].port == 0)
			abort();
}

// The input is a configuration file.  No file is opened.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_doc doc;
	struct config *config;
	char *lines = NULL;
	size_t lines_len;
	FILE *err;

	if (size > 65536)
		return 0;
	err = open_memstream(&lines, &lines_len);
	if (err == NULL)
		abort();
	config = config_text_load(&doc, "f", data, size, err);
	fclose(err);
	if (config == NULL) {
		check_lines(lines);
	} else {
		if (lines_len != 0)
			abort();
		check_config(config);
		config_doc_fini(&doc);
		config_destroy(config);
	}
	free(lines);
	return 0;
}
