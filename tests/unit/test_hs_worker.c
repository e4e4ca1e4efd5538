// SPDX-License-Identifier: BSD-3-Clause
// Handshake workers turned by hand: who gets what, in which order, and what happens when a queue is
// full.
#include "lab.h"

#include <rte_cycles.h>

#include "dtls.h"
#include "handshake.h"
#include "hs_worker.h"
#include "install.h"
#include "loop.h"
#include "session_dir.h"
#include "unit.h"

#define WORKERS	     3
#define FLOODERS     32	   // flows that say hello at once
#define FLOOD_AT     50000 // their first port
#define WAITING	     (MSG_QUEUE_SIZE - 1)
#define TIMER_MS     50
#define SPREAD_FLOWS 4096
#define SPREAD_MAX   8

static struct lab lab;
static struct lab_client client[WORKERS];

static void edit(struct lab *l)
{
	l->rig.config.handshake_nb = WORKERS;
	l->rig.config.half_open = 2 * FLOODERS;
	l->rig.config.retransmit_ms = TIMER_MS;
	l->rig.config.tickets = true;
	l->rig.config.resumption_lifetime_s = 100;
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	return 0;
}

// A message about a flow, as an lcore would give it; the worker is not turned.
static void give(enum msg_type type, uint16_t port, const void *bytes, uint16_t len)
{
	struct msg msg = {.type = (uint8_t)type};

	msg.flow = rig_flow(&lab.rig, port);
	if (bytes != NULL)
		msg.mbuf = rig_frame(&lab.rig, bytes, len);
	loop_dispatch(&lab.cp, &msg);
}

// Flows of many clients' ports, or of many clients, are even over any number of workers: each has
// its share but for SPREAD_MAX standard deviations of what chance would give.
static void test_spread(void **state)
{
	(void)state;
	for (uint16_t workers = 2; workers <= CONFIG_HANDSHAKE_MAX; workers++) {
		const double share = (double)SPREAD_FLOWS / workers;

		for (int by_port = 0; by_port < 2; by_port++) {
			uint32_t nb[CONFIG_HANDSHAKE_MAX] = {0};

			for (uint16_t i = 0; i < SPREAD_FLOWS; i++) {
				struct flow_key flow = rig_flow(&lab.rig, LAB_PORT);

				if (by_port)
					flow.remote_port = rte_cpu_to_be_16(1024 + i);
				else
					flow.remote.byte[14] ^= i >> 8, flow.remote.byte[15] ^= i;
				nb[dp_flow_spread(lab.cp.dp, &flow, workers)]++;
			}
			for (uint16_t w = 0; w < workers; w++) {
				double off = nb[w] - share;

				unit_check(w, off * off < SPREAD_MAX * SPREAD_MAX * share);
			}
		}
	}
}

static void test_one_each(void **state)
{
	(void)state;
	for (uint16_t w = 0; w < WORKERS; w++) {
		uint16_t port = lab_port_of(&lab, w, LAB_PORT);
		struct flow_key flow = rig_flow(&lab.rig, port);

		lab_client_start(&lab, &client[w], port, LAB_ECDSA);
		lab_last_flight(&client[w]);
		for (uint16_t i = 0; i < WORKERS; i++)
			assert_int_equal(hs_table_find(lab.cp.worker[i]->handshakes, &flow) != NULL,
					 i == w);
	}
	assert_int_equal(cp_half_open(&lab.cp), WORKERS);
	for (uint16_t w = 0; w < WORKERS; w++) {
		client[w].hold = false;
		assert_true(lab_handshake(&client[w], LAB_PATIENCE_MS));
		lab_check_echo(&client[w], "x");
		lab_finish(&client[w]);
		// ClientHello, last flight, INSTALLED.
		assert_true(lab.cp.worker[w]->stats.messages >= 3);
		assert_int_equal(hs_table_counters(lab.cp.worker[w]->handshakes, 0)->completed, 1);
	}
	assert_int_equal(lab_stats(&lab)->completed, WORKERS);
}

// A client's second ClientHello, with a cookie.
static const struct lab_datagram *hello_of(struct lab_client *c, uint16_t port)
{
	static struct lab_datagram hello;

	lab_client_start(&lab, c, port, LAB_ECDSA);
	lab_step(c);
	lab_pump(&lab);
	lab_step(c);
	assert_int_equal(c->out.nb, 1);
	hello = c->out.datagram[0];
	lab_client_stop(c);
	return &hello;
}

