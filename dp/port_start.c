// SPDX-License-Identifier: BSD-3-Clause
#include "port_start.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "classify.h"
#include "log.h"
#include "port_rss.h"

#define LOG_TYPE log_dp
#define VLAN_LEN 4

#define RX_OFFLOADS (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TX_OFFLOADS (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

uint32_t port_mbufs(const struct config *config)
{
	uint32_t n = 0;

	for (uint16_t i = 0; i < config->port_nb; i++) {
		const struct config_port *port = &config->port[i];

		n += config->lcore_nb * (uint32_t)(port->rx_descs + port->tx_descs);
	}
	return n;
}

// The ethdev name of a device: a PCI address as it is, a vdev string up to its first comma.
static void device_name(const char *device, char name[RTE_ETH_NAME_MAX_LEN])
{
	snprintf(name, RTE_ETH_NAME_MAX_LEN, "%.*s", (int)strcspn(device, ","), device);
}

int port_socket(const struct config *config, uint16_t index)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t id;

	device_name(config->port[index].device, name);
	return rte_eth_dev_get_port_by_name(name, &id) == 0 ? rte_eth_dev_socket_id(id)
							    : SOCKET_ID_ANY;
}

static uint16_t queues(const struct config *config, const struct config_port *port,
		       uint16_t device_max)
{
	uint16_t n = RTE_MIN(config->lcore_nb, device_max);

	return port->queues == 0 ? n : RTE_MIN(n, port->queues);
}

// Queue i belongs to lcore i, shifted by the port's number so that ports with fewer queues than
// lcores do not all load the first.
static void assign_queues(struct port *port, uint16_t lcore_nb)
{
	for (uint16_t i = 0; i < lcore_nb; i++) {
		uint16_t lcore = (uint16_t)((i + port->index) % lcore_nb);

		port->txq[lcore] = i < port->txq_nb ? i : PORT_NO_QUEUE;
		port->tx_lcore[lcore] = (uint16_t)((i % port->txq_nb + port->index) % lcore_nb);
		if (i < port->rxq_nb)
			port->rxq_lcore[i] = lcore;
	}
	port->spread = port->outside && lcore_nb > 1 && (port->rxq_nb < lcore_nb || !port->rss);
}

static void set_tx_flags(struct port *port, uint64_t offloads)
{
	if (offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
		port->tx_ipv4_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	if (offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) {
		port->tx_ipv4_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		port->tx_ipv6_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
	}
}

static int configure(const struct config *config, struct port *port, uint16_t id)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_info_get(id, &info);

	if (rc != 0)
		return rc;
	port->rxq_nb = queues(config, port->config, info.max_rx_queues);
	port->txq_nb = queues(config, port->config, info.max_tx_queues);
	conf.rxmode.offloads = info.rx_offload_capa & RX_OFFLOADS;
	conf.txmode.offloads = info.tx_offload_capa & TX_OFFLOADS;
	rc = port_rss_configure(port, &info, &conf);
	if (rc != 0)
		return rc;
	set_tx_flags(port, conf.txmode.offloads);
	return rte_eth_dev_configure(id, port->rxq_nb, port->txq_nb, &conf);
}

static int set_up_queues(const struct port *port, uint16_t id, struct rte_mempool *pool)
{
	uint16_t rx_descs = port->config->rx_descs, tx_descs = port->config->tx_descs;
	int socket = rte_eth_dev_socket_id(id);
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_descs, &tx_descs);

	for (uint16_t q = 0; rc == 0 && q < port->rxq_nb; q++)
		rc = rte_eth_rx_queue_setup(id, q, rx_descs, (unsigned int)socket, NULL, pool);
	for (uint16_t q = 0; rc == 0 && q < port->txq_nb; q++)
		rc = rte_eth_tx_queue_setup(id, q, tx_descs, (unsigned int)socket, NULL);
	return rc;
}

// NDP needs multicast; a device without a filter for it must take everything.
static int receive_multicast(uint16_t id)
{
	int rc = rte_eth_allmulticast_enable(id);

	return rc == -ENOTSUP ? rte_eth_promiscuous_enable(id) : rc;
}

// A driver that cannot set the MTU leaves it as the operator has set it.
static int set_mtu(const struct port *port, uint16_t id)
{
	int rc = rte_eth_dev_set_mtu(id, port->mtu + (port->vlan != 0 ? VLAN_LEN : 0));

	return rc == -ENOTSUP ? 0 : rc;
}

int port_start(struct dp *dp, uint16_t index, struct rte_mempool *pool)
{
	const struct config_port *config = &dp->config->port[index];
	char name[RTE_ETH_NAME_MAX_LEN];
	const char *step = "find";
	struct port *port;
	uint16_t id;
	int rc;

	device_name(config->device, name);
	rc = rte_eth_dev_get_port_by_name(name, &id);
	if (rc != 0)
		goto out;
	port = &dp->port[id];
	*port = (struct port){
		.config = config,
		.index = index,
		.mtu = config->mtu,
		.vlan = config->vlan,
		.outside = config->role == CONFIG_OUTSIDE,
	};
	dp->port_id[index] = id;
	step = "configure";
	rc = configure(dp->config, port, id);
	if (rc != 0)
		goto out;
	assign_queues(port, dp->lcore_nb);
	step = "set the MTU of";
	rc = set_mtu(port, id);
	if (rc != 0)
		goto out;
	step = "set up queues of";
	rc = set_up_queues(port, id, pool);
	if (rc != 0)
		goto out;
	step = "start";
	rc = rte_eth_dev_start(id);
	if (rc == 0)
		rc = receive_multicast(id);
	if (rc == 0)
		rc = rte_eth_macaddr_get(id, &port->mac);
	if (rc == 0) {
		classify_init(port);
		port_rss_read(port, id);
	}
out:
	if (rc != 0)
		LOG(ERR, "port: %s: cannot %s device %s: %s", config->name, step, config->device,
		    strerror(-rc));
	else
		LOG(INFO,
		    "port: %s: device %s, " RTE_ETHER_ADDR_PRT_FMT
		    ", MTU %u, %u receive and %u transmit queues",
		    config->name, name, RTE_ETHER_ADDR_BYTES(&port->mac), port->mtu, port->rxq_nb,
		    port->txq_nb);
	return rc;
}

void port_stop(struct dp *dp, uint16_t index)
{
	uint16_t id = dp->port_id[index];

	if (dp->port[id].config == NULL || dp->port[id].index != index)
		return;
	rte_eth_dev_stop(id);
	rte_eth_dev_close(id);
	rte_free(dp->port[id].table);
	dp->port[id].table = NULL;
}
