// SPDX-License-Identifier: BSD-3-Clause
#include "ports.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <stdarg.h>
#include <unistd.h>

#include "aead.h"
#include "eal.h"

#define MBUF_NB	     16383
#define MBUF_CACHE   256
#define MEMORY_MB    "192" // without huge pages
#define DESCS	     1024  // a queue
#define LINK_WAIT_S  10
#define LINK_POLL_US 10000
#define ARG_NB	     64
#define ARG_LEN	     512
#define TX_OFFLOADS  (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

// Bytes around an IP datagram: Ethernet with a tag, and a record's tag behind its payload.
#define FRAME_EXTRA (14 + 4 + AEAD_TAG_MAX)

// The last CPU that we may run on.
static int last_cpu(void)
{
	cpu_set_t set;
	int last = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	return last;
}

// Arguments of rte_eal_init(), which keeps them.
static char arg[ARG_NB][ARG_LEN];
static char *argv[ARG_NB + 1];
static int argc;

static void add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *fmt, ...)
{
	va_list list;

	if (argc == ARG_NB)
		return;
	va_start(list, fmt);
	vsnprintf(arg[argc], ARG_LEN, fmt, list);
	va_end(list);
	argv[argc] = arg[argc];
	argc++;
}

// Returns true if it is a PCI device.
static bool add_device(const char *device)
{
	char name[EAL_DEVICE_NAME_LEN];
	bool pci = device != NULL && eal_device_name(device, name);

	if (device != NULL)
		add("--%s=%s", pci ? "allow" : "vdev", device);
	return pci;
}

int ports_eal(const struct options *o, const char *program)
{
	bool pci;

	add("%s", program);
	add("--lcores=0@%d", o->cpu >= 0 ? o->cpu : last_cpu());
	add("--no-telemetry");
	add("--log-level=error");
	if (o->huge) {
		add("--in-memory");
	} else {
		add("--no-shconf");
		add("--no-huge");
		add("-m");
		add(MEMORY_MB);
	}
	pci = add_device(o->outside);
	pci |= add_device(o->inside);
	if (!pci)
		add("--no-pci");
	for (int i = 0; i < o->eal_nb; i++)
		add("%s", o->eal[i]);
	if (rte_eal_init(argc, argv) >= 0)
		return 0;
	fprintf(stderr, "dtlsgw-gen: DPDK does not start: %s; its lines above say why\n",
		rte_strerror(rte_errno));
	return -rte_errno;
}

struct rte_mempool *ports_pool(const struct options *o)
{
	uint16_t room = RTE_MAX(RTE_MBUF_DEFAULT_DATAROOM, o->mtu + FRAME_EXTRA);
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"mbuf", MBUF_NB, MBUF_CACHE, 0, RTE_PKTMBUF_HEADROOM + room, SOCKET_ID_ANY);

	if (pool == NULL)
		fprintf(stderr, "dtlsgw-gen: no memory for packets: %s\n", rte_strerror(rte_errno));
	return pool;
}

static int configure(struct gen_port *p)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_info_get(p->id, &info);

	if (rc != 0)
		return rc;
	conf.txmode.offloads = info.tx_offload_capa & TX_OFFLOADS;
	if (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
		p->port.tx_ipv4_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	if (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) {
		p->port.tx_ipv4_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		p->port.tx_ipv6_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
	}
	return rte_eth_dev_configure(p->id, 1, 1, &conf);
}

static int set_up_queues(const struct gen_port *p, struct rte_mempool *pool)
{
	uint16_t rx_descs = DESCS, tx_descs = DESCS;
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(p->id);
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx_descs, &tx_descs);

	if (rc == 0)
		rc = rte_eth_rx_queue_setup(p->id, 0, rx_descs, socket, NULL, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(p->id, 0, tx_descs, socket, NULL);
	return rc;
}

// NDP needs multicast; a device without a filter for it must take everything.
static int receive_multicast(uint16_t id)
{
	int rc = rte_eth_allmulticast_enable(id);

	return rc == -ENOTSUP ? rte_eth_promiscuous_enable(id) : rc;
}

static int await_link(uint16_t id)
{
	for (int i = 0; i < LINK_WAIT_S * (1000000 / LINK_POLL_US); i++) {
		struct rte_eth_link link;

		if (rte_eth_link_get_nowait(id, &link) != 0 || link.link_status)
			return 0; // up, or the device does not know
		usleep(LINK_POLL_US);
	}
	return -ENETDOWN;
}

// A driver that cannot set the MTU leaves it as the operator has set it.
static int set_mtu(const struct gen_port *p)
{
	int rc = rte_eth_dev_set_mtu(p->id, p->port.mtu);

	return rc == -ENOTSUP ? 0 : rc;
}

int ports_start(struct gen_port *p, const char *device, const struct options *o,
		struct rte_mempool *pool)
{
	char name[EAL_DEVICE_NAME_LEN];
	const char *step = "find";
	int rc;

	*p = (struct gen_port){.hosts = p->hosts, .port = {.mtu = o->mtu}};
	eal_device_name(device, name);
	rc = rte_eth_dev_get_port_by_name(name, &p->id);
	if (rc != 0)
		goto out;
	step = "configure";
	rc = configure(p);
	if (rc != 0)
		goto out;
	step = "set the MTU of";
	rc = set_mtu(p);
	if (rc != 0)
		goto out;
	step = "set up queues of";
	rc = set_up_queues(p, pool);
	if (rc != 0)
		goto out;
	step = "start";
	rc = rte_eth_dev_start(p->id);
	p->started = rc == 0;
	if (rc == 0)
		rc = receive_multicast(p->id);
	if (rc == 0)
		rc = rte_eth_macaddr_get(p->id, &p->port.mac);
	if (rc != 0)
		goto out;
	step = "wait for the link of";
	rc = await_link(p->id);
out:
	if (rc != 0)
		fprintf(stderr, "dtlsgw-gen: cannot %s device %s: %s\n", step, device,
			strerror(-rc));
	return rc;
}

void ports_stop(struct gen_port *p)
{
	if (!p->started)
		return;
	rte_eth_dev_stop(p->id);
	rte_eth_dev_close(p->id);
}

uint16_t ports_receive(struct gen_port *p, struct rte_mbuf **m)
{
	uint16_t n = rte_eth_rx_burst(p->id, 0, m, PORTS_BURST);

	p->rx += n;
	return n;
}

uint16_t ports_send(struct gen_port *p, struct rte_mbuf **m, uint16_t n)
{
	uint16_t sent = n > 0 ? rte_eth_tx_burst(p->id, 0, m, n) : 0;

	p->tx += sent;
	return sent;
}
