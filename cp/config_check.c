// SPDX-License-Identifier: BSD-3-Clause
#include "config_check.h"

#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "eal.h"
#include "nat.h"
#include "psk_file.h"
#include "route.h"
#include "srtp.h"

#define MTU_IPV6_MIN  1280 // RFC 8200 section 5
#define HOST_LEN_MAX  253  // bytes (RFC 1035 section 2.3.4)
#define LABEL_LEN_MAX 63   // bytes (the same)

static const char *family(const struct ip_addr *a)
{
	return ip_is_v4(a) ? "IPv4" : "IPv6";
}

// Where *a is a port's address: prints nothing, returns the port's index or port_nb.
static unsigned int port_find(const struct config *config, const struct ip_addr *a)
{
	for (unsigned int i = 0; i < config->port_nb; i++)
		for (unsigned int j = 0; j < config->port[i].addr_nb; j++)
			if (ip_equal(&config->port[i].addr[j].addr, a))
				return i;
	return config->port_nb;
}

// The length of the port's longest prefix that holds *a; 0: none does.
static uint8_t port_prefix(const struct config_port *port, const struct ip_addr *a)
{
	uint8_t longest = 0;

	for (unsigned int i = 0; i < port->addr_nb; i++)
		if (port->addr[i].prefix_len > longest &&
		    ip_in_prefix(a, &port->addr[i].addr, port->addr[i].prefix_len))
			longest = port->addr[i].prefix_len;
	return longest;
}

static bool port_has_family(const struct config_port *port, bool v4)
{
	for (unsigned int i = 0; i < port->addr_nb; i++)
		if (ip_is_v4(&port->addr[i].addr) == v4)
			return true;
	return false;
}

// prefix_len: of the link that holds *a, 0 if there is none.
static void check_host(struct config_doc *doc, const char *key, const struct ip_addr *a,
		       uint8_t prefix_len)
{
	char text[IP_TEXT_LEN];

	if (!route_is_host(a))
		config_error(doc, key,
			     "%s is unset, loopback or multicast; expected a host's address",
			     ip_format(a, text));
	else if (prefix_len > 0 && route_is_subnet(a, prefix_len))
		config_error(doc, key,
			     "%s is the whole of a subnet or its broadcast address; expected a "
			     "host's address",
			     ip_format(a, text));
}

static void check_global(struct config_doc *doc, const char *key, const struct ip_addr *a)
{
	char text[IP_TEXT_LEN];

	if (route_is_link_local(a))
		config_error(doc, key,
			     "%s is link-local; expected an address that is good on every link",
			     ip_format(a, text));
}

// The name of entry i of a list may not stand in an entry before it.  names: the first entry's.
static void check_name(struct config_doc *doc, const char *list, const char *names, size_t stride,
		       unsigned int i)
{
	const char *name = names + i * stride;

	for (unsigned int j = 0; j < i; j++) {
		if (strcmp(names + j * stride, name) != 0)
			continue;
		config_error(doc, "name",
			     "\"%s\" is the name of %s[%u] too; expected a name "
			     "of its own",
			     name, list, j);
		return;
	}
}

static void check_port_addr(struct config_doc *doc, const struct config *config, unsigned int i,
			    unsigned int j)
{
	const struct config_addr *addr = &config->port[i].addr[j];
	char text[IP_TEXT_LEN];

	config_at(doc, "ports[%u].addresses[%u]", i, j);
	check_host(doc, "", &addr->addr, addr->prefix_len);
	check_global(doc, "", &addr->addr);
	for (unsigned int p = 0; p <= i; p++) {
		for (unsigned int a = 0; a < (p == i ? j : config->port[p].addr_nb); a++)
			if (ip_equal(&config->port[p].addr[a].addr, &addr->addr))
				config_error(doc, "",
					     "%s stands in ports[%u].addresses[%u] too; "
					     "expected an address of its own",
					     ip_format(&addr->addr, text), p, a);
	}
}

static void check_gateway(struct config_doc *doc, const struct config *config,
			  const struct config_port *port, const struct ip_addr *gateway)
{
	uint8_t prefix_len = port_prefix(port, gateway);
	char text[IP_TEXT_LEN];

	if (!ip_is_set(gateway))
		return;
	ip_format(gateway, text);
	check_host(doc, "gateways", gateway, prefix_len);
	if (prefix_len == 0 && !(route_is_link_local(gateway) && port_has_family(port, false)))
		config_error(doc, "gateways",
			     "%s lies in no prefix of this port; expected a "
			     "neighbour's address",
			     text);
	else if (port_find(config, gateway) < config->port_nb)
		config_error(doc, "gateways",
			     "%s is an address of this gateway; expected a "
			     "neighbour's address",
			     text);
}

