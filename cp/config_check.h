// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CONFIG_CHECK_H
#define DTLSGW_CONFIG_CHECK_H

#include "config.h"
#include "config_doc.h"

// Prints what is wrong between values that are each fine: names and addresses used twice,
// addresses without a port, backends without a way to them.  Touches no file.
void config_check(struct config_doc *doc, const struct config *config);

// Prints what this machine does not have: CPUs, places for the files that are written and for the
// control socket, and its owners.
void config_check_host(struct config_doc *doc, const struct config *config);

// Prints what is wrong with suites, groups, certificates and keys: opens the files.
void config_check_tls(struct config_doc *doc, const struct config *config);

#endif
