// SPDX-License-Identifier: BSD-3-Clause

// dtlsgw-gen: opens DTLS sessions to a server, loads them and measures; perf/README.md.
// Status: 0 measured; 1 could not start, or no session came about; 2 bad options; 3 measured, but
// some sessions did not come about or bytes came back wrong.
#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "dial.h"
#include "machine.h"
#include "measure.h"
#include "probe.h"

#define STATUS_USAGE 2
#define STATUS_WRONG 3
#define LINGER_US    10000

static void on_signal(int number)
{
	(void)number;
	gen_stop = true;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

// Opens the sessions.  Returns how many work, or -errno after a message.
static int open_sessions(struct gen *g, struct report *report)
{
	static struct dial_result dial;
	uint32_t ready;
	int rc = gen_resolve(g);

	if (rc == 0)
		rc = dial_all(g, &dial);
	if (rc != 0)
		return rc;
	ready = probe_all(g);
	if (ready == 0) {
		fputs("dtlsgw-gen: no payload comes back through a session\n", stderr);
		return -ETIMEDOUT;
	}
	report_dial(report, &dial, ready, (double)rte_get_tsc_hz());
	return (int)ready;
}

// Some devices, net_memif among them, take their memory from under the other end's lcores when they
// close: whoever runs that end may want to stop it first.
static void linger(void)
{
	fputs("# done\n", stdout);
	fflush(stdout);
	while (!gen_stop)
		usleep(LINGER_US);
}

static int run(struct gen *g, struct report *report)
{
	uint64_t bad;
	int ready = open_sessions(g, report);

	if (ready < 0)
		return EXIT_FAILURE;
	bad = measure_all(g, report);
	gen_live(g);
	probe_close(g);
	report_end(report, g->closed);
	if (g->o->json != NULL && report_write(report, g->o->json) != 0)
		return EXIT_FAILURE;
	if (g->o->linger)
		linger();
	return bad > 0 || (uint32_t)ready < g->client_nb ? STATUS_WRONG : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct options o;
	static struct gen g;
	struct report report;
	char machine[512];
	bool json_to_stdout;
	int rc = options_read(argc, argv, &o, stdout, stderr);

	if (rc != 0)
		return rc > 0 ? EXIT_SUCCESS : STATUS_USAGE;
	setvbuf(stdout, NULL, _IOLBF, 0); // it may be a file that somebody follows
	catch_signals();
	if (ports_eal(&o, argv[0]) != 0)
		return EXIT_FAILURE;
	json_to_stdout = o.json != NULL && o.json[0] == '-' && o.json[1] == '\0';
	rc = EXIT_FAILURE;
	if (report_init(&report, &o, machine_line(machine, sizeof(machine), o.huge),
			json_to_stdout ? stderr : stdout) == 0 &&
	    gen_init(&g, &o) == 0)
		rc = run(&g, &report);
	gen_fini(&g);
	report_fini(&report);
	rte_eal_cleanup();
	return rc;
}
