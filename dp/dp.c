// SPDX-License-Identifier: BSD-3-Clause
#include "dp.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>
#include <unistd.h>

#include "aead_mb.h"
#include "lcore.h"
#include "life.h"
#include "media.h"
#include "numa.h"
#include "port_start.h"
#include "reassemble.h"
#include "ring.h"

#define RING_SIZE   4096 // messages
#define MBUF_CACHE  256
#define FRAME_EXTRA (14 + 4 + AEAD_TAG_MAX) // bytes around an IP datagram: Ethernet, VLAN, tag

// Frames that come, and what cp makes, start behind the headroom: it must hold the record header
// and nonce of what is sealed, and the headers of encap_push() in front of that.
_Static_assert(RTE_PKTMBUF_HEADROOM >= DTLS_RECORD_HEADER_LEN + AEAD_NONCE_LEN + ENCAP_MAX,
	       "headers in front of a payload");

// The whole data plane; cp sees the first member.
struct data_plane {
	struct dp dp;
	struct table_secret hash_secret;
	struct lcore *lcore[CONFIG_LCORE_MAX];
};

static struct data_plane *data_plane(const struct dp *dp)
{
	return (struct data_plane *)(uintptr_t)dp;
}

struct lcore *dp_lcore(const struct dp *dp, uint16_t i)
{
	return data_plane(dp)->lcore[i];
}

uint16_t dp_flow_lcore(const struct dp *dp, const struct flow_key *flow)
{
	return dp_flow_spread(dp, flow, dp->lcore_nb);
}

uint16_t dp_flow_spread(const struct dp *dp, const struct flow_key *flow, uint16_t n)
{
	return table_hash_lcore(table_hash(flow, &data_plane(dp)->hash_secret), n);
}

bool dp_send(struct dp *dp, uint16_t lcore, const struct msg *msg)
{
	struct msg copy = *msg; // the ring takes no const

	return rte_ring_sp_enqueue_elem(dp->install[lcore], &copy, sizeof(copy)) == 0;
}

unsigned int dp_receive(struct dp *dp, uint16_t lcore, struct msg *msg, unsigned int n)
{
	return rte_ring_sc_dequeue_burst_elem(dp->punt[lcore], msg, sizeof(*msg), n, NULL);
}

static struct rte_ring *create_ring(const char *kind, uint16_t lcore, unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "%s_%u", kind, lcore);
	ring = rte_ring_create_elem(name, sizeof(struct msg), RING_SIZE, numa_of_lcore(lcore),
				    flags);
	return ring != NULL ? ring
			    : rte_ring_create_elem(name, sizeof(struct msg), RING_SIZE,
						   SOCKET_ID_ANY, flags);
}

// Sessions and handshakes that one lcore must have room for: all where it is alone, else twice its
// share, because flows do not spread evenly.
static uint32_t share(uint32_t total, uint16_t lcore_nb)
{
	return lcore_nb == 1 ? total : RTE_MIN(total, 2 * (total / lcore_nb + 1));
}

