// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_NIC_H
#define DTLSGW_NIC_H

#include <rte_mbuf.h>
#include <rte_ring.h>

// A device with several queues and RSS: net_null, which has the configuration of both, with frames
// from the test that software spreads as the device says it does.

#define NIC_QUEUES 4

struct nic {
	uint16_t id; // ethdev port
	struct rte_ring *queue[NIC_QUEUES];
	struct rte_ring *sent;
};

// Makes the device, before dp_create().
void nic_create(struct nic *nic, const char *device);

// Once the port is started: what it sends goes to sent.
void nic_attach(struct nic *nic, uint16_t id, struct rte_ring *sent);

void nic_destroy(struct nic *nic, const char *device);

// The device receives a UDP datagram.
void nic_put(struct nic *nic, struct rte_mbuf *m);

#endif