// Lets the time pass until OpenSSL wants to send the handshake's flight again.
static void pass_timer(struct handshake *hs)
{
	struct timeval left;

	assert_int_equal(DTLSv1_get_timeout(hs->ssl, &left), 1);
	rte_delay_us((unsigned int)(left.tv_sec * 1000000 + left.tv_usec) + 1000);
}

// Many ClientHellos wait, each some hundred microseconds of work, when a timer is due.
static void test_timer_before_the_rest(void **state)
{
	const struct lab_datagram *hello = hello_of(&client[1], LAB_PORT + 1000);
	uint16_t w = lab_worker_of(&lab, LAB_PORT), port = FLOOD_AT;
	struct hs_worker *worker = lab.cp.worker[w];
	struct handshake *hs;
	uint16_t unanswered;
	uint64_t messages;

	(void)state;
	lab_client_start(&lab, &client[0], LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client[0]);
	hs = lab_handshake_first(&lab);
	assert_non_null(hs);
	for (int i = 0; i < FLOODERS; i++) {
		port = lab_port_of(&lab, w, port + 1);
		give(MSG_HELLO, port, hello->bytes, hello->len);
	}
	assert_int_equal(rte_ring_count(worker->queue), FLOODERS);
	messages = worker->stats.messages;
	unanswered = hs->bio.unanswered;
	pass_timer(hs);
	assert_true(hs_worker_turn(worker));
	assert_int_equal(worker->stats.messages, messages + 1);
	assert_int_equal(rte_ring_count(worker->queue), FLOODERS - 1);
	assert_int_equal(hs->bio.unanswered, unanswered + 1);
	lab_pump(&lab);
	assert_int_equal(cp_half_open(&lab.cp), FLOODERS + 1);
	install_shutdown(&lab.cp);
	lab_check_idle(&lab);
	lab_client_stop(&client[0]);
}

// Timers do not wait for an empty queue either, nor for the message behind them.
static void test_turn_without_message(void **state)
{
	struct handshake *hs;
	uint16_t unanswered;

	(void)state;
	lab_client_start(&lab, &client[0], LAB_PORT, LAB_ECDSA);
	lab_last_flight(&client[0]);
	hs = lab_handshake_first(&lab);
	unanswered = hs->bio.unanswered;
	pass_timer(hs);
	assert_false(hs_worker_turn(hs->worker));
	assert_int_equal(hs->bio.unanswered, unanswered + 1);
	client[0].hold = false;
	assert_true(lab_handshake(&client[0], LAB_PATIENCE_MS));
	lab_finish(&client[0]);
}

// What is dropped from a full queue is counted and freed, in the order of what can be spared.
static void test_full_queue(void **state)
{
	static const uint8_t garbage[] = {1, 2, 3};
	uint16_t w = lab_worker_of(&lab, LAB_PORT),
		 other = lab_port_of(&lab, (w + 1) % WORKERS, LAB_PORT);
	struct hs_worker *worker = lab.cp.worker[w];
	const struct hs_worker_stats *stats = &worker->stats;
	unsigned int hellos = WAITING - HS_WORKER_RESERVE_HELLO;
	unsigned int records = WAITING - HS_WORKER_RESERVE_RECORD - hellos;
	unsigned int answers = HS_WORKER_RESERVE_RECORD - HS_WORKER_ROOM + 1;
	const struct lab_datagram *hello = hello_of(&client[0], other);

	(void)state;
	for (unsigned int i = 0; i < hellos + 10; i++)
		give(MSG_HELLO, LAB_PORT, garbage, sizeof(garbage));
	assert_int_equal(rte_ring_count(worker->queue), hellos);
	assert_int_equal(stats->dropped_hellos, 10);
	for (unsigned int i = 0; i < records + 20; i++)
		give(MSG_RECORD, LAB_PORT, garbage, sizeof(garbage));
	assert_int_equal(stats->dropped_records, 20);
	assert_int_equal(rte_mempool_avail_count(lab.cp.dp->mbuf_pool),
			 lab.mbufs - hellos - records);
	for (unsigned int i = 0; i < answers; i++) {
		assert_true(hs_worker_has_room(worker));
		give(MSG_HANDSHAKE_ENDED, LAB_PORT, NULL, 0);
	}
	assert_false(hs_worker_has_room(worker));
	// What comes now waits on the lcore's ring, another worker's ClientHello too.
	client[0].port = other;
	lab_inject(&client[0], hello->bytes, hello->len);
	rig_poll(&lab.rig);
	assert_false(loop_drain(&lab.cp));
	assert_int_equal(rte_ring_count(lab.cp.dp->punt[0]), 1);
	assert_true(hs_worker_turn(worker));
	assert_true(loop_drain(&lab.cp));
	assert_int_equal(rte_ring_count(lab.cp.dp->punt[0]), 0);
	while (hs_worker_turn(worker))
		continue;
	assert_int_equal(stats->messages, hellos + records + answers);
	assert_int_equal(stats->dropped_hellos, 10);
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->started, 1);
	install_shutdown(&lab.cp);
}