// The interface behind a virtual device and its length; 0: it has none.
static const char *device_interface(const char *device, size_t *len)
{
	static const char key[] = ",iface=";
	const char *at = strstr(device, key);

	*len = 0;
	if (at == NULL)
		return NULL;
	at += strlen(key);
	*len = strcspn(at, ",");
	return at;
}

// Device i may not be device j under another spelling, nor share its interface.
static void check_device(struct config_doc *doc, const struct config *config, unsigned int i,
			 unsigned int j)
{
	char name[EAL_DEVICE_NAME_LEN], other_name[EAL_DEVICE_NAME_LEN];
	const char *interface, *other;
	size_t len, other_len;

	eal_device_name(config->port[i].device, name);
	eal_device_name(config->port[j].device, other_name);
	interface = device_interface(config->port[i].device, &len);
	other = device_interface(config->port[j].device, &other_len);
	if (strcmp(name, other_name) == 0)
		config_error(doc, "device",
			     "%s is the device of ports[%u] too; expected a device of its own",
			     name, j);
	else if (len > 0 && len == other_len && memcmp(interface, other, len) == 0)
		config_error(doc, "device",
			     "%.*s is the interface of ports[%u] too; expected an interface of its "
			     "own",
			     (int)len, interface, j);
}

static void check_port(struct config_doc *doc, const struct config *config, unsigned int i)
{
	const struct config_port *port = &config->port[i];

	config_at(doc, "ports[%u]", i);
	check_name(doc, "ports", config->port[0].name, sizeof(*port), i);
	for (unsigned int j = 0; j < i; j++)
		check_device(doc, config, i, j);
	if (port->mtu < MTU_IPV6_MIN && port_has_family(port, false))
		config_error(doc, "mtu", "%u is too small for IPv6; expected %d or more", port->mtu,
			     MTU_IPV6_MIN);
	check_gateway(doc, config, port, &port->gateway_v4);
	check_gateway(doc, config, port, &port->gateway_v6);
	for (unsigned int j = 0; j < port->addr_nb; j++)
		check_port_addr(doc, config, i, j);
}

static void check_roles(struct config_doc *doc, const struct config *config)
{
	static const char *const roles[] = {
		[CONFIG_OUTSIDE] = "outside", [CONFIG_INSIDE] = "inside"};
	unsigned int nb[2] = {0};

	config_at(doc, "ports");
	for (unsigned int i = 0; i < config->port_nb; i++)
		nb[config->port[i].role]++;
	for (unsigned int role = 0; role < 2; role++)
		if (nb[role] == 0)
			config_error(doc, "", "no port has the role %s; expected at least one",
				     roles[role]);
}

static void check_listener_addr(struct config_doc *doc, const struct config *config, unsigned int i,
				unsigned int j)
{
	const struct ip_addr *addr = &config->listener[i].addr[j];
	unsigned int p = port_find(config, addr);
	char text[IP_TEXT_LEN];

	config_at(doc, "listeners[%u].addresses[%u]", i, j);
	ip_format(addr, text);
	if (p == config->port_nb || config->port[p].role != CONFIG_OUTSIDE)
		config_error(doc, "", "%s is no address of an outside port; expected one of those",
			     text);
	for (unsigned int l = 0; l <= i; l++) {
		if (config->listener[l].port != config->listener[i].port)
			continue;
		for (unsigned int a = 0; a < (l == i ? j : config->listener[l].addr_nb); a++)
			if (ip_equal(&config->listener[l].addr[a], addr))
				config_error(doc, "",
					     "%s with port %u stands in "
					     "listeners[%u].addresses[%u] too; expected "
					     "another address or port",
					     text, config->listener[i].port, l, a);
	}
}

