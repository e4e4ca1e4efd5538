// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <getopt.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp.h"
#include "eal.h"
#include "loop.h"
#include "neigh.h"
#include "telemetry.h"

struct options {
	const char *file;
	bool check;
	int extra_nb; // EAL arguments behind "--"
	char **extra;
};

static void print_help(FILE *out)
{
	fputs("Usage: dtlsgw -c FILE [--check] [-- EAL-ARGUMENT...]\n"
	      "Terminates DTLS 1.2 for UDP backends.  See dtlsgw(8) and dtlsgw.yaml(5).\n"
	      "\n"
	      "  -c, --config FILE  configuration\n"
	      "      --check        check the configuration, print \"FILE: ok\" and exit\n"
	      "      --version      print the version and exit\n"
	      "  -h, --help         print this and exit\n",
	      out);
}

// Returns -1 to go on, or the status to exit with.
static int read_options(int argc, char **argv, struct options *options)
{
	enum { CHECK = 256, VERSION };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, CHECK},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+c:h", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->file = optarg;
			break;
		case CHECK:
			options->check = true;
			break;
		case VERSION:
			printf("dtlsgw %s, %s\n", DTLSGW_VERSION, rte_version());
			return 0;
		case 'h':
			print_help(stdout);
			return 0;
		default:
			print_help(stderr);
			return 2;
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		fprintf(stderr, "dtlsgw: %s: unexpected; expected EAL arguments only behind --\n",
			argv[optind]);
		return 2;
	}
	if (options->file == NULL) {
		fputs("dtlsgw: no configuration; expected -c FILE\n", stderr);
		return 2;
	}
	options->extra_nb = argc - optind;
	options->extra = argv + optind;
	return -1;
}

static int start_eal(const struct options *options, const struct config *config, char *program)
{
	struct eal_args args;
	int ret;

	ret = eal_args_init(&args, config, program, options->extra_nb, options->extra);
	if (ret < 0) {
		fprintf(stderr, "dtlsgw: EAL arguments: %s\n", strerror(-ret));
		return ret;
	}
	ret = rte_eal_init(args.argc, args.argv);
	if (ret < 0) {
		fprintf(stderr, "dtlsgw: DPDK does not start: %s; its lines above say why\n",
			rte_strerror(rte_errno));
		ret = -rte_errno;
	}
	eal_args_fini(&args);
	if (ret < 0)
		return ret;
	ret = eal_check_ports(config, options->file, stderr);
	if (ret < 0)
		rte_eal_cleanup();
	return ret;
}

static void log_start(const struct config *config)
{
	char text[IP_PORT_TEXT_LEN];

	for (uint16_t i = 0; i < config->listener_nb; i++) {
		const struct config_listener *l = &config->listener[i];

		for (uint16_t j = 0; j < l->addr_nb; j++)
			LOG(NOTICE, "main: listener %s: %s to backend %s", l->name,
			    ip_port_format(&l->addr[j], htons(l->port), text),
			    config->backend[l->backend].name);
	}
	LOG(NOTICE, "main: dtlsgw %s runs, %u data-plane lcores", DTLSGW_VERSION, config->lcore_nb);
}

// From the start of the lcores to their stop.
static int serve(struct cp *cp)
{
	int ret;

	ret = dp_launch(cp->dp);
	if (ret < 0)
		return ret;
	cp_lock(cp);
	ret = neigh_start(cp);
	cp_unlock(cp);
	if (ret == 0)
		ret = cp_start(cp);
	if (ret < 0)
		goto out;
	ret = telemetry_start(cp);
	if (ret < 0) {
		LOG(ERR, "main: telemetry: %s", strerror(-ret));
		goto out;
	}
	log_start(cp->config);
	ret = loop_run(cp);
	telemetry_stop();
	LOG(NOTICE, "main: dtlsgw stops");
out:
	cp_stop(cp);
	dp_stop(cp->dp);
	return ret;
}

static int run(const struct options *options, const struct config *config, char *program)
{
	struct cp *cp = NULL;
	struct dp *dp;
	int ret;

	ret = start_eal(options, config, program);
	if (ret < 0)
		return ret;
	dp = dp_create(config);
	if (dp == NULL) {
		ret = -rte_errno;
		goto out;
	}
	cp = cp_create(dp);
	ret = cp != NULL ? serve(cp) : -errno;
	cp_destroy(cp);
	dp_destroy(dp);
out:
	rte_eal_cleanup();
	return ret;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct config *config;
	int ret;

	loop_signals(SIG_BLOCK);
	ret = read_options(argc, argv, &options);
	if (ret >= 0)
		return ret;
	signal(SIGPIPE, SIG_IGN); // EAL's telemetry writes to sockets that clients may close
	config = config_load(options.file, stderr);
	if (config == NULL)
		return EXIT_FAILURE;
	if (options.check) {
		printf("%s: ok\n", options.file);
		ret = 0;
	} else {
		ret = run(&options, config, argv[0]);
	}
	config_destroy(config);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
