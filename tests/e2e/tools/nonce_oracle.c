// SPDX-License-Identifier: BSD-3-Clause
// Fails on a capture in which a (key, nonce) was used for two different records, or the gateway's
// explicit nonce was not epoch and sequence number.
#include <inttypes.h>
#include <stdio.h>

#include "options.h"
#include "oracle.h"
#include "record_crypto.h"

static const char *capture, *keylog;
static uint64_t port = 4433;
static bool forged_ok, clients_repeat;
static const struct option_line lines[] = {
	{.name = "capture", .text = &capture},
	{.name = "keylog", .text = &keylog},
	{.name = "port", .number = &port},	   // the gateway's
	{.name = "forged-ok", .flag = &forged_ok}, // clients sent forged records on purpose
	{.name = "clients-repeat", .flag = &clients_repeat}, // their nonces are their business
};

int main(int argc, char **argv)
{
	struct oracle_counts c;
	bool ok;

	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (capture == NULL || keylog == NULL)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	if (!oracle_run(capture, keylog, (uint16_t)port, &c))
		return 2;
	ok = c.associations > 0 && c.records[RECORD_CLIENT] > 0 && c.records[RECORD_SERVER] > 0 &&
	     c.unknown == 0 && c.repeated[RECORD_SERVER] == 0 &&
	     (clients_repeat || c.repeated[RECORD_CLIENT] == 0) && c.nonce_rule == 0 &&
	     c.forged[RECORD_SERVER] == 0 && (forged_ok || c.forged[RECORD_CLIENT] == 0);
	printf("datagrams %" PRIu64 " associations %" PRIu64 " without keys %" PRIu64
	       " records from client %" PRIu64 " from server %" PRIu64 " copies %" PRIu64
	       " forged from client %" PRIu64 " from server %" PRIu64
	       " repeated nonces from client %" PRIu64 " from server %" PRIu64
	       " other nonces %" PRIu64 "\n",
	       c.datagrams, c.associations, c.unknown, c.records[RECORD_CLIENT],
	       c.records[RECORD_SERVER], c.copies, c.forged[RECORD_CLIENT], c.forged[RECORD_SERVER],
	       c.repeated[RECORD_CLIENT], c.repeated[RECORD_SERVER], c.nonce_rule);
	printf("%s\n", ok ? "passed" : "failed");
	return ok ? 0 : 1;
}
