// SPDX-License-Identifier: BSD-3-Clause
#include "nic.h"

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_thash.h>
#include <rte_udp.h>

#include "unit.h"

#define QUEUE_SIZE 256
#define RETA_MAX   512
#define KEY_MAX	   52

static uint16_t receive(void *queue, struct rte_mbuf **m, uint16_t n)
{
	return (uint16_t)rte_ring_dequeue_burst(*(struct rte_ring **)queue, (void **)m, n, NULL);
}

static uint16_t transmit(void *queue, struct rte_mbuf **m, uint16_t n)
{
	return (uint16_t)rte_ring_enqueue_burst(*(struct rte_ring **)queue, (void **)m, n, NULL);
}

void nic_create(struct nic *nic, const char *device)
{
	char name[RTE_RING_NAMESIZE];

	assert_int_equal(rte_vdev_init(device, NULL), 0);
	for (int i = 0; i < NIC_QUEUES; i++) {
		snprintf(name, sizeof(name), "%s_%d", device, i);
		nic->queue[i] = rte_ring_create(name, QUEUE_SIZE, 0, 0);
		assert_non_null(nic->queue[i]);
	}
}

void nic_attach(struct nic *nic, uint16_t id, struct rte_ring *sent)
{
	static void *rx[RTE_MAX_ETHPORTS][NIC_QUEUES], *tx[RTE_MAX_ETHPORTS][NIC_QUEUES];

	nic->id = id;
	nic->sent = sent;
	for (int i = 0; i < NIC_QUEUES; i++) {
		rx[id][i] = &nic->queue[i];
		tx[id][i] = &nic->sent;
	}
	rte_eth_fp_ops[id].rx_pkt_burst = receive;
	rte_eth_fp_ops[id].rxq.data = rx[id];
	rte_eth_fp_ops[id].tx_pkt_burst = transmit;
	rte_eth_fp_ops[id].txq.data = tx[id];
}

void nic_destroy(struct nic *nic, const char *device)
{
	for (int i = 0; i < NIC_QUEUES; i++)
		rte_ring_free(nic->queue[i]);
	rte_vdev_uninit(device);
}

// Words of host order that a device's hash covers, of an IPv4 fragment the addresses alone. Returns
// how many.
static uint32_t tuple(const struct rte_mbuf *m, uint32_t *word)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	bool v4 = eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	bool part = v4 && (ip->fragment_offset & ~rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0;
	size_t at = sizeof(*eth) + (v4 ? 12 : 8), len = (v4 ? 8 : 32) + (part ? 0 : 4);

	for (size_t i = 0; i < len; i += 4)
		word[i / 4] =
			rte_be_to_cpu_32(*rte_pktmbuf_mtod_offset(m, const rte_be32_t *, at + i));
	return (uint32_t)(len / 4);
}

void nic_put(struct nic *nic, struct rte_mbuf *m)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_MAX / RTE_ETH_RETA_GROUP_SIZE];
	uint8_t key[KEY_MAX] __attribute__((aligned(4)));
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};
	struct rte_eth_dev_info info;
	uint32_t word[9], nb = tuple(m, word), entry;

	assert_int_equal(rte_eth_dev_info_get(nic->id, &info), 0);
	assert_in_range(info.reta_size, 1, RETA_MAX);
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(nic->id, &conf), 0);
	memset(reta, 0xff, sizeof(reta));
	assert_int_equal(rte_eth_dev_rss_reta_query(nic->id, reta, info.reta_size), 0);
	entry = rte_softrss(word, nb, key) % info.reta_size;
	assert_int_equal(
		rte_ring_enqueue(nic->queue[reta[entry / RTE_ETH_RETA_GROUP_SIZE]
						    .reta[entry % RTE_ETH_RETA_GROUP_SIZE]],
				 m),
		0);
}
