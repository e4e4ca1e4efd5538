// SPDX-License-Identifier: BSD-3-Clause
// Sessions that are resumed, by ticket and by session id, and the takeover when the last flight is
// the client's.
#include "resume.h"

#include "dtls.h"
#include "loop.h"
#include "record.h"

static const uint64_t ways[] = {0, SSL_OP_NO_TICKET}; // by ticket, by session id

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, configure);
	return 0;
}

static void forget(void)
{
	SSL_SESSION_free(saved);
	saved = NULL;
}

static void test_resumed(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		unit_check(way, !associate(LAB_ECDSA, ways[way]));
		unit_check(way, SSL_SESSION_has_ticket(saved) == (way == 0));
		for (int n = 0; n < 3; n++)
			unit_check(way, associate(LAB_ECDSA, ways[way]));
		forget();
	}
	assert_int_equal(lab_stats(&lab)->resent_flights, 0);
}

// The gateway's datagrams: 0 is the HelloVerifyRequest, 1 ServerHello to Finished.
static void test_lost_flights(void **state)
{
	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		associate(LAB_ECDSA, ways[way]);
		for (uint32_t lost = 1; lost < 4; lost++) {
			start(LAB_ECDSA, ways[way]);
			client.lose = lost;
			unit_check(lost, lab_handshake(&client, LAB_PATIENCE_MS));
			unit_check(lost, finish());
		}
		forget();
	}
	assert_int_equal(lab_stats(&lab)->resent_flights, 0);
}

// The client's last flight is lost; the gateway sends its own again, the client answers that.
static void test_lost_client_flight(void **state)
{
	uint8_t bytes[256];

	(void)state;
	for (size_t way = 0; way < UNIT_NB(ways); way++) {
		uint64_t completed;

		associate(LAB_ECDSA, ways[way]);
		completed = lab_stats(&lab)->completed;
		start(LAB_ECDSA, ways[way]);
		while (!SSL_is_init_finished(client.ssl)) {
			lab_step(&client);
			client.hold = client.received == 2;
			lab_pump(&lab);
		}
		assert_true(client.out.nb > 0);
		client.out.nb = 0;
		// Data comes before its Finished.
		lab.backend.nb = 0;
		lab_inject(&client, bytes, lab_seal(&client, 9, "early", bytes));
		lab_pump(&lab);
		assert_int_equal(lab.backend.nb, 0);
		client.hold = false;
		for (int n = 0; n < 400 && lab_stats(&lab)->completed == completed; n++) {
			char byte;

			lab_wait(&lab);
			lab_pump(&lab);
			SSL_read(client.ssl, &byte, 1); // sends the Finished again
		}
		assert_int_equal(lab_stats(&lab)->completed, completed + 1);
		lab_pump(&lab);
		assert_int_equal(lab.backend.nb, 1);
		assert_memory_equal(lab.backend.datagram[0].bytes, "early", 5);
		unit_check(way, finish());
		forget();
	}
}

// In a full handshake the NewSessionTicket is part of the last flight: the client waits for it.
static void test_lost_ticket(void **state)
{
	(void)state;
	start(LAB_ECDSA, 0);
	client.lose = 1u << 2;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(lab_stats(&lab)->resent_flights, 1);
	assert_false(finish());
	assert_true(SSL_SESSION_has_ticket(saved));
	assert_true(associate(LAB_ECDSA, 0));
}

// The client's first datagram with a part of a NewSessionTicket, or seen.nb.
static uint16_t ticket_at(void)
{
	for (uint16_t i = 0; i < client.seen.nb; i++) {
		struct record rec;

		if (record_parse(client.seen.datagram[i].bytes, client.seen.datagram[i].len,
				 &rec) &&
		    rec.type == DTLS_HANDSHAKE && rec.epoch == 0 &&
		    client.seen.datagram[i].bytes[DTLS_RECORD_HEADER_LEN] ==
			    DTLS_NEW_SESSION_TICKET)
			return i;
	}
	return client.seen.nb;
}

