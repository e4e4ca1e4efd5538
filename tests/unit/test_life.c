// SPDX-License-Identifier: BSD-3-Clause
// Handshakes that an lcore lets one address begin, whatever cp does with them.
#include "life.h"
#include "rig.h"
#include "unit.h"

static struct rig rig;
static struct lcore *lc;

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, 1);
	lc = dp_lcore(rig.dp, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static struct flow_key flow_of(const char *client, uint16_t port)
{
	struct flow_key key = rig_flow(&rig, port);

	ip_parse(client, &key.remote);
	return key;
}

static uint8_t begin(const char *client, uint16_t port)
{
	struct flow_key key = flow_of(client, port);
	uint32_t id;
	bool live;

	return life_handshake_begin(lc, &key, &id, &live);
}

static void end(const char *client, uint16_t port)
{
	struct flow_key key = flow_of(client, port);

	life_handshake_end(lc, table_find(lc->table, &key));
}

static void check_idle(void)
{
	assert_int_equal(lc->stats.handshakes, 0);
	for (uint32_t i = 0; i < LCORE_CLIENTS; i++)
		assert_int_equal(lc->half_open_of[i], 0);
}

// An address or network has its part, others the rest.
static void test_bound(void **state)
{
	static const struct {
		const char *client, *neighbour, *other;
	} rows[] = {
		{"198.51.100.2", "198.51.100.2", "198.51.100.3"},
		{"2001:db8:1::2", "2001:db8:1::ffff:0:0:3", "2001:db8:1:1::2"},
	};

	(void)state;
	lc->half_open_address_max = 3;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		for (uint16_t port = 0; port < 3; port++)
			unit_check(i, begin(rows[i].client, port) == BURST_PASS);
		unit_check(i, begin(rows[i].neighbour, 3) == DROP_ADDRESS_HALF_OPEN);
		unit_check(i, begin(rows[i].client, 0) == BURST_PASS); // not one more
		unit_check(i, begin(rows[i].other, 3) == BURST_PASS);
		unit_check(i, lc->stats.handshakes == 4);
		end(rows[i].client, 1);
		unit_check(i, begin(rows[i].neighbour, 3) == BURST_PASS);
		end(rows[i].client, 0);
		end(rows[i].client, 2);
		end(rows[i].neighbour, 3);
		end(rows[i].other, 3);
		check_idle();
	}
}

// A session's install ends its flow's handshake, and so does the timer.
static void test_ends(void **state)
{
	struct flow_key key = flow_of(RIG_CLIENT, 1000);
	struct rig_session rs;
	struct msg msg;

	(void)state;
	lc->half_open_address_max = 1;
	assert_int_equal(begin(RIG_CLIENT, 1000), BURST_PASS);
	rig_install(&rig, &rs, 1000, RIG_NAT_PORT);
	check_idle();
	assert_int_equal(begin(RIG_CLIENT, 1000), BURST_PASS);
	assert_int_equal(begin(RIG_CLIENT, 1001), DROP_ADDRESS_HALF_OPEN);
	table_find(lc->table, &key)->handshake_tsc = 1;
	lc->walked_tsc -= lc->second_tsc;
	lc->stats.polls = 0;
	rig_poll(&rig);
	assert_true(rig_message(&rig, &msg));
	assert_int_equal(msg.type, MSG_HANDSHAKE_ENDED);
	check_idle();
}

// What finds no room in the table is not counted.
static void test_table_full(void **state)
{
	uint16_t nb = 0;

	(void)state;
	lc->half_open_max = lc->half_open_address_max = UINT16_MAX;
	while (begin(RIG_CLIENT, nb) == BURST_PASS)
		nb++;
	assert_int_equal(begin(RIG_CLIENT, nb), DROP_TABLE_FULL);
	assert_int_equal(lc->stats.handshakes, nb);
	while (nb-- > 0)
		end(RIG_CLIENT, nb);
	check_idle();
}

static void test_as_configured(void **state)
{
	static const struct {
		uint32_t half_open, per_address, max;
	} rows[] = {
		{1000, 500, 750}, {1000, 0, 1000}, {1000, 1000, 1000}, {8, 2, 5},
		{2, 1, 1},	  {1, 1, 1},	   {100000, 1, 50000}, {10, 100000, 10},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		rig.config.half_open = rows[i].half_open;
		rig.config.half_open_per_address = rows[i].per_address;
		unit_check(i, life_half_open_of_address(&rig.config) == rows[i].max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(bound),
		TEST(ends),
		TEST(table_full),
		TEST(as_configured),
#undef TEST
	};

	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
