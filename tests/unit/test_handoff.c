// SPDX-License-Identifier: BSD-3-Clause
#include <rte_ring_elem.h>

#include "rig.h"
#include "unit.h"

// Two lcores between two ports of one queue each: lcore 0 receives and sends outside, lcore 1
// inside, and half of the flows belong to either.

static struct rig rig;
static struct rig_session rs[32]; // so many that either lcore has some

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 2);
	for (uint16_t i = 0; i < RTE_DIM(rs); i++)
		rig_install(&rig, &rs[i], RIG_CLIENT_PORT + i, RIG_NAT_PORT + i);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

static void every_flow_passes_both_ways(void **state)
{
	unsigned int owners[2] = {0};

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(rs); i++) {
		uint8_t out[256];
		uint16_t len = rig_seal(&rig, &rs[i], DTLS_APPLICATION_DATA, 1, 0, "to", 2, out);

		owners[rs[i].session->lcore]++;
		rig_put(&rig, RIG_OUTSIDE, rig_from_client(&rig, RIG_CLIENT_PORT + i, out, len));
		rig_put(&rig, RIG_INSIDE, rig_from_backend(&rig, RIG_NAT_PORT + i, "fro", 3));
	}
	assert_true(owners[0] > 0 && owners[1] > 0);
	rig_poll(&rig);
	for (uint16_t i = 0; i < RTE_DIM(rs); i++) {
		struct rte_mbuf *in = rig_take(&rig, RIG_INSIDE),
				*out = rig_take(&rig, RIG_OUTSIDE);

		assert_non_null(in);
		assert_non_null(out);
		rte_pktmbuf_free(in);
		rte_pktmbuf_free(out);
	}
	// Outside lcore 1's flows, inside lcore 0's, and as many frames back to the other's queue.
	assert_int_equal(rig.dp->stats[0]->handoff, owners[1] + owners[0]);
	assert_int_equal(rig.dp->stats[1]->handoff, owners[0] + owners[1]);
	assert_int_equal(rig.dp->stats[0]->handoff_in, rig.dp->stats[1]->handoff);
	assert_int_equal(rig.dp->stats[1]->handoff_in, rig.dp->stats[0]->handoff);
}

// What lcore 0 puts together from fragments goes to the flow's lcore.
static void reassembled_datagrams_reach_their_owner(void **state)
{
	static const uint8_t plain[700];

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(rs); i++) {
		uint8_t out[3 * 800];
		uint16_t len = 0;

		for (uint64_t seq = 0; seq < 3; seq++)
			len += rig_seal(&rig, &rs[i], DTLS_APPLICATION_DATA, 1, seq, plain,
					sizeof(plain), out + len);
		rig_put_fragments(&rig, RIG_CLIENT, RIG_CLIENT_PORT + i, RIG_GATEWAY, out, len);
		rig_poll(&rig);
		for (unsigned int k = 0; k < 3; k++) {
			struct rte_mbuf *m = rig_take(&rig, RIG_INSIDE);

			assert_non_null(m);
			rte_pktmbuf_free(m);
		}
	}
	assert_int_equal(rig.dp->stats[0]->reassembled, RTE_DIM(rs));
	assert_true(rig.dp->stats[0]->opened > 0 && rig.dp->stats[1]->opened > 0);
}

static void a_full_handoff_ring_drops(void **state)
{
	struct rte_ring *ring = dp_lcore(rig.dp, 1)->handoff[1];
	uint8_t out[256];
	uint16_t i = 0;

	(void)state;
	while (rs[i].session->lcore != 1)
		i++;
	for (struct msg msg = {.type = MSG_HANDOFF};
	     rte_ring_enqueue_elem(ring, &msg, sizeof(msg)) == 0;)
		continue;
	rig_put(&rig, RIG_OUTSIDE,
		rig_from_client(&rig, RIG_CLIENT_PORT + i, out,
				rig_seal(&rig, &rs[i], DTLS_APPLICATION_DATA, 1, 0, "x", 1, out)));
	lcore_poll(dp_lcore(rig.dp, 0));
	assert_int_equal(rig_drops(&rig, DROP_HANDOFF_FULL), 1);
	rte_ring_reset(ring);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_flow_passes_both_ways),
		TEST(reassembled_datagrams_reach_their_owner),
		TEST(a_full_handoff_ring_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
