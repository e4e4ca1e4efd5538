// SPDX-License-Identifier: BSD-3-Clause
// What one client's address may have: its bounds, that others get in beside it, and that every end
// gives back what was taken.
#include "lab.h"

#include <errno.h>
#include <openssl/err.h>

#include "handshake.h"
#include "hs_quota.h"
#include "install.h"
#include "session_dir.h"
#include "unit.h"

#define OTHER_ADDRESS "198.51.100.3"
#define NO_CIPHER     "ECDHE-ECDSA-AES128-SHA" // that the gateway does not have

#define ADDRESSES  8
#define HANDSHAKES 64
#define STEPS	   200000

static struct lab lab;
static struct lab_client client, second, third, other;

static void bound(uint32_t half_open, uint32_t sessions)
{
	lab.rig.config.half_open_per_address = half_open;
	lab.rig.config.sessions_per_address = sessions;
}

// Each client on a port of its own.
static void start(struct lab_client *c, uint16_t i)
{
	lab_client_start(&lab, c, LAB_PORT + i, LAB_ECDSA);
}

static void start_other(void)
{
	start(&other, 9);
	other.address = OTHER_ADDRESS;
}

// Sends two ClientHellos, the second with the cookie, and reads nothing of what comes then.
static void greet(struct lab_client *c)
{
	for (int n = 0; n < 2; n++) {
		lab_step(c);
		lab_pump(&lab);
	}
}

static void refuse(struct lab_client *c, const uint64_t *counter)
{
	uint64_t started = lab_stats(&lab)->started, refused = *counter;
	uint64_t half_open = lab.rig.dp->stats[0]->handshakes;
	uint16_t received;

	greet(c);
	assert_int_equal(lab_stats(&lab)->started, started);
	assert_int_equal(*counter, refused + 1);
	assert_int_equal(lab_stats(&lab)->refused, 0);
	assert_int_equal(lab.rig.dp->stats[0]->handshakes, half_open);
	received = c->received;
	lab_pump(&lab);
	assert_int_equal(received, 1); // the HelloVerifyRequest
	assert_int_equal(c->received, received);
}

static void open_session(struct lab_client *c)
{
	assert_true(lab_handshake(c, LAB_PATIENCE_MS));
	lab.backend.nb = 0;
	lab_check_echo(c, "x");
}

static void end(struct lab_client *c)
{
	lab_close(c);
	lab_client_stop(c);
}

static void test_half_open(void **state)
{
	const struct handshake_stats *stats = lab_stats(&lab);

	(void)state;
	bound(2, 100);
	start(&client, 0);
	start(&second, 1);
	greet(&client);
	greet(&second);
	assert_int_equal(cp_half_open(&lab.cp), 2);
	for (uint16_t n = 0; n < 3; n++) {
		start(&third, 2 + n);
		refuse(&third, &stats->address_half_open);
		lab_client_stop(&third);
	}
	start_other();
	open_session(&other);
	open_session(&client);
	start(&third, 2);
	open_session(&third);
	open_session(&second);
	assert_int_equal(lab_stats(&lab)->address_half_open, 3);
	end(&client);
	end(&second);
	end(&third);
	end(&other);
	lab_check_idle(&lab);
}

// A client at its bound can still come again on the flow of a session.
static void test_sessions(void **state)
{
	const struct handshake_stats *stats = lab_stats(&lab);

	(void)state;
	bound(100, 2);
	start(&client, 0);
	start(&second, 1);
	open_session(&client);
	open_session(&second);
	start(&third, 2);
	refuse(&third, &stats->address_sessions);
	lab_client_stop(&third);
	start_other();
	open_session(&other);
	end(&other);
	lab_client_stop(&client);
	start(&client, 0);
	open_session(&client);
	lab_pump(&lab);
	assert_int_equal(session_dir_count(lab.cp.sessions), 2);
	start(&third, 2);
	refuse(&third, &stats->address_sessions);
	lab_client_stop(&third);
	end(&second);
	start(&third, 2);
	open_session(&third);
	end(&client);
	end(&third);
	lab_check_idle(&lab);
}

// A handshake has the place of its session, so that no handshake is made for nothing.
static void test_place_of_session(void **state)
{
	const struct handshake_stats *stats = lab_stats(&lab);

	(void)state;
	bound(100, 2);
	start(&client, 0);
	start(&second, 1);
	start(&third, 2);
	open_session(&client);
	greet(&second);
	refuse(&third, &stats->address_sessions);
	lab_client_stop(&third);
	lab_client_stop(&second);
	lab_expire(&lab);
	assert_int_equal(lab_stats(&lab)->expired, 1);
	start(&third, 2);
	open_session(&third);
	end(&client);
	end(&third);
	lab_check_idle(&lab);
}