// Through a path with small datagrams the ticket comes in fragments; all of it and the Finished are
// lost.
static void test_ticket_in_fragments(void **state)
{
	uint16_t first, nb;

	(void)state;
	lab.rig.config.port[0].mtu = 28 + 230; // not possible by configuration
	lab.rig.dp->port[0].mtu = 28 + 230;
	start(LAB_ECDSA, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	first = ticket_at();
	nb = client.seen.nb;
	assert_true(nb - first >= 2 && nb < 32);
	assert_false(finish());
	SSL_SESSION_free(saved);
	saved = NULL;
	start(LAB_ECDSA, 0);
	for (uint16_t i = first; i < nb; i++)
		client.lose |= 1u << i;
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(lab_stats(&lab)->resent_flights, 1);
	assert_true(client.seen.nb - nb >= 2); // sent again in fragments as well
	for (uint16_t i = 0; i < client.seen.nb; i++)
		unit_check(i, client.seen.datagram[i].len <= 230);
	assert_false(finish());
	assert_true(SSL_SESSION_has_ticket(saved));
	assert_true(associate(LAB_ECDSA, 0));
}

// Once the client has sent data it has the ticket: the memory goes as others come.
static void test_ticket_dropped(void **state)
{
	const struct session_entry *entry;
	struct session_view view;
	uint32_t cursor = 0;

	(void)state;
	start(LAB_ECDSA, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	assert_int_equal(session_dir_list(lab.cp.sessions, &cursor, &view, 1), 1);
	entry = session_dir_find(lab.cp.sessions, view.id);
	assert_true(entry->flight.ticket_len > 0);
	assert_true(sizeof(*entry) + entry->flight.ticket_len <= 512);
	for (int i = 0; i < 256; i++)
		session_dir_tidy(lab.cp.sessions);
	assert_non_null(entry->flight.ticket);
	lab_check_echo(&client, "hello");
	for (int i = 0; i < 256; i++)
		session_dir_tidy(lab.cp.sessions);
	assert_null(entry->flight.ticket);
	assert_false(finish());
}

// The client's Finished that comes again shows that it has not got the flight.  Other sessions come
// in between its way through the lcore and to the control plane.
static void test_ticket_stays(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED};
	uint8_t bytes[128];
	uint16_t seen;
	struct msg msg;

	(void)state;
	start(LAB_ECDSA, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	seen = client.seen.nb;
	lab_inject(&client, bytes,
		   lab_seal_as(&client, DTLS_HANDSHAKE, 40, finished, sizeof(finished), bytes));
	rig_poll(&lab.rig);
	for (int i = 0; i < 256; i++)
		session_dir_tidy(lab.cp.sessions);
	while (rig_message(&lab.rig, &msg))
		loop_dispatch(&lab.cp, &msg);
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->resent_flights, 1);
	// NewSessionTicket, ChangeCipherSpec and Finished, together.
	assert_int_equal(client.seen.nb, seen + 1);
	assert_int_equal(client.seen.datagram[seen].bytes[DTLS_RECORD_HEADER_LEN],
			 DTLS_NEW_SESSION_TICKET);
	assert_false(finish());
}

// A Finished of the client that comes again after a resumption: nothing of ours is missing.
static void test_no_resend(void **state)
{
	static const uint8_t finished[24] = {DTLS_FINISHED};
	uint8_t bytes[128];

	(void)state;
	associate(LAB_ECDSA, 0);
	start(LAB_ECDSA, 0);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	lab_inject(&client, bytes,
		   lab_seal_as(&client, DTLS_HANDSHAKE, 40, finished, sizeof(finished), bytes));
	lab_pump(&lab);
	assert_int_equal(lab_stats(&lab)->resent_flights, 0);
	assert_true(finish());
}

static void configure_keys(struct lab *l)
{
	char text[2 * 162] = "";

	configure(l);
	for (int i = 0; i < 2; i++) {
		memset(text + 161 * i, 'a' + i, 160);
		text[161 * i + 160] = '\n';
	}
	l->rig.config.ticket_keys = lab_file(l, "tickets", text);
}

static int set_up_keys(void **state)
{
	(void)state;
	lab_start_edited(&lab, configure_keys);
	return 0;
}

static void write_keys(const char *digits)
{
	char text[1024];
	size_t len = 0;

	for (; *digits != '\0'; digits++, len += 161) {
		memset(text + len, *digits, 160);
		text[len + 160] = '\n';
	}
	text[len] = '\0';
	lab_file(&lab, "tickets", text);
	cp_reload(&lab.cp);
}

static void test_rotation(void **state)
{
	SSL_SESSION *old;

	(void)state;
	assert_false(associate(LAB_ECDSA, 0));
	assert_true(associate(LAB_ECDSA, 0));
	old = saved;
	SSL_SESSION_up_ref(old);
	write_keys("ca");		      // a is the previous one
	assert_true(associate(LAB_ECDSA, 0)); // and gets a ticket with c
	write_keys("zz");		      // logged, no change
	assert_true(associate(LAB_ECDSA, 0));
	write_keys("dc");
	assert_true(associate(LAB_ECDSA, 0));
	SSL_SESSION_free(saved);
	saved = old;
	assert_false(associate(LAB_ECDSA, 0));
	assert_true(associate(LAB_ECDSA, 0));
}

// Another gateway with the same file of keys.
static void test_restart(void **state)
{
	(void)state;
	assert_false(associate(LAB_ECDSA, 0));
	lab_stop(&lab);
	lab_start_edited(&lab, configure_keys);
	assert_true(associate(LAB_ECDSA, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name, start) cmocka_unit_test_setup_teardown(test_##name, start, tear_down)
		TEST(resumed, set_up),
		TEST(lost_flights, set_up),
		TEST(lost_client_flight, set_up),
		TEST(lost_ticket, set_up),
		TEST(ticket_in_fragments, set_up),
		TEST(ticket_dropped, set_up),
		TEST(ticket_stays, set_up),
		TEST(no_resend, set_up),
		TEST(rotation, set_up_keys),
		TEST(restart, set_up_keys),
#undef TEST
	};

	return cmocka_run_group_tests_name("resumption", tests, NULL, NULL);
}
