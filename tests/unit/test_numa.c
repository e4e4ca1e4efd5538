// SPDX-License-Identifier: BSD-3-Clause
// Memory is asked for on the NUMA nodes of those who use it.  The nodes are invented: those that
// the machine does not have have no memory.
#include "numa.h"

#include "life.h"
#include "reassemble.h"
#include "rig.h"
#include "unit.h"

#define LCORES 3

// Lcore 0, which gets all frames from outside, is alone on its node.
static const int node[LCORES] = {1, 0, 0};

static struct rig rig;
static unsigned int asked[LCORES]; // on the node, for pools of reassembled datagrams

int __wrap_numa_of_lcore(uint16_t i);
struct rte_mempool *__real_rte_pktmbuf_pool_create_by_ops(const char *name, unsigned int n,
							  unsigned int cache, uint16_t priv,
							  uint16_t room, int socket,
							  const char *ops);
struct rte_mempool *__wrap_rte_pktmbuf_pool_create_by_ops(const char *name, unsigned int n,
							  unsigned int cache, uint16_t priv,
							  uint16_t room, int socket,
							  const char *ops);

int __wrap_numa_of_lcore(uint16_t i)
{
	return node[i];
}

struct rte_mempool *__wrap_rte_pktmbuf_pool_create_by_ops(const char *name, unsigned int n,
							  unsigned int cache, uint16_t priv,
							  uint16_t room, int socket,
							  const char *ops)
{
	if (strncmp(name, "reassembled", strlen("reassembled")) == 0 && socket != SOCKET_ID_ANY) {
		assert_in_range(socket, 0, LCORES - 1);
		asked[socket]++;
	}
	return __real_rte_pktmbuf_pool_create_by_ops(name, n, cache, priv, room, socket, ops);
}

static int set_up(void **state)
{
	(void)state;
	memset(asked, 0, sizeof(asked));
	rig_start(&rig, LCORES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_check_balance(&rig);
	rig_stop(&rig);
	return 0;
}

// A record of a handshake that comes in IP fragments; the mbuf in which cp gets it.
static struct rte_mbuf *put_fragments(void)
{
	static const uint8_t payload[3000] = {DTLS_HANDSHAKE, 0xfe, 0xfd, [13] = 16};
	struct flow_key flow = rig_flow(&rig, RIG_CLIENT_PORT);
	struct lcore *owner = dp_lcore(rig.dp, dp_flow_lcore(rig.dp, &flow));
	struct msg msg;
	uint32_t id;
	bool live;

	rig_poll(&rig);
	assert_int_equal(life_handshake_begin(owner, &flow, &id, &live), BURST_PASS);
	rig_put_fragments(&rig, RIG_CLIENT, RIG_CLIENT_PORT, RIG_GATEWAY, payload, sizeof(payload));
	rig_poll(&rig);
	assert_true(rig_message(&rig, &msg));
	assert_int_equal(msg.type, MSG_RECORD);
	assert_int_equal(rig.dp->stats[0]->reassembled, 1);
	return msg.mbuf;
}

static void test_lcores_of_a_node(void **state)
{
	const struct dp *dp = rig.dp;
	struct rte_mbuf *m = put_fragments();

	(void)state;
	assert_int_equal(asked[node[0]], 1);
	assert_int_equal(asked[node[1]], 1);
	for (uint16_t i = 0; i < LCORES; i++) {
		unsigned int on_node = i == 0 ? 1 : LCORES - 1;

		assert_int_equal(dp->large_pool[i]->size, 2 * on_node * rig.config.fragments);
		assert_int_equal(dp->lcore_node[i], i == 0 ? 0 : 1); // in the order they come up
	}
	assert_ptr_not_equal(dp->large_pool[0], dp->large_pool[1]);
	assert_ptr_equal(dp->large_pool[1], dp->large_pool[2]);
	assert_ptr_equal(m->pool, dp->large_pool[0]);
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lcores_of_a_node, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
