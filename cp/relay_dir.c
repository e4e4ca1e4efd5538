// SPDX-License-Identifier: BSD-3-Clause
#include "relay_dir.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

#include "addr_count.h"
#include "nat_pool.h"
#include "neigh.h"

struct relay_dir {
	struct flow_index flows;
	struct addr_count clients; // relays that were begun without session
	struct relay_stats stats;
};

struct relay_dir *relay_dir_create(void)
{
	struct relay_dir *dir = calloc(1, sizeof(*dir));

	if (dir == NULL)
		rte_errno = ENOMEM;
	return dir;
}

void relay_dir_destroy(struct relay_dir *dir)
{
	if (dir == NULL)
		return;
	flow_index_fini(&dir->flows);
	addr_count_fini(&dir->clients);
	free(dir);
}

const struct relay_stats *relay_dir_stats(const struct cp *cp)
{
	return &cp->relays->stats;
}

// neigh_route() to a client.  Relays need no proof that the client is there, and so leave entries
// to sessions.
static int client_route(struct cp *cp, const struct ip_addr *client, struct route *route)
{
	uint32_t most = cp->config->neighbours - relay_spare(cp->config->neighbours);
	uint64_t before = neigh_stats(cp)->referenced;
	int rc = neigh_route(cp, client, true, route);

	if (rc != 0 || neigh_stats(cp)->referenced == before || neigh_stats(cp)->referenced <= most)
		return rc;
	neigh_release(cp, route->next_hop);
	return -ENOSPC;
}

static void set_headers(const struct cp *cp, struct relay *relay, const struct route *client,
			const struct route *media)
{
	struct encap_addr in = {
		.src = cp->dp->nat.addr[relay->nat_addr].addr,
		.dst = relay->media,
		.src_port = relay->nat_port,
		.dst_port = relay->media_port,
	};
	struct encap_addr out = {
		.src = relay->flow.local,
		.dst = relay->flow.remote,
		.src_port = relay->flow.local_port,
		.dst_port = relay->flow.remote_port,
	};

	encap_init(&relay->to_media, &cp->dp->port[media->port_id], media->port_id, media->next_hop,
		   &in);
	encap_init(&relay->to_client, &cp->dp->port[client->port_id], client->port_id,
		   client->next_hop, &out);
}

// Finds both ways and a port for relay.  Returns NULL, or with nothing taken the counter of what
// there was not.
static uint64_t *acquire(struct cp *cp, struct relay *relay)
{
	struct relay_stats *stats = &cp->relays->stats;
	struct route client, media;
	struct nat_want want;

	if (client_route(cp, &relay->flow.remote, &client) != 0)
		return &stats->no_route;
	if (neigh_route(cp, &relay->media, false, &media) != 0) {
		neigh_release(cp, client.next_hop);
		return &stats->no_route;
	}
	want = (struct nat_want){.port_id = media.port_id,
				 .lcore = relay->lcore,
				 .mark = NAT_RELAY,
				 .prefer = media.src,
				 .backend = relay->media,
				 .backend_port = relay->media_port};
	if (nat_pool_take(cp->nat, &want, &relay->nat_addr, &relay->nat_port) != 0) {
		neigh_release(cp, client.next_hop);
		neigh_release(cp, media.next_hop);
		return &stats->no_port;
	}
	set_headers(cp, relay, &client, &media);
	return NULL;
}

// Frees a relay for which nothing else was taken.
static void discard(struct cp *cp, struct relay *relay)
{
	if (relay->counted)
		addr_count_remove(&cp->relays->clients, &relay->flow.remote);
	rte_mempool_put(cp->dp->relay_pool, relay);
}

// Takes back what acquire() took, and the relay.
static void give_back(struct cp *cp, struct relay *relay)
{
	nat_pool_give(cp->nat, relay->nat_addr, relay->nat_port);
	neigh_release(cp, relay->to_media.next_hop);
	neigh_release(cp, relay->to_client.next_hop);
	flow_index_leave(&cp->relays->flows, &relay->flow);
	rte_pktmbuf_free(relay->first);
	discard(cp, relay);
}

