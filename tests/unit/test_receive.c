// SPDX-License-Identifier: BSD-3-Clause
#include "packet.h"
#include "rig.h"
#include "unit.h"

static struct rig rig;

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

static void chained_frames_are_dropped(void **state)
{
	struct rte_mbuf *m = rig_from_client(&rig, RIG_CLIENT_PORT, "x", 1);

	(void)state;
	assert_int_equal(rte_pktmbuf_chain(m, rig_frame(&rig, "tail", 4)), 0);
	rig_put(&rig, RIG_OUTSIDE, m);
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_CHAINED), 1);
}

static void control_frames_are_punted_at_a_rate(void **state)
{
	uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 1, 8, 6};
	uint8_t ping[PACKET_MAX];
	uint16_t ping_len = packet_udp(ping, &rig.dp->port[rig.dp->port_id[0]].mac, RIG_CLIENT, 1,
				       RIG_GATEWAY, 1, "", 0);
	struct lcore *lc = dp_lcore(rig.dp, 0);
	struct msg msg;
	unsigned int punted = 0;

	(void)state;
	ping[23] = IPPROTO_ICMP;
	packet_checksum(ping);
	lc->bucket[0].neighbour = lc->bucket[0].echo = 16 * lc->frame_tsc;
	lc->stats.polls = 1; // no refill on the way
	for (int i = 0; i < 20; i++)
		rig_put(&rig, RIG_OUTSIDE, rig_frame(&rig, ping, ping_len));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_PUNT_RATE), 4);
	for (; rig_message(&rig, &msg); punted++)
		rte_pktmbuf_free(msg.mbuf);
	assert_int_equal(punted, 16);
	// Pings take nothing from neighbours.
	punted = 0;
	for (int i = 0; i < 20; i++)
		rig_put(&rig, RIG_OUTSIDE, rig_frame(&rig, arp, sizeof(arp)));
	rig_poll(&rig);
	for (; rig_message(&rig, &msg); punted++) {
		assert_int_equal(msg.type, MSG_FRAME);
		rte_pktmbuf_free(msg.mbuf);
	}
	assert_int_equal(punted, 16);
	assert_int_equal(rig_drops(&rig, DROP_PUNT_RATE), 8);
}

// Every reason that classify_frame() finds ends in its counter; test_classify has the cases.
static void classified_drops_are_counted(void **state)
{
	static const struct {
		uint16_t at;
		uint8_t byte[2];
		bool checksum;
		enum drop reason;
	} changes[] = {
		{12, {0x88, 0xcc}, false, DROP_ETH_TYPE},   {4, {9, 9}, false, DROP_ETH_ADDRESS},
		{12, {0x81, 0x00}, false, DROP_VLAN},	    {14, {0x44, 0}, false, DROP_IP_HEADER},
		{14, {0x46, 0}, false, DROP_IP_OPTIONS},    {24, {0, 0}, false, DROP_IP_CHECKSUM},
		{20, {0x3f, 0xff}, true, DROP_IP_FRAGMENT}, {26, {127, 0}, true, DROP_IP_ADDRESS},
		{22, {64, 6}, true, DROP_IP_PROTOCOL},	    {38, {0, 7}, false, DROP_UDP_HEADER},
		{40, {1, 1}, false, DROP_UDP_CHECKSUM},
	};
	uint8_t frame[PACKET_MAX];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(changes); i++) {
		uint16_t len = packet_udp(frame, &rig.dp->port[rig.dp->port_id[0]].mac, RIG_CLIENT,
					  1, RIG_GATEWAY, 1, "1234567", 7);

		memcpy(frame + changes[i].at, changes[i].byte, 2);
		if (changes[i].checksum)
			packet_checksum(frame);
		rig_put(&rig, RIG_OUTSIDE, rig_frame(&rig, frame, len));
		rig_poll(&rig);
		print_message("  %s\n", drop_name(changes[i].reason));
		assert_int_equal(rig_drops(&rig, changes[i].reason), 1);
	}
	rig_put(&rig, RIG_OUTSIDE, rig_frame(&rig, frame, 13));
	frame[12] = 8;
	frame[13] = 6;
	rig_put(&rig, RIG_OUTSIDE, rig_frame(&rig, frame, 14 + 27));
	rig_poll(&rig);
	assert_int_equal(rig_drops(&rig, DROP_ETH_TRUNCATED), 1);
	assert_int_equal(rig_drops(&rig, DROP_ARP), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(chained_frames_are_dropped),
		TEST(control_frames_are_punted_at_a_rate),
		TEST(classified_drops_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
