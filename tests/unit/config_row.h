// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_CONFIG_ROW_H
#define DTLSGW_UNIT_CONFIG_ROW_H

#include "unit.h"

// A good configuration of 32 lines, and tables of what goes wrong when a piece of it is replaced.
static const char good[] = "lcores:\n"						  // 1
			   "  control: 0\n"					  // 2
			   "  workers: [1, 1]\n"				  // 3
			   "memory:\n"						  // 4
			   "  huge_pages: false\n"				  // 5
			   "  memory_mb: 512\n"					  // 6
			   "eal: {file_prefix: t, args: [--no-telemetry]}\n"	  // 7
			   "ports:\n"						  // 8
			   "  - name: out\n"					  // 9
			   "    device: net_null0\n"				  // 10
			   "    role: outside\n"				  // 11
			   "    mtu: 1400\n"					  // 12
			   "    addresses: [198.51.100.1/24, 2001:db8:1::1/64]\n" // 13
			   "    gateways: [198.51.100.254]\n"			  // 14
			   "  - name: in\n"					  // 15
			   "    device: net_null1,copy=1\n"			  // 16
			   "    role: inside\n"					  // 17
			   "    addresses:\n"					  // 18
			   "      - 192.0.2.1/24\n"				  // 19
			   "listeners:\n"					  // 20
			   "  - name: a\n"					  // 21
			   "    addresses: [198.51.100.1]\n"			  // 22
			   "    port: 4433\n"					  // 23
			   "    backend: b\n"					  // 24
			   "    certificates:\n"				  // 25
			   "      - certificate: ecdsa.pem\n"			  // 26
			   "        key: ecdsa.key\n"				  // 27
			   "backends:\n"					  // 28
			   "  - {name: b, address: 192.0.2.2, port: 7}\n"	  // 29
			   "limits:\n"						  // 30
			   "  replay_window: 64\n"				  // 31
			   "log: {level: err}\n";				  // 32

// One row: where find stands in good, replace takes its place; the lines that come out.
struct row {
	const char *find;
	const char *replace;
	const char *lines;
};

// The text of a row, which the caller frees.
static inline char *edit(const struct row *row)
{
	const char *at = strstr(good, row->find);
	char *text;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - good), good, row->replace,
			     at + strlen(row->find)) > 0);
	return text;
}

#endif
