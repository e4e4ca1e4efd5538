// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_PORT_RSS_H
#define DTLSGW_PORT_RSS_H

#include <rte_ethdev.h>

#include "port.h"

// Asks for RSS over several queues, if the device has it, with a random key: whoever knows the key
// can choose flows that all fall on one queue.  Sets port->rss, and port->table to a table with the
// key, which port owns.  Returns 0 or -errno.
int port_rss_configure(struct port *port, const struct rte_eth_dev_info *info,
		       struct rte_eth_conf *conf);

// Once the device is started, gives it key and an even table as far as it takes them, and completes
// port->table, or frees it if the device does not say how it spreads.
void port_rss_read(struct port *port, uint16_t id);

#endif
