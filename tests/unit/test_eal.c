// SPDX-License-Identifier: BSD-3-Clause
// The arguments that EAL gets, from configurations made by hand.
#include "unit.h"

#include <errno.h>

#include "eal.h"

static struct config *base(void)
{
	static struct config c;

	c = (struct config){
		.lcore_nb = 1,
		.lcore_cpu = {1},
		.huge_pages = true,
		.file_prefix = "p",
		.log_level = "info",
		.port_nb = 2,
		.port = {{.name = "out", .device = "net_null0"},
			 {.name = "in", .device = "net_null1,copy=1"}},
	};
	return &c;
}

// Joins the arguments with blanks and compares.
static void check(const struct config *config, int extra_nb, char *const *extra,
		  const char *expected)
{
	struct eal_args args;
	char text[1024] = "";

	assert_int_equal(eal_args_init(&args, config, "prog", extra_nb, extra), 0);
	for (int i = 0; i < args.argc; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, args.argv[i]);
	}
	assert_null(args.argv[args.argc]);
	assert_string_equal(text, expected);
	args.argv[args.argc - 1] = args.argv[0]; // as rte_eal_init() does
	eal_args_fini(&args);
}

static void test_plain(void **state)
{
	(void)state;
	check(base(), 0, NULL,
	      "prog --lcores=0@0,1@1 --file-prefix=p --vdev=net_null0 --vdev=net_null1,copy=1 "
	      "--no-pci --log-level=dtlsgw.*:info");
}

static void test_lcores(void **state)
{
	struct config *c = base();

	(void)state;
	c->control_cpu = 3;
	c->lcore_nb = 3;
	c->lcore_cpu[0] = 5;
	c->lcore_cpu[1] = 5;
	c->lcore_cpu[2] = 1023;
	check(c, 0, NULL,
	      "prog --lcores=0@3,1@5,2@5,3@1023 --file-prefix=p --vdev=net_null0 "
	      "--vdev=net_null1,copy=1 --no-pci --log-level=dtlsgw.*:info");
}

static void test_memory(void **state)
{
	struct config *c = base();

	(void)state;
	c->memory_mb = 1024;
	c->huge_pages = false;
	check(c, 0, NULL,
	      "prog --lcores=0@0,1@1 --no-huge -m 1024 --file-prefix=p --vdev=net_null0 "
	      "--vdev=net_null1,copy=1 --no-pci --log-level=dtlsgw.*:info");
}

static void test_pci(void **state)
{
	struct config *c = base();

	(void)state;
	c->port[0].device = "0000:17:00.0,rx_vec_en=1";
	check(c, 0, NULL,
	      "prog --lcores=0@0,1@1 --file-prefix=p --allow=0000:17:00.0,rx_vec_en=1 "
	      "--vdev=net_null1,copy=1 --log-level=dtlsgw.*:info");
	c->port[1].device = "17:00.1";
	check(c, 0, NULL,
	      "prog --lcores=0@0,1@1 --file-prefix=p --allow=0000:17:00.0,rx_vec_en=1 "
	      "--allow=17:00.1 --log-level=dtlsgw.*:info");
}

static void test_extra(void **state)
{
	char *const extra[] = {"--in-memory", "-v"};
	struct config *c = base();

	(void)state;
	c->log_level = "err";
	c->eal_arg[c->eal_arg_nb++] = "--no-telemetry";
	check(c, 2, extra,
	      "prog --lcores=0@0,1@1 --file-prefix=p --vdev=net_null0 --vdev=net_null1,copy=1 "
	      "--no-pci --log-level=dtlsgw.*:error --no-telemetry --in-memory -v");
}

static void test_too_many(void **state)
{
	char *extra[EAL_ARG_MAX];
	struct eal_args args;

	(void)state;
	for (int i = 0; i < EAL_ARG_MAX; i++)
		extra[i] = "-v";
	assert_int_equal(eal_args_init(&args, base(), "prog", EAL_ARG_MAX, extra), -E2BIG);
}

static void test_no_device(void **state)
{
	struct config *c = base();
	char *lines = NULL;
	size_t len;
	FILE *err = open_memstream(&lines, &len);

	(void)state;
	c->port_nb = 1;
	c->port[0].line = 7;
	assert_int_equal(eal_check_ports(c, "t.yaml", err), -ENODEV);
	fclose(err);
	assert_string_equal(lines, "t.yaml:7: ports[0].device: port out: DPDK has no device "
				   "net_null0; expected the PCI address of a device bound for "
				   "DPDK, or a virtual device that can be made\n");
	free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	  cmocka_unit_test(test_lcores),
		cmocka_unit_test(test_memory),	  cmocka_unit_test(test_pci),
		cmocka_unit_test(test_extra),	  cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