// A client whose ClientHello was dropped sends it again.
static void test_dropped_hello(void **state)
{
	static const uint8_t garbage[] = {1, 2, 3};
	struct hs_worker *worker = lab.cp.worker[lab_worker_of(&lab, LAB_PORT)];

	(void)state;
	lab_client_start(&lab, &client[0], LAB_PORT, LAB_ECDSA);
	client[0].lossy = true;
	lab_step(&client[0]);
	lab_pump(&lab);
	lab_step(&client[0]);
	for (int i = 0; i < MSG_QUEUE_SIZE; i++)
		give(MSG_HELLO, LAB_PORT, garbage, sizeof(garbage));
	worker->stats.dropped_hellos = 0;
	lab_inject(&client[0], client[0].out.datagram[0].bytes, client[0].out.datagram[0].len);
	lab_queue_shift(&client[0].out);
	rig_poll(&lab.rig);
	assert_true(loop_drain(&lab.cp));
	assert_int_equal(worker->stats.dropped_hellos, 1);
	assert_int_equal(lab_stats(&lab)->started, 0);
	assert_true(lab_handshake(&client[0], LAB_PATIENCE_MS));
	lab_finish(&client[0]);
}

// The session ends before its worker has seen that it is installed.  The client can still not
// resume what ended by its fatal alert.
static void test_end_overtakes_install(void **state)
{
	static const uint8_t alert[] = {DTLS_ALERT_FATAL, 40};
	struct lab_client *c = &client[0];
	SSL_SESSION *session;
	uint8_t bytes[64];
	uint16_t len;

	(void)state;
	lab_client_start(&lab, c, LAB_PORT, LAB_ECDSA);
	lab_last_flight(c);
	for (; c->out.nb > 0; lab_queue_shift(&c->out))
		lab_inject(c, c->out.datagram[0].bytes, c->out.datagram[0].len);
	rig_poll(&lab.rig);
	lab_dispatch_all(&lab);
	assert_int_equal(lab_handshake_first(&lab)->state, HS_WAIT_INSTALLED);
	len = lab_seal_as(c, DTLS_ALERT, 9, alert, sizeof(alert), bytes);
	rig_poll(&lab.rig);
	lab_inject(c, bytes, len);
	rig_poll(&lab.rig);
	assert_true(loop_drain(&lab.cp));
	assert_int_equal(lab.cp.dp->stats[0]->sessions, 0);
	assert_int_equal(session_dir_count(lab.cp.sessions), 1);
	assert_int_equal(lab_stats(&lab)->completed, 0);
	c->hold = false;
	assert_true(lab_handshake(c, LAB_PATIENCE_MS));
	assert_int_equal(lab_stats(&lab)->completed, 1);
	lab_check_idle(&lab);
	session = SSL_get1_session(c->ssl);
	assert_true(SSL_SESSION_has_ticket(session));
	lab_client_stop(c);
	lab_client_start(&lab, c, LAB_PORT, LAB_ECDSA);
	assert_int_equal(SSL_set_session(c->ssl, session), 1);
	assert_true(lab_handshake(c, LAB_PATIENCE_MS));
	assert_int_equal(SSL_session_reused(c->ssl), 0);
	SSL_SESSION_free(session);
	lab_finish(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(spread),
		TEST(one_each),
		TEST(timer_before_the_rest),
		TEST(turn_without_message),
		TEST(full_queue),
		TEST(dropped_hello),
		TEST(end_overtakes_install),
#undef TEST
	};

	return cmocka_run_group_tests_name("hs_worker", tests, NULL, NULL);
}