static void check_credentials(struct config_doc *doc, const struct config_listener *listener,
			      unsigned int i)
{
	config_at(doc, "listeners[%u]", i);
	if (listener->certificate_nb == 0 && listener->psk_file == NULL)
		config_error(doc, "certificates",
			     "missing; expected this key, or psk_file, or both");
	if (listener->psk_hint != NULL && listener->psk_file == NULL)
		config_error(doc, "psk_hint", "given without psk_file; expected both or none");
	if (listener->client_certificate != CONFIG_CLIENT_CERTIFICATE_NONE &&
	    (listener->client_ca == NULL || listener->certificate_nb == 0))
		config_error(doc, "client_certificate",
			     "given without client_ca or certificates; expected them too");
	if (listener->client_certificate == CONFIG_CLIENT_CERTIFICATE_NONE &&
	    (listener->client_ca != NULL || listener->client_crl != NULL))
		config_error(doc, listener->client_ca != NULL ? "client_ca" : "client_crl",
			     "given, but no certificate is asked for; expected client_certificate: "
			     "optional or required");
	if (listener->psk_hint != NULL && strlen(listener->psk_hint) > PSK_IDENTITY_MAX)
		config_error(doc, "psk_hint", "too long; expected at most %d bytes",
			     PSK_IDENTITY_MAX);
}

// Labels of letters, digits, - and _ behind an optional "*."; as clients write it, without a final
// dot, and no address (RFC 6066 section 3).
static bool is_host_name(const char *name)
{
	static const char digits[] = "0123456789";
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-_";
	size_t len;

	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	if (strlen(name) > HOST_LEN_MAX)
		return false;
	for (;; name += len + 1) {
		len = strcspn(name, ".");
		if (len == 0 || len > LABEL_LEN_MAX || strspn(name, chars) != len ||
		    name[0] == '-' || name[len - 1] == '-')
			return false;
		if (name[len] == '\0')
			return strspn(name, digits) != len;
	}
}

static void check_server_names(struct config_doc *doc, const struct config_listener *listener,
			       unsigned int i)
{
	for (unsigned int j = 0; j < listener->server_name_nb; j++) {
		const struct config_server_name *name = &listener->server_name[j];

		config_at(doc, "listeners[%u].server_names[%u]", i, j);
		if (!is_host_name(name->name))
			config_error(doc, "name",
				     "\"%.64s\" is no host name; expected one as gw.example.org or "
				     "*.example.org",
				     name->name);
		if (name->certificate_nb > 0 && listener->certificate_nb == 0)
			config_error(doc, "certificates",
				     "given, but the listener has none; expected its own too");
		for (unsigned int k = 0; k < j; k++)
			if (strcasecmp(listener->server_name[k].name, name->name) == 0)
				config_error(
					doc, "name",
					"\"%.64s\" stands in server_names[%u] too; expected it "
					"once",
					name->name, k);
	}
	for (unsigned int j = 0; j < listener->alpn_nb; j++) {
		config_at(doc, "listeners[%u].alpn[%u]", i, j);
		if (strlen(listener->alpn[j]) > CONFIG_ALPN_LEN)
			config_error(doc, "", "too long; expected at most %d bytes",
				     CONFIG_ALPN_LEN);
	}
	config_at(doc, "listeners[%u]", i);
	if (listener->refuse_unknown_name && listener->server_name_nb == 0)
		config_error(doc, "unknown_name",
			     "refuse without server_names; expected the names that are known");
}

// What cp/route.c does to find the way: the longest prefix that holds the address, else the first
// gateway.  NULL: there is none.
static const struct config_port *backend_port(const struct config *config, const struct ip_addr *a)
{
	const struct config_port *best = NULL;
	bool v4 = ip_is_v4(a);
	uint8_t longest = 0;

	for (unsigned int i = 0; i < config->port_nb; i++) {
		const struct config_port *port = &config->port[i];
		const struct ip_addr *gateway = v4 ? &port->gateway_v4 : &port->gateway_v6;
		uint8_t len = port_prefix(port, a);

		if (port->role != CONFIG_INSIDE || !port_has_family(port, v4))
			continue;
		if (len > longest || (best == NULL && ip_is_set(gateway)))
			best = port;
		longest = len > longest ? len : longest;
	}
	return best;
}

static void check_backend(struct config_doc *doc, const struct config *config, unsigned int i)
{
	const struct config_backend *backend = &config->backend[i];
	uint8_t prefix_len = 0;
	char text[IP_TEXT_LEN];

	for (unsigned int p = 0; p < config->port_nb; p++) {
		uint8_t len = port_prefix(&config->port[p], &backend->addr);

		if (config->port[p].role == CONFIG_INSIDE && len > prefix_len)
			prefix_len = len;
	}

	config_at(doc, "backends[%u]", i);
	check_name(doc, "backends", config->backend[0].name, sizeof(*backend), i);
	check_host(doc, "address", &backend->addr, prefix_len);
	check_global(doc, "address", &backend->addr);
	ip_format(&backend->addr, text);
	if (port_find(config, &backend->addr) < config->port_nb)
		config_error(doc, "address",
			     "%s is an address of this gateway; expected the "
			     "backend's",
			     text);
	else if (backend_port(config, &backend->addr) == NULL)
		config_error(doc, "address",
			     "no inside port leads to %s; expected an inside "
			     "%s prefix that holds it, or a gateway",
			     text, family(&backend->addr));
}

