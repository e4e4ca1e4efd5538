// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CONFIG_FILL_H
#define DTLSGW_CONFIG_FILL_H

#include "config.h"
#include "config_doc.h"
#include "config_schema.h"

// Turns every value's text into what it means, defaults included, and prints each value that is
// none.  *config is zeroed before and belongs to config_destroy() after, errors or not.  Touches
// no file.
void config_fill(struct config_doc *doc, const struct raw_config *raw, struct config *config);

#endif
