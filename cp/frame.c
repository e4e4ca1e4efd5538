// SPDX-License-Identifier: BSD-3-Clause
#include "frame.h"

#include "wire.h"

bool frame_mac_is_host(const struct rte_ether_addr *mac)
{
	return !rte_is_multicast_ether_addr(mac) && !rte_is_zero_ether_addr(mac);
}

static struct rte_ether_addr read_mac(struct wire_reader *r)
{
	const uint8_t *p = wire_bytes(r, RTE_ETHER_ADDR_LEN);
	struct rte_ether_addr mac = {0};

	if (p != NULL)
		memcpy(&mac, p, sizeof(mac));
	return mac;
}

bool frame_parse(const struct port *port, uint16_t port_id, const uint8_t *p, size_t len,
		 struct frame *f)
{
	struct wire_reader r = wire_reader(p, len);
	uint16_t vlan = 0;

	f->port = port;
	f->port_id = port_id;
	f->dst = read_mac(&r);
	f->src = read_mac(&r);
	f->type = wire_u16(&r);
	if (f->type == RTE_ETHER_TYPE_VLAN) {
		vlan = wire_u16(&r) & 0xfff;
		f->type = wire_u16(&r);
	}
	if (r.failed || vlan != port->vlan || wire_left(&r) > UINT16_MAX)
		return false;
	f->l3 = r.next;
	f->l3_len = (uint16_t)wire_left(&r);
	return frame_mac_is_host(&f->src) && !rte_is_same_ether_addr(&f->src, &port->mac) &&
	       (rte_is_same_ether_addr(&f->dst, &port->mac) ||
		rte_is_multicast_ether_addr(&f->dst));
}

struct rte_mbuf *frame_make(const struct dp *dp, uint16_t port_id, const struct rte_ether_addr *dst,
			    uint16_t type, uint16_t l3_len, uint8_t **l3)
{
	const struct port *port = &dp->port[port_id];
	uint16_t l2_len = RTE_ETHER_HDR_LEN + (port->vlan != 0 ? RTE_VLAN_HLEN : 0);
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp->mbuf_pool);
	struct wire_writer w;
	char *p;

	if (m == NULL)
		return NULL;
	p = rte_pktmbuf_append(m, l2_len + l3_len);
	if (p == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	w = wire_writer(p, l2_len);
	wire_put_bytes(&w, dst, sizeof(*dst));
	wire_put_bytes(&w, &port->mac, sizeof(port->mac));
	if (port->vlan != 0) {
		wire_put_uint(&w, RTE_ETHER_TYPE_VLAN, 2);
		wire_put_uint(&w, port->vlan, 2);
	}
	wire_put_uint(&w, type, 2);
	m->port = port_id;
	*l3 = w.next;
	return m;
}

bool frame_send(struct dp *dp, uint16_t lcore, struct rte_mbuf *m)
{
	struct msg msg = {.type = MSG_TX_FRAME, .mbuf = m};

	if (dp_send(dp, lcore, &msg))
		return true;
	rte_pktmbuf_free(m);
	return false;
}