// What cp/neigh.h keeps for good, and one entry for all that comes and goes.
static void check_neighbours(struct config_doc *doc, const struct config *config)
{
	unsigned int least = config->backend_nb + 1u;

	for (unsigned int i = 0; i < config->port_nb; i++)
		least += (unsigned int)ip_is_set(&config->port[i].gateway_v4) +
			 (unsigned int)ip_is_set(&config->port[i].gateway_v6);
	config_at(doc, "limits");
	if (config->neighbours < least)
		config_error(doc, "neighbours",
			     "%u is too few for the backends and gateways; expected %u or more",
			     config->neighbours, least);
}

// Whatever comes as STUN and RTP, sessions must find gateway ports of the family that the media
// server has.
static void check_media(struct config_doc *doc, const struct config *config,
			const struct config_listener *listener)
{
	const struct config_backend *media = &config->backend[listener->media];
	const struct config_port *port = backend_port(config, &media->addr);
	unsigned int need = config->sessions + config->half_open + config->relays, have = 0;

	for (unsigned int i = 0; port != NULL && i < port->addr_nb; i++)
		if (ip_is_v4(&port->addr[i].addr) == ip_is_v4(&media->addr))
			have += NAT_PORT_NB - NAT_PORT_MIN;
	if (port != NULL && have < need)
		config_error(doc, "media",
			     "sessions, half_open and relays need %u gateway ports, the %s "
			     "addresses of port %s have %u; expected more addresses or lower "
			     "limits",
			     need, family(&media->addr), port->name, have);
}

static void check_srtp(struct config_doc *doc, const struct config *config,
		       const struct config_listener *listener)
{
	if (listener->srtp_nb > 0 && config->control_socket == NULL)
		config_error(doc, "srtp",
			     "given, but nobody could ask for the keys; expected "
			     "control_socket.path too");
	for (unsigned int i = 0; i < listener->srtp_nb; i++)
		for (unsigned int j = 0; j < i; j++)
			if (listener->srtp[i] == listener->srtp[j])
				config_error(doc, "srtp", "%s stands twice; expected it once",
					     srtp_info[listener->srtp[i]].name);
}

static void check_control_socket(struct config_doc *doc, const struct config *config)
{
	const size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	config_at(doc, "control_socket");
	if (config->control_socket == NULL) {
		if (config->control_user != NULL || config->control_group != NULL ||
		    config->control_group_rw)
			config_error(doc, "path", "missing; expected it with the other keys");
	} else if (strlen(config->control_socket) > most) {
		config_error(doc, "path", "%.64s... is too long; expected at most %zu bytes",
			     config->control_socket, most);
	}
}

void config_check(struct config_doc *doc, const struct config *config)
{
	config_at(doc, "memory");
	if (!config->huge_pages && config->memory_mb == 0)
		config_error(doc, "memory_mb", "0 without huge pages; expected 1 to 1048576");
	for (unsigned int i = 0; i < config->port_nb; i++)
		check_port(doc, config, i);
	check_roles(doc, config);
	for (unsigned int i = 0; i < config->listener_nb; i++) {
		config_at(doc, "listeners[%u]", i);
		check_name(doc, "listeners", config->listener[0].name, sizeof(config->listener[0]),
			   i);
		for (unsigned int j = 0; j < config->listener[i].addr_nb; j++)
			check_listener_addr(doc, config, i, j);
		check_credentials(doc, &config->listener[i], i);
		check_server_names(doc, &config->listener[i], i);
		config_at(doc, "listeners[%u]", i);
		check_srtp(doc, config, &config->listener[i]);
		if (config->listener[i].media != CONFIG_BACKEND_NONE)
			check_media(doc, config, &config->listener[i]);
	}
	for (unsigned int i = 0; i < config->backend_nb; i++)
		check_backend(doc, config, i);
	check_neighbours(doc, config);
	check_control_socket(doc, config);
	config_at(doc, "%s", "");
}
