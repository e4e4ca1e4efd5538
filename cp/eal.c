// SPDX-License-Identifier: BSD-3-Clause
#include "eal.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_pci.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool eal_device_name(const char *device, char name[static EAL_DEVICE_NAME_LEN])
{
	struct rte_pci_addr pci;

	snprintf(name, EAL_DEVICE_NAME_LEN, "%.*s", (int)strcspn(device, ","), device);
	if (rte_pci_addr_parse(name, &pci) != 0)
		return false;
	rte_pci_device_name(&pci, name, EAL_DEVICE_NAME_LEN);
	return true;
}

// Adds one argument; *ret keeps the first error.
static void add(struct eal_args *args, int *ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct eal_args *args, int *ret, const char *fmt, ...)
{
	va_list list;
	char *text;
	int len;

	if (*ret < 0)
		return;
	if (args->argc == EAL_ARG_MAX) {
		*ret = -E2BIG;
		return;
	}
	va_start(list, fmt);
	len = vasprintf(&text, fmt, list);
	va_end(list);
	if (len < 0) {
		*ret = -ENOMEM;
		return;
	}
	args->own[args->argc] = text;
	args->argv[args->argc++] = text;
}

static void add_lcores(struct eal_args *args, int *ret, const struct config *config)
{
	char list[16 * (CONFIG_LCORE_MAX + 1)];
	size_t len;

	len = (size_t)snprintf(list, sizeof(list), "0@%u", config->control_cpu);
	for (unsigned int i = 0; i < config->lcore_nb; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, ",%u@%u", i + 1,
					config->lcore_cpu[i]);
	add(args, ret, "--lcores=%s", list);
}

static void add_memory(struct eal_args *args, int *ret, const struct config *config)
{
	if (!config->huge_pages)
		add(args, ret, "--no-huge");
	if (config->memory_mb > 0) {
		add(args, ret, "-m");
		add(args, ret, "%u", config->memory_mb);
	}
}

static void add_ports(struct eal_args *args, int *ret, const struct config *config)
{
	char name[EAL_DEVICE_NAME_LEN];
	unsigned int pci_nb = 0;

	for (unsigned int i = 0; i < config->port_nb; i++) {
		bool pci = eal_device_name(config->port[i].device, name);

		add(args, ret, pci ? "--allow=%s" : "--vdev=%s", config->port[i].device);
		pci_nb += pci;
	}
	if (pci_nb == 0)
		add(args, ret, "--no-pci");
}

int eal_args_init(struct eal_args *args, const struct config *config, const char *program,
		  int extra_nb, char *const *extra)
{
	const char *level = strcmp(config->log_level, "err") == 0 ? "error" : config->log_level;
	int ret = 0;

	memset(args, 0, sizeof(*args));
	add(args, &ret, "%s", program);
	add_lcores(args, &ret, config);
	add_memory(args, &ret, config);
	add(args, &ret, "--file-prefix=%s", config->file_prefix);
	add_ports(args, &ret, config);
	add(args, &ret, "--log-level=dtlsgw.*:%s", level);
	for (unsigned int i = 0; i < config->eal_arg_nb; i++)
		add(args, &ret, "%s", config->eal_arg[i]);
	for (int i = 0; i < extra_nb; i++)
		add(args, &ret, "%s", extra[i]);
	if (ret < 0)
		eal_args_fini(args);
	return ret;
}

void eal_args_fini(struct eal_args *args)
{
	for (unsigned int i = 0; i < EAL_ARG_MAX; i++)
		free(args->own[i]);
	memset(args, 0, sizeof(*args));
}

int eal_check_ports(const struct config *config, const char *file, FILE *err)
{
	char name[EAL_DEVICE_NAME_LEN];
	uint16_t id;
	int ret = 0;

	for (unsigned int i = 0; i < config->port_nb; i++) {
		const struct config_port *port = &config->port[i];

		eal_device_name(port->device, name);
		if (rte_eth_dev_get_port_by_name(name, &id) == 0)
			continue;
		fprintf(err,
			"%s:%u: ports[%u].device: port %s: DPDK has no device %s; expected the PCI "
			"address of a device bound for DPDK, or a virtual device that can be "
			"made\n",
			file, port->line, i, port->name, port->device);
		ret = -ENODEV;
	}
	return ret;
}