// Handshakes on flows with a session are no way to more sessions: the place is taken, whatever
// becomes of the session.
static void test_session_closed_meanwhile(void **state)
{
	const struct handshake_stats *stats = lab_stats(&lab);
	static struct lab_client again;

	(void)state;
	bound(100, 1);
	start(&client, 0);
	open_session(&client);
	start(&again, 0);
	greet(&again);
	SSL_shutdown(client.ssl);
	lab_pump(&lab);
	assert_int_equal(session_dir_count(lab.cp.sessions), 0);
	lab_client_stop(&client);
	start(&third, 2);
	refuse(&third, &stats->address_sessions);
	lab_client_stop(&third);
	open_session(&again);
	start(&third, 2);
	refuse(&third, &stats->address_sessions);
	lab_client_stop(&third);
	end(&again);
	lab_check_idle(&lab);
}

static void end_done(void)
{
	open_session(&client);
	end(&client);
}

static void end_failed(void)
{
	assert_false(lab_handshake(&client, LAB_PATIENCE_MS));
	ERR_clear_error();
	lab_client_stop(&client);
}

static void end_expired(void)
{
	greet(&client);
	lab_client_stop(&client);
	lab_expire(&lab);
}

static void end_replaced(void)
{
	greet(&client);
	lab_client_stop(&client);
	lab_age(&lab, 1000);
	start(&client, 0);
	open_session(&client);
	assert_int_equal(lab_stats(&lab)->replaced, 1);
	end(&client);
}

static void end_taken_over(void)
{
	open_session(&client);
	lab_client_stop(&client);
	start(&client, 0);
	open_session(&client);
	end(&client);
}

// The flow's handshake ends on the lcore.
static void end_on_lcore(void)
{
	struct msg msg = {.type = MSG_HANDSHAKE_ENDED};

	greet(&client);
	msg.flow = rig_flow(&lab.rig, LAB_PORT);
	msg.id = lab_handshake_first(&lab)->hello_id;
	lab_dispatch(&lab, &msg);
	lab_client_stop(&client);
	msg.type = MSG_HANDSHAKE_REMOVE; // as if the lcore had done it
	assert_true(dp_send(lab.rig.dp, 0, &msg));
	lab_pump(&lab);
}

// A client at a bound of one gets in after each of these.
static void test_ends(void **state)
{
	static const struct {
		const char *name;
		const char *ciphers;
		void (*run)(void);
	} ends[] = {
		{"done", LAB_ECDSA, end_done},
		{"failed", NO_CIPHER, end_failed},
		{"expired", LAB_ECDSA, end_expired},
		{"replaced", LAB_ECDSA, end_replaced},
		{"taken over", LAB_ECDSA, end_taken_over},
		{"on the lcore", LAB_ECDSA, end_on_lcore},
	};

	(void)state;
	bound(1, 1);
	for (size_t row = 0; row < UNIT_NB(ends); row++) {
		lab_client_start(&lab, &client, LAB_PORT, ends[row].ciphers);
		ends[row].run();
		if (!hs_quota_is_empty(&lab.cp.quota))
			fail_msg("%s: not given back", ends[row].name);
		start(&second, 1);
		open_session(&second);
		end(&second);
	}
	assert_int_equal(lab_stats(&lab)->address_half_open, 0);
	assert_int_equal(lab_stats(&lab)->address_sessions, 0);
}

static void test_shutdown(void **state)
{
	(void)state;
	bound(1, 2);
	start(&client, 0);
	start(&second, 1);
	open_session(&client);
	greet(&second);
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
	lab_client_stop(&client);
	lab_client_stop(&second);
}

// Without limits nothing is counted.
static void test_no_limits(void **state)
{
	(void)state;
	bound(0, 0);
	start(&client, 0);
	start(&second, 1);
	open_session(&client);
	greet(&second);
	assert_true(hs_quota_is_empty(&lab.cp.quota));
	open_session(&second);
	end(&client);
	end(&second);
}

// Addresses and networks: those with the same number have their places in common.
static const struct {
	const char *address;
	unsigned int holder;
} clients[ADDRESSES] = {
	{"198.51.100.2", 0},
	{"198.51.100.3", 1},
	{"203.0.113.2", 2},
	{"2001:db8:1::2", 3},
	{"2001:db8:1:0:ffff:ffff:ffff:ffff", 3},
	{"2001:db8:1::", 3},
	{"2001:db8:1:1::2", 4},
	{"2001:db8:2::2", 5},
};

