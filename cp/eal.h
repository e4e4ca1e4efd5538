// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_EAL_H
#define DTLSGW_EAL_H

#include <stdio.h>

#include "config.h"

#define EAL_ARG_MAX	    128
#define EAL_DEVICE_NAME_LEN 64

// A device's name as ethdev has it: "net_af_packet0", or "0000:17:00.0" for "17:00.0,args".
// Returns true if it is a PCI address.
bool eal_device_name(const char *device, char name[static EAL_DEVICE_NAME_LEN]);

// Arguments of rte_eal_init(), which sorts and changes argv: own[] is what eal_args_fini() frees.
struct eal_args {
	int argc;
	char *argv[EAL_ARG_MAX + 1]; // NULL behind the last one
	char *own[EAL_ARG_MAX];
};

// Builds the arguments: lcore 0 on the control CPU, 1 and on the workers, memory, ports, log level,
// then config->eal_arg, then the extra_nb of the command line.  Returns 0, -E2BIG or -ENOMEM, with
// nothing to free after an error.
int eal_args_init(struct eal_args *args, const struct config *config, const char *program,
		  int extra_nb, char *const *extra);
void eal_args_fini(struct eal_args *args);

// After rte_eal_init(): prints a line "FILE:LINE: ports[I].device: ..." for each port whose device
// is not there.  Returns 0 or -ENODEV.
int eal_check_ports(const struct config *config, const char *file, FILE *err);

#endif
