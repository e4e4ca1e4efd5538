// SPDX-License-Identifier: BSD-3-Clause
#include "rss.h"

#include <string.h>

#include "nat_pool.h"
#include "rig.h"
#include "unit.h"

#define LCORES	 NIC_QUEUES
#define SESSIONS 64

static struct rig rig;
static struct rig_session rs[SESSIONS];

// Vectors of Microsoft's "Verifying the RSS Hash Calculation", with the key of the same page.
static void known_answers(void **state)
{
	static const uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
					0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
					0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
					0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
	static const struct {
		const char *src, *dst;
		uint16_t src_port, dst_port;
		uint32_t hash;
	} rows[] = {
		{"66.9.149.187", "161.142.100.80", 2794, 1766, 0x51ccc178},
		{"199.92.111.2", "65.69.140.83", 14230, 4739, 0xc626b0ea},
		{"24.19.198.95", "12.22.207.184", 12898, 38024, 0x5c2b394a},
		{"3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x40207d3d},
		{"3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0xdde51bbf},
	};
	struct rss rss = {.entries = 512, .key_len = 40, .ipv4 = true, .ipv6 = true};

	(void)state;
	memcpy(rss.key, key, sizeof(key));
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		struct rss_tuple tuple = {.src_port = rte_cpu_to_be_16(rows[i].src_port),
					  .dst_port = rte_cpu_to_be_16(rows[i].dst_port)};
		uint16_t entry;

		ip_parse(rows[i].src, &tuple.src);
		ip_parse(rows[i].dst, &tuple.dst);
		entry = rss_entry(&rss, &tuple);
		unit_check(i, entry == rows[i].hash % 512);
		tuple.dst_port = 0;
		unit_check(i, (rss_entry(&rss, &tuple) ^
			       rss_port_entry(&rss, ip_is_v4(&tuple.dst),
					      rte_cpu_to_be_16(rows[i].dst_port))) == entry);
	}
}

static int set_up(void **state)
{
	(void)state;
	rig_start_rss(&rig, LCORES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

static const struct port *port(int side)
{
	return &rig.dp->port[rig.dp->port_id[side]];
}

// Two starts have two keys, which devices and tables agree about.
static void random_key(void **state)
{
	uint8_t key[RSS_KEY_MAX];

	(void)state;
	assert_true(port(RIG_OUTSIDE)->rss && port(RIG_INSIDE)->rss);
	assert_false(port(RIG_OUTSIDE)->spread);
	assert_non_null(port(RIG_INSIDE)->table);
	assert_true(port(RIG_INSIDE)->table->ipv4 && port(RIG_INSIDE)->table->ipv6);
	memcpy(key, port(RIG_INSIDE)->table->key, sizeof(key));
	assert_memory_not_equal(key, port(RIG_OUTSIDE)->table->key, 40);
	rig_stop(&rig);
	rig_start_rss(&rig, LCORES);
	assert_memory_not_equal(key, port(RIG_INSIDE)->table->key, 40);
}

// A reply for every session.  Returns how many frames lcores handed to each other.
static uint64_t reply_to_all(void)
{
	uint64_t handoff = 0, sealed = 0;

	for (uint16_t i = 0; i < SESSIONS; i++)
		rig_put(&rig, RIG_INSIDE,
			rig_from_backend(&rig, rte_be_to_cpu_16(rs[i].session->nat_port), "x", 1));
	rig_poll(&rig);
	for (uint16_t i = 0; i < LCORES; i++) {
		handoff += rig.dp->stats[i]->handoff;
		sealed += rig.dp->stats[i]->sealed;
		assert_true(rig.dp->stats[i]->sealed > 0);
	}
	assert_int_equal(sealed, SESSIONS);
	return handoff;
}

// With the ports that cp chooses, the device gives each reply to the session's lcore.
static void chosen_ports_need_no_handoff(void **state)
{
	struct nat_pool *pool = nat_pool_create(&rig.dp->nat, rig.dp->port);
	struct nat_want want = {.port_id = rig.dp->port_id[RIG_INSIDE],
				.backend_port = rte_cpu_to_be_16(RIG_BACKEND_PORT)};

	(void)state;
	ip_parse(RIG_INSIDE_IP, &want.prefer);
	ip_parse(RIG_BACKEND, &want.backend);
	for (uint16_t i = 0; i < SESSIONS; i++) {
		rte_be16_t nat_port;
		uint16_t addr;

		want.lcore = i % LCORES;
		assert_int_equal(nat_pool_take(pool, &want, &addr, &nat_port), 0);
		assert_int_equal(addr, 0);
		rig_install_on(&rig, &rs[i], RIG_CLIENT_PORT + i, rte_be_to_cpu_16(nat_port),
			       want.lcore);
	}
	assert_int_equal(reply_to_all(), 0);
	nat_pool_destroy(pool);
}

// With any others they travel.
static void other_ports_need_it(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < SESSIONS; i++)
		rig_install_on(&rig, &rs[i], RIG_CLIENT_PORT + i, RIG_NAT_PORT + i, i % LCORES);
	assert_in_range(reply_to_all(), SESSIONS / 4, SESSIONS);
}

// Datagrams in fragments come to one lcore, by their addresses, and go on to those of their flows.
static void reassembled_datagrams_reach_their_owner(void **state)
{
	const struct rss *rss = port(RIG_OUTSIDE)->table;
	static const uint8_t plain[2 * 1400];

	(void)state;
	for (uint16_t i = 0; i < SESSIONS; i++) {
		struct flow_key flow = rig_flow(&rig, RIG_CLIENT_PORT + i);
		struct rss_tuple tuple = {.src = flow.remote,
					  .dst = flow.local,
					  .src_port = flow.remote_port,
					  .dst_port = flow.local_port};
		uint8_t out[2 * 1500];
		uint16_t len;

		rig_install_on(&rig, &rs[i], RIG_CLIENT_PORT + i, RIG_NAT_PORT + i,
			       rss->lcore[rss_entry(rss, &tuple)]);
		len = rig_seal(&rig, &rs[i], DTLS_APPLICATION_DATA, 1, 0, plain, 1400, out);
		len += rig_seal(&rig, &rs[i], DTLS_APPLICATION_DATA, 1, 1, plain, 1400, out + len);
		rig_put_fragments(&rig, RIG_CLIENT, RIG_CLIENT_PORT + i, RIG_GATEWAY, out, len);
	}
	rig_poll(&rig);
	for (uint16_t i = 0; i < LCORES; i++)
		assert_int_equal(rig.dp->stats[i]->drop[DROP_NO_SESSION], 0);
	for (uint16_t i = 0; i < SESSIONS; i++)
		assert_int_equal(rs[i].session->rx.records, 2);
	for (struct rte_mbuf *m; (m = rig_take(&rig, RIG_INSIDE)) != NULL;)
		rte_pktmbuf_free(m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		TEST(random_key),
		TEST(chosen_ports_need_no_handoff),
		TEST(other_ports_need_it),
		TEST(reassembled_datagrams_reach_their_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
