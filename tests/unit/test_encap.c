// SPDX-License-Identifier: BSD-3-Clause
#include "encap.h"

#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <stdlib.h>

#include "packet.h"
#include "unit.h"

#define CASES 20000

static struct rte_mempool *pool;
static const struct rte_ether_addr peer = {{2, 0, 0, 0, 0, 9}};

static int set_up(void **state)
{
	char *argv[] = {"encap", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	 "64",	      "--lcores", "0@0",	 "--log-level=error"};

	(void)state;
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("encap", 64, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool == NULL;
}

static void set_addr(struct encap_addr *addr, const char *src, const char *dst)
{
	assert_int_equal(ip_parse(src, &addr->src), 0);
	assert_int_equal(ip_parse(dst, &addr->dst), 0);
	addr->src_port = (rte_be16_t)rand();
	addr->dst_port = (rte_be16_t)rand();
}

static uint64_t peer_word(void)
{
	uint64_t word = 0;

	memcpy(&word, &peer, sizeof(peer));
	return word;
}

static struct rte_mbuf *payload(uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *p;

	assert_non_null(m);
	p = rte_pktmbuf_append(m, len);
	for (uint16_t i = 0; i < len; i++)
		p[i] = (char)rand();
	return m;
}

// Against the frame that packet_udp() makes, for every length and all kinds of checksums; among
// so many some UDP checksums are 0, which goes as 0xffff.
static void software_checksums(void **state)
{
	static const char *const addr_text[2][2] = {{"198.51.100.1", "198.51.100.2"},
						    {"2001:db8:1::1", "2001:db8:1::2"}};

	(void)state;
	print_message("  seed 1\n");
	srand(1);
	for (int i = 0; i < CASES; i++) {
		const char *const *text = addr_text[i % 2];
		struct port port = {.mac = {{2, 0, 0, 0, 0, 1}}};
		struct rte_mbuf *m = payload((uint16_t)(i % 1400));
		struct encap_addr addr;
		struct encap e;

		set_addr(&addr, text[0], text[1]);
		encap_init(&e, &port, 7, 3, &addr);
		assert_int_equal(e.next_hop, 3);
		encap_push(m, &e, &port, peer_word());
		assert_int_equal(m->port, 7);
		assert_int_equal(m->ol_flags, 0);
		assert_int_equal(m->data_len, encap_len(&e) + i % 1400);
		assert_true(packet_checksum_good(rte_pktmbuf_mtod(m, uint8_t *), m->data_len));
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), &peer, sizeof(peer));
		rte_pktmbuf_free(m);
	}
}

// What the device completes: the header checksum is 0, the UDP checksum the pseudo header's.
static void offloaded_checksums(void **state)
{
	struct port port = {
		.tx_ipv4_flags =
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM,
		.tx_ipv6_flags = RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM,
	};
	struct rte_mbuf *m = payload(100);
	struct encap_addr addr;
	struct rte_ipv4_hdr *ip;
	struct encap e;

	(void)state;
	set_addr(&addr, "198.51.100.1", "198.51.100.2");
	encap_init(&e, &port, 0, 0, &addr);
	encap_push(m, &e, &port, peer_word());
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, encap_l2_len(&e));
	assert_int_equal(m->ol_flags,
			 RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	assert_int_equal(ip->hdr_checksum, 0);
	assert_int_equal(((struct rte_udp_hdr *)(ip + 1))->dgram_cksum,
			 rte_ipv4_phdr_cksum(ip, m->ol_flags));
	rte_pktmbuf_free(m);

	m = payload(100);
	set_addr(&addr, "2001:db8:1::1", "2001:db8:1::2");
	encap_init(&e, &port, 0, 0, &addr);
	encap_push(m, &e, &port, peer_word());
	assert_int_equal(m->ol_flags, RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *,
						 encap_l2_len(&e) + encap_l3_len(&e))
				 ->dgram_cksum,
			 rte_ipv6_phdr_cksum(rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *,
								     encap_l2_len(&e)),
					     m->ol_flags));
	rte_pktmbuf_free(m);
}

static void vlan_tag(void **state)
{
	static const uint8_t want[6] = {0x81, 0x00, 0x01, 0x23, 0x08, 0x00};
	struct port port = {.vlan = 0x123};
	struct rte_mbuf *m = payload(1);
	struct encap_addr addr;
	struct encap e;

	(void)state;
	set_addr(&addr, "198.51.100.1", "198.51.100.2");
	encap_init(&e, &port, 0, 0, &addr);
	encap_push(m, &e, &port, peer_word());
	assert_int_equal(m->data_len, 14 + 4 + 20 + 8 + 1);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, 12), want, sizeof(want));
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software_checksums),
		cmocka_unit_test(offloaded_checksums),
		cmocka_unit_test(vlan_tag),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