static bool create_rings(struct lcore *lc)
{
	struct dp *dp = lc->dp;
	const uint16_t id = lc->id;

	dp->punt[id] = create_ring("punt", id, RING_F_SP_ENQ | RING_F_SC_DEQ);
	dp->install[id] = create_ring("install", id, RING_F_SP_ENQ | RING_F_SC_DEQ);
	lc->handoff[id] = create_ring("handoff", id, RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	lc->punt = dp->punt[id];
	lc->install = dp->install[id];
	return lc->punt != NULL && lc->install != NULL && lc->handoff[id] != NULL;
}

// What lc refers to.  Returns NULL, or what there is not.
static const char *create_parts(struct lcore *lc)
{
	const struct config *config = lc->dp->config;
	char name[32];

	lc->aead = aead_create_apart();
	if (lc->aead == NULL)
		return "no manager of ipsec-mb";
	if (config->fragments > 0) {
		lc->reassemble = reassemble_create(config, lc->id);
		if (lc->reassemble == NULL)
			return "no memory for IP fragments";
	}
	snprintf(name, sizeof(name), "table_%u", lc->id);
	lc->table =
		table_create(name, share(config->sessions, lc->dp->lcore_nb) + lc->half_open_max,
			     &lc->hash_secret, numa_of_lcore(lc->id));
	if (lc->table == NULL)
		return "no memory for the table of sessions";
	lc->walk_rate = life_walk_rate(lc);
	if (media_init(lc, share(config->relays, lc->dp->lcore_nb)) != 0)
		return "no memory for the table of relays";
	return create_rings(lc) ? NULL : "no memory for its rings";
}

static int create_lcore(struct data_plane *plane, uint16_t id)
{
	struct dp *dp = &plane->dp;
	const struct config *config = dp->config;
	struct lcore *lc = numa_zmalloc("lcore", sizeof(*lc), numa_of_lcore(id));
	const char *missing = "no memory for its state";

	if (lc == NULL)
		goto fail;
	plane->lcore[id] = lc;
	lc->dp = dp;
	lc->id = id;
	lc->hash_secret = plane->hash_secret;
	lc->half_open_max = share(config->half_open, dp->lcore_nb);
	lc->half_open_address_max = share(life_half_open_of_address(config), dp->lcore_nb);
	lc->second_tsc = rte_get_tsc_hz();
	lc->idle_tsc = config->idle_timeout_s * lc->second_tsc;
	lc->handshake_tsc = config->handshake_timeout_s * lc->second_tsc;
	lc->walked_tsc = rte_rdtsc();
	lc->frame_tsc = lc->second_tsc / config->control_rate;
	dp->stats[id] = &lc->stats;
	missing = create_parts(lc);
	if (missing == NULL)
		return 0;
fail:
	LOG(ERR, "dp: lcore %u: %s", id, missing);
	return -ENOMEM;
}

// Once all lcores have theirs.
static void report_shared_copies(const struct data_plane *plane)
{
	uint16_t shared = 0;

	for (uint16_t i = 0; i < plane->dp.lcore_nb; i++)
		shared += mb_copy_shares(plane->lcore[i]->aead->mb);
	if (shared > 1)
		LOG(NOTICE, "dp: %u of %u lcores share a copy of ipsec-mb with others", shared,
		    plane->dp.lcore_nb);
}

static void connect_lcores(struct data_plane *plane)
{
	struct dp *dp = &plane->dp;

	for (uint16_t i = 0; i < dp->lcore_nb; i++) {
		for (uint16_t k = 0; k < dp->lcore_nb; k++)
			plane->lcore[i]->handoff[k] = plane->lcore[k]->handoff[k];
	}
	for (uint16_t p = 0; p < dp->config->port_nb; p++) {
		const struct port *port = &dp->port[dp->port_id[p]];

		for (uint16_t i = 0; i < dp->lcore_nb; i++) {
			struct tx_buffer *tx = &plane->lcore[i]->tx[dp->port_id[p]];

			tx->port = port;
			tx->queue = port->txq[i];
		}
		for (uint16_t q = 0; q < port->rxq_nb; q++) {
			struct lcore *lc = plane->lcore[port->rxq_lcore[q]];

			lc->rxq[lc->rxq_nb].port_id = dp->port_id[p];
			lc->rxq[lc->rxq_nb++].queue = q;
		}
	}
}

static int create_nat(struct dp *dp)
{
	for (uint16_t p = 0; p < dp->config->port_nb; p++) {
		const struct config_port *config = &dp->config->port[p];

		dp->port[dp->port_id[p]].nat_first = dp->nat.addr_nb;
		for (uint16_t i = 0; config->role == CONFIG_INSIDE && i < config->addr_nb; i++) {
			struct nat_addr *nat = &dp->nat.addr[dp->nat.addr_nb];

			nat->slot = rte_zmalloc("nat", NAT_PORT_NB * sizeof(*nat->slot),
						RTE_CACHE_LINE_SIZE);
			if (nat->slot == NULL)
				return -ENOMEM;
			for (uint32_t k = 0; k < NAT_PORT_NB; k++)
				atomic_init(&nat->slot[k].lcore, NAT_NO_LCORE);
			nat->addr = config->addr[i].addr;
			nat->port_id = dp->port_id[p];
			dp->nat.addr_nb++;
		}
	}
	return 0;
}

// Data room for a frame of the largest MTU, with a tag behind its payload.
static uint16_t mbuf_room(const struct config *config)
{
	uint16_t room = RTE_MBUF_DEFAULT_DATAROOM;

	for (uint16_t i = 0; i < config->port_nb; i++)
		room = RTE_MAX(room, (uint16_t)(config->port[i].mtu + FRAME_EXTRA));
	return RTE_PKTMBUF_HEADROOM + room;
}

static struct session_pool *create_sessions(struct dp *dp, uint32_t nb)
{
	int socket[SESSION_POOL_NODES_MAX];
	uint8_t nodes = 0;

	for (uint16_t i = 0; i < dp->lcore_nb; i++) {
		int own = numa_of_lcore(i);
		uint8_t node = 0;

		while (node < nodes && socket[node] != own)
			node++;
		if (node == nodes && nodes < SESSION_POOL_NODES_MAX)
			socket[nodes++] = own;
		dp->lcore_node[i] = RTE_MIN(node, (uint8_t)(nodes - 1));
	}
	return session_pool_create(nb, dp->config->replay_window, socket, nodes);
}

// The pool of a port's receive queues: all ports on one NUMA node have one pool.
static struct rte_mempool *create_mbuf_pool(struct dp *dp, uint16_t port, uint32_t mbufs)
{
	int socket = port_socket(dp->config, port);
	struct rte_mempool **pool = &dp->port_pool[port];
	char name[RTE_MEMPOOL_NAMESIZE];

	for (uint16_t i = 0; i < port; i++) {
		if (port_socket(dp->config, i) == socket)
			return *pool = dp->port_pool[i];
	}
	snprintf(name, sizeof(name), "mbuf_%u", port);
	*pool = numa_mbuf_pool_create(name, mbufs, MBUF_CACHE, mbuf_room(dp->config), socket);
	return *pool;
}

// The pool of the datagrams that an lcore makes of IP fragments: all lcores on one NUMA node have
// one pool.
static struct rte_mempool *create_large_pool(struct dp *dp, uint16_t id)
{
	struct rte_mempool **pool = &dp->large_pool[id];
	int socket = numa_of_lcore(id);
	uint16_t on_node = 0;

	for (uint16_t i = 0; i < dp->lcore_nb; i++) {
		if (numa_of_lcore(i) != socket)
			continue;
		if (i < id)
			return *pool = dp->large_pool[i];
		on_node++;
	}
	return *pool = reassemble_pool_create(dp->config, id, on_node, socket);
}

static int create_pools(struct dp *dp)
{
	const struct config *config = dp->config;
	uint32_t mbufs = port_mbufs(config) + reassemble_mbufs(config) +
			 dp->lcore_nb * (2 * MBUF_CACHE + 2 * RING_SIZE) +
			 config->handshake_nb * MSG_QUEUE_SIZE;

	for (uint16_t i = 0; i < config->port_nb; i++) {
		if (create_mbuf_pool(dp, i, mbufs) == NULL)
			return -ENOMEM;
	}
	dp->mbuf_pool = dp->port_pool[0];
	for (uint16_t i = 0; config->fragments > 0 && i < dp->lcore_nb; i++) {
		if (create_large_pool(dp, i) == NULL)
			return -ENOMEM;
	}
	// A handshake holds a session before it counts as one.
	dp->sessions = create_sessions(dp, config->sessions + config->half_open);
	if (config->relays > 0) {
		dp->relay_pool = rte_mempool_create("relay", config->relays, sizeof(struct relay),
						    0, 0, NULL, NULL, NULL, NULL, SOCKET_ID_ANY,
						    RTE_MEMPOOL_F_SP_PUT | RTE_MEMPOOL_F_SC_GET);
		if (dp->relay_pool == NULL)
			return -ENOMEM;
	}
	dp->next_hops.hop = rte_zmalloc("next_hop", config->neighbours * sizeof(struct next_hop),
					RTE_CACHE_LINE_SIZE);
	dp->next_hops.nb = config->neighbours;
	if (dp->sessions == NULL || dp->next_hops.hop == NULL)
		return -ENOMEM;
	return 0;
}

static int create_all(struct data_plane *plane)
{
	struct dp *dp = &plane->dp;
	int rc = create_pools(dp);

	if (rc != 0) {
		LOG(ERR, "dp: no memory for %u sessions and the packet buffers",
		    dp->config->sessions);
		return rc;
	}
	for (uint16_t i = 0; i < dp->config->port_nb; i++) {
		rc = port_start(dp, i, dp->port_pool[i]);
		if (rc != 0)
			return rc;
	}
	rc = create_nat(dp);
	if (rc != 0)
		LOG(ERR, "dp: no memory for the gateway's ports towards the backends");
	for (uint16_t i = 0; rc == 0 && i < dp->lcore_nb; i++)
		rc = create_lcore(plane, i);
	if (rc != 0)
		return rc;
	report_shared_copies(plane);
	connect_lcores(plane);
	return 0;
}

struct dp *dp_create(const struct config *config)
{
	struct data_plane *plane = rte_zmalloc("dp", sizeof(*plane), RTE_CACHE_LINE_SIZE);
	int rc;

	if (plane == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	plane->dp.config = config;
	plane->dp.lcore_nb = config->lcore_nb;
	rc = getentropy(&plane->hash_secret, sizeof(plane->hash_secret)) == 0 ? 0 : -errno;
	if (rc == 0)
		rc = create_all(plane);
	if (rc != 0) {
		dp_destroy(&plane->dp);
		rte_errno = -rc;
		return NULL;
	}
	return &plane->dp;
}

int dp_launch(struct dp *dp)
{
	unsigned int worker = rte_get_next_lcore(-1, 1, 0);

	if (atomic_load(&dp->cookie) == NULL)
		return -EINVAL;
	for (uint16_t i = 0; i < dp->lcore_nb; i++) {
		int rc = worker == RTE_MAX_LCORE
				 ? -ENODEV
				 : rte_eal_remote_launch(lcore_run, data_plane(dp)->lcore[i],
							 worker);

		if (rc != 0) {
			LOG(ERR, "dp: cannot start lcore %u: %s", i, strerror(-rc));
			dp_stop(dp);
			return rc;
		}
		worker = rte_get_next_lcore(worker, 1, 0);
	}
	return 0;
}

void dp_stop(struct dp *dp)
{
	atomic_store(&dp->stop, true);
	rte_eal_mp_wait_lcore();
}

// Frees the mbufs that messages on a ring still carry.
static void drain(struct rte_ring *ring)
{
	struct msg msg;

	while (ring != NULL && rte_ring_dequeue_elem(ring, &msg, sizeof(msg)) == 0) {
		switch ((enum msg_type)msg.type) {
		case MSG_INSTALLED:
		case MSG_INSTALL_FAILED:
		case MSG_SESSION_ENDED:
		case MSG_HANDSHAKE_ENDED:
		case MSG_SESSION_INSTALL:
		case MSG_SESSION_REMOVE:
		case MSG_HANDSHAKE_REMOVE:
			break;
		case MSG_FRAME:
		case MSG_HELLO:
		case MSG_RECORD:
		case MSG_PLAIN_RECORD:
		case MSG_TX_FRAME:
		case MSG_TX_RECORD:
		case MSG_INJECT:
		case MSG_HANDOFF:
		case MSG_HANDOFF_TX:
		case MSG_MEDIA:
			rte_pktmbuf_free(msg.mbuf);
			break;
		case MSG_RELAY_INSTALL:
		case MSG_RELAY_ENDED:
			rte_pktmbuf_free(msg.relay->first);
			break;
		}
	}
	rte_ring_free(ring);
}

static void destroy_lcore(struct lcore *lc)
{
	if (lc == NULL)
		return;
	drain(lc->punt);
	drain(lc->install);
	drain(lc->handoff[lc->id]);
	reassemble_destroy(lc->reassemble);
	media_fini(lc);
	table_destroy(lc->table);
	aead_destroy(lc->aead);
	rte_free(lc);
}

// Some of which may be the same.
static void free_mbuf_pools(struct rte_mempool *pools[], uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		struct rte_mempool *pool = pools[i];

		for (uint16_t k = i; k < nb; k++) {
			if (pools[k] == pool)
				pools[k] = NULL;
		}
		rte_mempool_free(pool);
	}
}

void dp_destroy(struct dp *dp)
{
	struct data_plane *plane = data_plane(dp);

	if (dp == NULL)
		return;
	for (uint16_t i = 0; i < dp->config->port_nb; i++)
		port_stop(dp, i);
	for (uint16_t i = 0; i < dp->lcore_nb; i++)
		destroy_lcore(plane->lcore[i]);
	for (uint16_t i = 0; i < dp->nat.addr_nb; i++)
		rte_free(dp->nat.addr[i].slot);
	rte_free(dp->next_hops.hop);
	session_pool_destroy(dp->sessions);
	rte_mempool_free(dp->relay_pool);
	free_mbuf_pools(dp->large_pool, dp->lcore_nb);
	free_mbuf_pools(dp->port_pool, dp->config->port_nb);
	rte_free(plane);
}
