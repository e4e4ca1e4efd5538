// SPDX-License-Identifier: BSD-3-Clause
#include "route.h"

#include <errno.h>
#include <rte_byteorder.h>

#include "ndp.h"

bool route_is_host(const struct ip_addr *addr)
{
	static const struct ip_addr loopback = {{[15] = 1}};
	const uint8_t *b = addr->byte;

	if (ip_is_v4(addr))
		return b[12] != 0 && b[12] != 127 && b[12] < 224;
	return b[0] != 0xff && ip_is_set(addr) && !ip_equal(addr, &loopback);
}

bool route_is_link_local(const struct ip_addr *addr)
{
	return addr->byte[0] == 0xfe && (addr->byte[1] & 0xc0) == 0x80;
}

bool route_is_own(const struct port *port, const struct ip_addr *addr)
{
	struct ip_addr link_local;

	for (uint16_t i = 0; i < port->config->addr_nb; i++) {
		if (ip_equal(addr, &port->config->addr[i].addr))
			return true;
	}
	ndp_link_local(&port->mac, &link_local);
	return ip_equal(addr, &link_local);
}

static bool is_gateway_own(const struct dp *dp, const struct ip_addr *addr)
{
	const struct config *config = dp->config;

	for (uint16_t i = 0; i < config->port_nb; i++) {
		if (route_is_own(&dp->port[dp->port_id[i]], addr))
			return true;
	}
	for (uint16_t i = 0; i < config->listener_nb; i++) {
		for (uint16_t k = 0; k < config->listener[i].addr_nb; k++) {
			if (ip_equal(addr, &config->listener[i].addr[k]))
				return true;
		}
	}
	return false;
}

bool route_is_subnet(const struct ip_addr *addr, uint8_t prefix_len)
{
	uint32_t host, mask;

	if (!ip_is_v4(addr) || prefix_len >= 31)
		return false;
	mask = UINT32_MAX >> prefix_len;
	memcpy(&host, addr->byte + 12, sizeof(host));
	host = rte_be_to_cpu_32(host) & mask;
	return host == 0 || host == mask;
}

// The port's address whose prefix holds addr and is the longest, or NULL.
static const struct config_addr *connected(const struct port *port, const struct ip_addr *addr)
{
	const struct config_addr *best = NULL;

	for (uint16_t i = 0; i < port->config->addr_nb; i++) {
		const struct config_addr *own = &port->config->addr[i];

		if (ip_in_prefix(addr, &own->addr, own->prefix_len) &&
		    (best == NULL || own->prefix_len > best->prefix_len))
			best = own;
	}
	return best;
}

bool route_is_neighbour(const struct dp *dp, const struct port *port, const struct ip_addr *addr)
{
	const struct config_addr *own;

	if (!route_is_host(addr) || is_gateway_own(dp, addr))
		return false;
	if (route_is_link_local(addr))
		return true;
	own = connected(port, addr);
	return own != NULL && !route_is_subnet(addr, own->prefix_len);
}

// The port's address towards hop for datagrams that are routed on.
static bool global_src(const struct port *port, const struct ip_addr *hop, struct ip_addr *src)
{
	const struct config_addr *own = connected(port, hop);

	for (uint16_t i = 0; own == NULL && i < port->config->addr_nb; i++) {
		if (ip_is_v4(&port->config->addr[i].addr) == ip_is_v4(hop))
			own = &port->config->addr[i];
	}
	if (own != NULL)
		*src = own->addr;
	return own != NULL;
}

bool route_src(const struct port *port, const struct ip_addr *hop, struct ip_addr *src)
{
	if (!route_is_link_local(hop))
		return global_src(port, hop, src);
	ndp_link_local(&port->mac, src);
	return true;
}

// -ENOENT: no connected prefix holds dst.
static int find_connected(const struct dp *dp, const struct ip_addr *dst, bool outside,
			  struct route_hop *hop)
{
	const struct config_addr *best = NULL;

	for (uint16_t i = 0; i < dp->config->port_nb; i++) {
		const struct port *port = &dp->port[dp->port_id[i]];
		const struct config_addr *own = connected(port, dst);

		if (port->outside != outside || own == NULL ||
		    (best != NULL && best->prefix_len >= own->prefix_len))
			continue;
		best = own;
		hop->port_id = dp->port_id[i];
		hop->src = own->addr;
	}
	hop->hop = *dst;
	if (best == NULL)
		return -ENOENT;
	return route_is_subnet(dst, best->prefix_len) ? -ENETUNREACH : 0;
}

static int find_gateway(const struct dp *dp, const struct ip_addr *dst, bool outside,
			struct route_hop *hop)
{
	for (uint16_t i = 0; i < dp->config->port_nb; i++) {
		const struct port *port = &dp->port[dp->port_id[i]];
		const struct config_port *config = port->config;

		hop->hop = ip_is_v4(dst) ? config->gateway_v4 : config->gateway_v6;
		if (port->outside != outside || !ip_is_set(&hop->hop))
			continue;
		hop->port_id = dp->port_id[i];
		if (global_src(port, &hop->hop, &hop->src))
			return 0;
	}
	return -ENETUNREACH;
}

int route_find(const struct dp *dp, const struct ip_addr *dst, bool outside, struct route_hop *hop)
{
	int rc;

	if (!route_is_host(dst) || route_is_link_local(dst) || is_gateway_own(dp, dst))
		return -ENETUNREACH;
	rc = find_connected(dp, dst, outside, hop);
	return rc == -ENOENT ? find_gateway(dp, dst, outside, hop) : rc;
}
