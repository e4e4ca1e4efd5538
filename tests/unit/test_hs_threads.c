// SPDX-License-Identifier: BSD-3-Clause
// Handshake workers with threads of their own, while clients, lcore and main thread share the
// test's.  Run under ThreadSanitizer by tests/run.sh tsan.
#include "lab.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <rte_cycles.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hs_worker.h"
#include "install.h"
#include "keyblock.h"
#include "loop.h"
#include "session_dir.h"
#include "srtp.h"
#include "telemetry_session.h"
#include "unit.h"

#define WORKERS	   3
#define CLIENTS	   12
#define TAKEOVERS  240 // clients one after another, in all places together
#define PATIENCE_S 60
#define IDENTITY   "client-1"
#define KEY	   "00112233445566778899aabbccddeeff"

// What a place's clients do; every second one comes again with the session of the one before it.
enum kind { BY_ECDSA, BY_RSA, BY_PSK, BY_NOTHING, KINDS };

static const char *const ciphers[KINDS] = {
	[BY_ECDSA] = LAB_ECDSA,
	[BY_RSA] = "ECDHE-RSA-CHACHA20-POLY1305",
	[BY_PSK] = "PSK-AES128-GCM-SHA256",
	[BY_NOTHING] = "ECDHE-RSA-AES128-SHA",
};

static struct lab lab;
static struct lab_client client[CLIENTS];
static SSL_SESSION *saved[CLIENTS];
static unsigned int begun, done, refused, resumed, with_srtp;
static int watcher, lister; // on the control socket
static unsigned int lists;  // that the second one got
static atomic_bool shown;   // telemetry's thread has shown all that it was to
static pthread_t telemetry;
static bool telemetry_runs;

// Where threads of handshakes wait once the keys of one are there, inside OpenSSL.
static struct {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	unsigned int places; // so many wait, others pass
	unsigned int inside;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};

int __real_keyblock_derive(const SSL *ssl, struct traffic_keys *keys);
int __wrap_keyblock_derive(const SSL *ssl, struct traffic_keys *keys);

int __wrap_keyblock_derive(const SSL *ssl, struct traffic_keys *keys)
{
	pthread_mutex_lock(&gate.lock);
	if (SSL_is_server(ssl) && gate.inside < gate.places) {
		gate.inside++;
		while (gate.places > 0)
			pthread_cond_wait(&gate.opened, &gate.lock);
	}
	pthread_mutex_unlock(&gate.lock);
	return __real_keyblock_derive(ssl, keys);
}

static void gate_close(unsigned int places)
{
	pthread_mutex_lock(&gate.lock);
	gate.places = places;
	gate.inside = 0;
	pthread_mutex_unlock(&gate.lock);
}

static void gate_open(void)
{
	gate_close(0);
	pthread_cond_broadcast(&gate.opened);
}

static unsigned int gate_inside(void)
{
	unsigned int nb;

	pthread_mutex_lock(&gate.lock);
	nb = gate.inside;
	pthread_mutex_unlock(&gate.lock);
	return nb;
}

static void edit(struct lab *l)
{
	struct config *config = &l->rig.config;
	cpu_set_t cpus;
	int cpu = -1;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	config->handshake_nb = WORKERS;
	for (uint16_t i = 0; i < WORKERS; i++) {
		do
			cpu = (cpu + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(cpu, &cpus));
		config->handshake_cpu[i] = (uint16_t)cpu;
	}
	config->half_open = 64;
	config->tickets = true;
	config->ticket_keys = NULL;
	config->session_cache = 4;
	config->resumption_lifetime_s = 100;
	config->listener[0].suites = (char *)(uintptr_t)LAB_SUITES ":kPSK+AESGCM";
	config->listener[0].srtp_nb = 1;
	config->listener[0].srtp[0] = SRTP_PROFILE_AEAD_AES_128_GCM;
	config->control_socket = lab_file(l, "control", "");
	unlink(config->control_socket);
	config->listener[0].psk_file = lab_file(l, "psk", IDENTITY " " KEY "\n");
}