// True if only flows that have a session may have one more.
static bool only_with_session(const struct cp *cp)
{
	const struct relay_stats *stats = &cp->relays->stats;
	uint32_t max = cp->config->relays;

	return stats->begun - stats->ended >= max - relay_spare(max);
}

// Returns NULL, or the counter of what there was not.
static uint64_t *begin(struct cp *cp, const struct msg *msg)
{
	const struct config *config = cp->config;
	const struct config_backend *media =
		&config->backend[config->listener[msg->listener].media];
	struct msg install = {.type = MSG_RELAY_INSTALL};
	struct relay_stats *stats = &cp->relays->stats;
	uint64_t *missing;
	void *object;

	if (!msg->live && only_with_session(cp))
		return &stats->full;
	if (!msg->live && addr_count_add(&cp->relays->clients, &msg->flow.remote,
					 config->relays_per_address) != 0)
		return &stats->address_full;
	if (rte_mempool_get(cp->dp->relay_pool, &object) != 0) {
		if (!msg->live)
			addr_count_remove(&cp->relays->clients, &msg->flow.remote);
		return &stats->full;
	}
	install.relay = object;
	*install.relay = (struct relay){
		.flow = msg->flow,
		.lcore = msg->lcore,
		.listener = msg->listener,
		.counted = !msg->live,
		.media = media->addr,
		.media_port = rte_cpu_to_be_16(media->port),
	};
	missing = acquire(cp, install.relay);
	if (missing != NULL) {
		discard(cp, install.relay);
		return missing;
	}
	install.relay->first = msg->mbuf;
	if (flow_index_enter(&cp->relays->flows, &install.relay->flow) == 0 &&
	    dp_send(cp->dp, msg->lcore, &install))
		return NULL;
	install.relay->first = NULL;
	give_back(cp, install.relay);
	return &stats->ring_full;
}

void relay_dir_begin(struct cp *cp, const struct msg *msg)
{
	struct relay_stats *stats = &cp->relays->stats;
	uint64_t *counter = &stats->repeated, *missing;
	char client[IP_PORT_TEXT_LEN];

	cp_lock(cp);
	if (relay_dir_find(cp, &msg->flow) == NULL && !atomic_load(&cp->stopping)) {
		missing = begin(cp, msg);
		counter = missing != NULL ? missing : &stats->begun;
	}
	(*counter)++;
	cp_unlock(cp);
	if (counter == &stats->begun)
		return;
	rte_pktmbuf_free(msg->mbuf);
	if (counter == &stats->repeated)
		return;
	LOG_LIMITED(WARNING, "relay: %s on %s: refused",
		    ip_port_format(&msg->flow.remote, msg->flow.remote_port, client),
		    cp->config->listener[msg->listener].name);
}

void relay_dir_end(struct cp *cp, const struct msg *msg)
{
	cp_lock(cp);
	cp->relays->stats.ended++;
	give_back(cp, msg->relay);
	cp_unlock(cp);
}

const struct relay *relay_dir_find(const struct cp *cp, const struct flow_key *flow)
{
	const struct flow_key *item = flow_index_find(&cp->relays->flows, flow);

	return item != NULL ? container_of(item, struct relay, flow) : NULL;
}

const struct relay *relay_dir_find_nat(const struct cp *cp, const struct ip_addr *addr,
				       rte_be16_t port)
{
	const struct nat *nat = &cp->dp->nat;

	for (uint16_t i = 0; i < nat->addr_nb; i++) {
		struct nat_slot *slot = &nat->addr[i].slot[rte_be_to_cpu_16(port)];
		uint16_t owner = atomic_load_explicit(&slot->lcore, memory_order_relaxed);

		if (!ip_equal(&nat->addr[i].addr, addr))
			continue;
		// Its lcore may end it now, but only we free it.
		if (owner == NAT_NO_LCORE || (owner & NAT_RELAY) == 0)
			return NULL;
		return atomic_load_explicit(&slot->relay, memory_order_acquire);
	}
	return NULL;
}