struct oracle {
	uint32_t handshakes[ADDRESSES];
	uint32_t sessions[ADDRESSES];
};

static int expected(const struct oracle *o, const struct config *config, unsigned int i,
		    bool restart)
{
	if (o->handshakes[i] >= config->half_open_per_address)
		return -EDQUOT;
	return o->sessions[i] >= config->sessions_per_address && !restart ? -EUSERS : 0;
}

// Random handshakes, passed to sessions or not, against arrays.
static void test_random(void **state)
{
	static struct config config = {.half_open_per_address = 3, .sessions_per_address = 5};
	static struct cp cp = {.config = &config};
	static struct handshake hs[HANDSHAKES];
	static struct session_entry entry[HANDSHAKES];
	static enum { FREE, BEGUN, PASSED, SESSION } at[HANDSHAKES];
	static unsigned int holder[HANDSHAKES];
	uint64_t seed = unit_seed(), refused[2] = {0};
	struct oracle o = {0};

	(void)state;
	for (int n = 0; n < STEPS; n++) {
		uint64_t random = unit_random(&seed);
		unsigned int i = random % HANDSHAKES, c = (random >> 16) % ADDRESSES;
		bool even = (random >> 32) % 2 == 0;
		int rc, want;

		switch (at[i]) {
		case FREE:
			hs[i] = (struct handshake){.cp = &cp, .restart = (random >> 40) % 16 == 0};
			ip_parse(clients[c].address, &hs[i].flow.remote);
			holder[i] = clients[c].holder;
			want = expected(&o, &config, holder[i], hs[i].restart);
			rc = hs_quota_take(&hs[i]);
			assert_int_equal(rc, want);
			if (rc != 0) {
				refused[rc == -EDQUOT]++;
				hs_quota_give(&hs[i]); // gives nothing
				break;
			}
			o.handshakes[holder[i]]++;
			o.sessions[holder[i]]++;
			at[i] = BEGUN;
			break;
		case BEGUN:
			if (even) {
				entry[i].flow = hs[i].flow;
				hs_quota_pass(&hs[i], &entry[i]);
				at[i] = PASSED;
				break;
			}
			hs_quota_give(&hs[i]);
			o.handshakes[holder[i]]--;
			o.sessions[holder[i]]--;
			at[i] = FREE;
			break;
		case PASSED:
			if (even) {
				hs_quota_leave(&cp, &entry[i]); // the lcore had no room
				o.sessions[holder[i]]--;
			}
			hs_quota_give(&hs[i]);
			o.handshakes[holder[i]]--;
			at[i] = even ? FREE : SESSION;
			break;
		case SESSION:
			hs_quota_leave(&cp, &entry[i]);
			o.sessions[holder[i]]--;
			at[i] = FREE;
			break;
		}
	}
	assert_true(refused[0] > 0 && refused[1] > 0);
	for (unsigned int i = 0; i < HANDSHAKES; i++) {
		if (at[i] == PASSED || at[i] == SESSION)
			hs_quota_leave(&cp, &entry[i]);
		if (at[i] != FREE)
			hs_quota_give(&hs[i]);
	}
	assert_true(hs_quota_is_empty(&cp.quota));
}

// What is left is freed.
static void test_fini(void **state)
{
	static struct config config = {.half_open_per_address = 1, .sessions_per_address = 1};
	static struct cp cp = {.config = &config};
	struct handshake hs[3] = {{.cp = &cp}, {.cp = &cp}, {.cp = &cp}};

	(void)state;
	for (unsigned int i = 0; i < UNIT_NB(hs); i++) {
		ip_parse(clients[i].address, &hs[i].flow.remote);
		assert_int_equal(hs_quota_take(&hs[i]), 0);
	}
	assert_false(hs_quota_is_empty(&cp.quota));
	hs_quota_fini(&cp.quota);
	assert_true(hs_quota_is_empty(&cp.quota));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
	cmocka_unit_test_prestate_setup_teardown(test_##name, lab_set_up, lab_tear_down, &lab)
		TEST(half_open),
		TEST(sessions),
		TEST(place_of_session),
		TEST(session_closed_meanwhile),
		TEST(ends),
		TEST(shutdown),
		TEST(no_limits),
#undef TEST
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_fini),
	};

	return cmocka_run_group_tests_name("hs_quota", tests, NULL, NULL);
}