static int connect_to_api(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, lab.rig.config.control_socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

// Asks for all sessions, and takes the answers that are there.
static void list(void)
{
	static const char request[] = "{\"command\":\"sessions\"}\n";
	static char text[1 << 16];
	ssize_t n;

	assert_int_equal(send(lister, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((n = recv(lister, text, sizeof(text), 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			lists += text[i] == '\n';
	assert_true(n < 0 && errno == EAGAIN);
}

// Like EAL's thread for telemetry.
static void *show(void *arg)
{
	struct rte_tel_data *d = rte_tel_data_alloc();
	struct session_view view;
	uint32_t cursor = 0;

	while (!shown) {
		uint32_t nb;

		cp_lock(&lab.cp);
		nb = session_dir_list(lab.cp.sessions, &cursor, &view, 1);
		cp_unlock(&lab.cp);
		if (nb > 0)
			telemetry_session_show(&lab.cp, view.id, d);
		if (cursor == SESSION_DIR_END)
			cursor = 0;
		sched_yield();
	}
	rte_tel_data_free(d);
	return arg;
}

// Has the workers give each session with keys for SRTP to the test's thread.
static void watch(void)
{
	static const char request[] = "{\"command\":\"watch\"}\n";

	watcher = connect_to_api();
	assert_int_equal(send(watcher, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	lab_pump(&lab);
}

// How often word stands in what the watcher was told.
static unsigned int told(const char *text, const char *word)
{
	unsigned int nb = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		nb++;
	}
	return nb;
}

static void check_watcher(void)
{
	static char text[1 << 18];
	size_t len = 0;
	ssize_t n;

	do {
		lab_pump(&lab);
		n = recv(watcher, text + len, sizeof(text) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	assert_true(len < sizeof(text) - 1);
	text[len] = '\0';
	assert_int_equal(told(text, "\"client_key\""), with_srtp);
	assert_int_equal(told(text, "\"event\":\"up\""), with_srtp);
	assert_int_equal(told(text, "\"event\":\"down\""), with_srtp);
}

static int set_up(void **state)
{
	(void)state;
	lab_start_edited(&lab, edit);
	begun = done = refused = resumed = with_srtp = 0;
	watch();
	lister = connect_to_api();
	lists = 0;
	shown = telemetry_runs = false;
	return cp_start(&lab.cp);
}

static int tear_down(void **state)
{
	(void)state;
	gate_open();
	shown = true;
	if (telemetry_runs)
		pthread_join(telemetry, NULL);
	cp_stop(&lab.cp);
	lab_stop(&lab);
	close(watcher);
	close(lister);
	for (size_t i = 0; i < CLIENTS; i++) {
		SSL_SESSION_free(saved[i]);
		saved[i] = NULL;
	}
	return 0;
}

static bool running(const struct lab_client *c)
{
	return c->ssl != NULL;
}

static void start(size_t i)
{
	struct lab_client *c = &client[i];

	lab_client_start(&lab, c, (uint16_t)(LAB_PORT + begun), ciphers[i % KINDS]);
	c->lossy = true;
	lab_psk(c, IDENTITY, KEY);
	if (i % KINDS == BY_ECDSA)
		SSL_set_tlsext_use_srtp(c->ssl, "SRTP_AEAD_AES_128_GCM");
	if (i % 2 == 0)
		SSL_set_options(c->ssl, SSL_OP_NO_TICKET); // by session id
	if (saved[i] != NULL)
		SSL_set_session(c->ssl, saved[i]);
	begun++;
}

static void end(size_t i)
{
	struct lab_client *c = &client[i];

	resumed += SSL_session_reused(c->ssl) == 1;
	with_srtp += SSL_get_selected_srtp_profile(c->ssl) != NULL;
	SSL_SESSION_free(saved[i]);
	saved[i] = SSL_session_reused(c->ssl) == 1 ? NULL : SSL_get1_session(c->ssl);
	lab_check_nonces(c);
	lab_close(c);
	lab_client_stop(c);
	c->ssl = NULL;
	done++;
}

static void step(size_t i)
{
	struct lab_client *c = &client[i];
	int error = lab_step(c);

	if (error == SSL_ERROR_NONE) {
		assert_true(i % KINDS != BY_NOTHING);
		end(i);
	} else if (error != SSL_ERROR_WANT_READ) {
		ERR_clear_error();
		assert_int_equal(i % KINDS, BY_NOTHING);
		lab_client_stop(c);
		c->ssl = NULL;
		refused++;
	}
}

// Steps every client, and starts as many as there are places and max allows.
static void turn(unsigned int max)
{
	lab_pump(&lab);
	for (size_t i = 0; i < CLIENTS; i++) {
		if (!running(&client[i]) && begun < max)
			start(i);
		if (running(&client[i]))
			step(i);
	}
}

static uint64_t deadline(void)
{
	return rte_rdtsc() + PATIENCE_S * rte_get_tsc_hz();
}

static uint32_t sessions(void)
{
	uint32_t nb;

	cp_lock(&lab.cp);
	nb = session_dir_count(lab.cp.sessions);
	cp_unlock(&lab.cp);
	return nb;
}

static void wait_until_idle(void)
{
	uint64_t end_tsc = deadline();

	while (cp_half_open(&lab.cp) > 0 || sessions() > 0) {
		assert_true(rte_rdtsc() < end_tsc);
		lab_pump(&lab);
	}
}

static void stop_clients(void)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (running(&client[i])) {
			lab_client_stop(&client[i]);
			client[i].ssl = NULL;
		}
}

// The identity stays in the file, which grows; the new one is good from then on.
static void reload(unsigned int n)
{
	char text[256];

	snprintf(text, sizeof(text), "other-%u ffee\n" IDENTITY " " KEY "\n", n);
	lab_file(&lab, "psk", text);
	cp_reload(&lab.cp);
}

static void test_parallel(void **state)
{
	uint64_t end_tsc = deadline();
	unsigned int reloads = 0;

	(void)state;
	telemetry_runs = pthread_create(&telemetry, NULL, show, NULL) == 0;
	assert_true(telemetry_runs);
	while (done + refused < TAKEOVERS) {
		assert_true(rte_rdtsc() < end_tsc);
		turn(TAKEOVERS);
		list();
		if ((done + refused) / 20 > reloads)
			reload(reloads++);
	}
	wait_until_idle();
	cp_stop(&lab.cp);
	assert_true(lists > 10);
	assert_int_equal(begun, TAKEOVERS);
	assert_true(done > TAKEOVERS / 2 && refused > TAKEOVERS / 8);
	assert_in_range(resumed, 1, done / 2);
	assert_true(with_srtp > TAKEOVERS / 8);
	check_watcher();
	assert_int_equal(lab_stats(&lab)->completed, done);
	assert_int_equal(lab_stats(&lab)->resumed, resumed);
	for (uint16_t i = 0; i < WORKERS; i++)
		unit_check(i, hs_table_counters(lab.cp.worker[i]->handshakes, 0)->completed > 10);
}

// The gateway stops while clients are in every state.
static void test_stop(void **state)
{
	uint64_t end_tsc = deadline();

	(void)state;
	while (done + refused < 2 * CLIENTS) {
		assert_true(rte_rdtsc() < end_tsc);
		turn(3 * CLIENTS);
	}
	install_shutdown(&lab.cp);
	wait_until_idle();
	stop_clients();
}

// The threads end with messages in their queues and handshakes under way.
static void test_abort(void **state)
{
	(void)state;
	for (int n = 0; n < 6; n++)
		turn(CLIENTS);
	cp_stop(&lab.cp);
	install_shutdown(&lab.cp);
	wait_until_idle();
	stop_clients();
}

static void begin(size_t i, uint16_t port)
{
	lab_client_start(&lab, &client[i], port, LAB_ECDSA);
	client[i].lossy = true;
	begun++;
}

// Steps the clients from first on until so many are done and so many threads stand in the gate.
static void run_until(size_t first, unsigned int want_done, unsigned int want_inside)
{
	uint64_t end_tsc = deadline();

	while (done < want_done || gate_inside() < want_inside) {
		assert_true(rte_rdtsc() < end_tsc);
		lab_pump(&lab);
		for (size_t i = first; i < CLIENTS; i++)
			if (running(&client[i]))
				step(i);
	}
}

// All threads are inside OpenSSL at the same time.
static void test_at_the_same_time(void **state)
{
	(void)state;
	gate_close(WORKERS);
	for (uint16_t w = 0; w < WORKERS; w++)
		begin(KINDS * w, lab_port_of(&lab, w, LAB_PORT));
	run_until(0, 0, WORKERS);
	assert_int_equal(cp_half_open(&lab.cp), WORKERS);
	assert_int_equal(sessions(), 0);
	gate_open();
	run_until(0, WORKERS, 0);
	wait_until_idle();
	cp_stop(&lab.cp);
	for (uint16_t w = 0; w < WORKERS; w++)
		unit_check(w, hs_table_counters(lab.cp.worker[w]->handshakes, 0)->completed == 1);
}

// Gives a worker ClientHellos, of no client of the test, until its queue drops them.
static void fill_queue(struct hs_worker *w)
{
	struct msg msg = {.type = MSG_HELLO};
	uint16_t port = lab_port_of(&lab, w->id, LAB_PORT + 1000);

	msg.flow = rig_flow(&lab.rig, port);
	while (w->stats.dropped_hellos == 0) {
		msg.mbuf = rig_frame(&lab.rig, "", 1);
		loop_dispatch(&lab.cp, &msg);
	}
}

// A thread stands in the middle of a handshake, and its queue is full: all clients of the others
// complete.  In the end its own does, too.
static void test_one_is_held(void **state)
{
	struct hs_worker *held = lab.cp.worker[0];
	uint16_t port = LAB_PORT;

	(void)state;
	gate_close(1);
	begin(0, lab_port_of(&lab, 0, LAB_PORT));
	run_until(0, 0, 1);
	fill_queue(held);
	for (uint16_t i = 1; i < CLIENTS; i++) {
		if (i % KINDS == BY_NOTHING)
			continue;
		port = lab_port_of(&lab, 1 + i % (WORKERS - 1), port + 1);
		begin(i, port);
	}
	run_until(1, begun - 1, 1);
	assert_false(SSL_is_init_finished(client[0].ssl));
	assert_int_equal(cp_half_open(&lab.cp), 1);
	assert_int_equal(sessions(), 0);
	gate_open();
	run_until(0, begun, 0);
	wait_until_idle();
	cp_stop(&lab.cp);
	assert_int_equal(hs_table_counters(held->handshakes, 0)->completed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parallel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_at_the_same_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_is_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_abort, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("hs_threads", tests, NULL, NULL);
}
