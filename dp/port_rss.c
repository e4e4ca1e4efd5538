// SPDX-License-Identifier: BSD-3-Clause
#include "port_rss.h"

#include <errno.h>
#include <rte_malloc.h>
#include <unistd.h>

#include "log.h"
#include "rss.h"

#define LOG_TYPE log_dp

#define RSS_UDP	   (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
#define RSS_HASHES (RSS_UDP | RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6)
#define KEY_LEN	   40 // bytes, where the device does not say

int port_rss_configure(struct port *port, const struct rte_eth_dev_info *info,
		       struct rte_eth_conf *conf)
{
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	port->rss = port->rxq_nb > 1 && (info->flow_type_rss_offloads & RSS_HASHES) != 0;
	if (!port->rss)
		return 0;
	port->table = rte_zmalloc("rss", sizeof(*port->table), 0);
	if (port->table == NULL)
		return -ENOMEM;
	port->table->key_len = info->hash_key_size != 0 ? info->hash_key_size : KEY_LEN;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	rss->rss_hf = info->flow_type_rss_offloads & RSS_HASHES;
	if (port->table->key_len > RSS_KEY_MAX)
		return 0; // its own key, then, which nobody can use
	if (getentropy(port->table->key, port->table->key_len) != 0)
		return -errno;
	rss->rss_key = port->table->key;
	rss->rss_key_len = port->table->key_len;
	return 0;
}

// Not every driver takes the key with the configuration.
static void write_key(const struct port *port, uint16_t id, uint64_t hashes)
{
	struct rte_eth_rss_conf conf = {.rss_key = port->table->key,
					.rss_key_len = port->table->key_len,
					.rss_hf = hashes & RSS_HASHES};
	int rc;

	if (port->table->key_len > RSS_KEY_MAX)
		return;
	rc = rte_eth_dev_rss_hash_update(id, &conf);
	if (rc != 0)
		LOG(DEBUG, "port: %s: the device takes no RSS key: %s", port->config->name,
		    strerror(-rc));
}

// Nor do all begin with queues in turn.
static void write_entries(const struct port *port, uint16_t id, uint16_t entries)
{
	struct rte_eth_rss_reta_entry64 reta[RSS_ENTRIES_MAX / RTE_ETH_RETA_GROUP_SIZE];
	int rc;

	for (uint16_t i = 0; i < RSS_ENTRIES_MAX; i++)
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			i % port->rxq_nb;
	for (size_t i = 0; i < RTE_DIM(reta); i++)
		reta[i].mask = UINT64_MAX;
	if (entries == 0 || entries > RSS_ENTRIES_MAX)
		return;
	rc = rte_eth_dev_rss_reta_update(id, reta, entries);
	if (rc != 0)
		LOG(DEBUG, "port: %s: the device takes no redirection table: %s",
		    port->config->name, strerror(-rc));
}

// Reads the redirection table.  False if the device does not tell it, or it is of no use.
static bool read_entries(struct port *port, uint16_t id, uint16_t entries)
{
	struct rte_eth_rss_reta_entry64 reta[RSS_ENTRIES_MAX / RTE_ETH_RETA_GROUP_SIZE];
	struct rss *table = port->table;

	if (entries == 0 || entries > RSS_ENTRIES_MAX || (entries & (entries - 1)) != 0)
		return false;
	memset(reta, 0, sizeof(reta));
	for (size_t i = 0; i < RTE_DIM(reta); i++)
		reta[i].mask = UINT64_MAX;
	if (rte_eth_dev_rss_reta_query(id, reta, entries) != 0)
		return false;
	for (uint16_t i = 0; i < entries; i++) {
		uint16_t queue =
			reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];

		if (queue >= port->rxq_nb)
			return false;
		table->lcore[i] = port->rxq_lcore[queue];
	}
	table->entries = entries;
	return true;
}

// Reads key and fields of the hash.
static bool read_hash(struct port *port, uint16_t id)
{
	struct rss *table = port->table;
	struct rte_eth_rss_conf conf = {.rss_key = table->key, .rss_key_len = table->key_len};

	if (table->key_len > RSS_KEY_MAX || rte_eth_dev_rss_hash_conf_get(id, &conf) != 0)
		return false;
	table->ipv4 = (conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV4_UDP) != 0;
	table->ipv6 = (conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV6_UDP) != 0;
	return table->ipv4 || table->ipv6;
}

void port_rss_read(struct port *port, uint16_t id)
{
	struct rte_eth_dev_info info = {0};

	if (port->table == NULL)
		return;
	if (rte_eth_dev_info_get(id, &info) == 0) {
		write_key(port, id, info.flow_type_rss_offloads);
		write_entries(port, id, info.reta_size);
		if (read_hash(port, id) && read_entries(port, id, info.reta_size))
			return;
	}
	if (port->outside)
		LOG(INFO, "port: %s: the device does not say how it spreads flows",
		    port->config->name);
	else
		LOG(WARNING,
		    "port: %s: the device does not say how it spreads flows (redirection table of "
		    "%u entries, key of %u bytes): most replies take one more lcore",
		    port->config->name, info.reta_size, port->table->key_len);
	rte_free(port->table);
	port->table = NULL;
}
