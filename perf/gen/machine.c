// SPDX-License-Identifier: BSD-3-Clause
#include "machine.h"

#include <openssl/crypto.h>
#include <rte_version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "aead.h"

// The value of the first line "NAME : VALUE" of /proc/cpuinfo.
static void cpu_field(const char *name, char *value, size_t room)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[4096];

	snprintf(value, room, "unknown");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *colon = strchr(line, ':');

		if (colon == NULL || strncmp(line, name, strlen(name)) != 0)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, room, "%s", colon + (colon[1] == ' ' ? 2 : 1));
		break;
	}
	if (f != NULL)
		fclose(f);
}

const char *machine_line(char *text, size_t room, int huge_pages)
{
	char model[128];
	struct utsname system;
	double load = 0;

	cpu_field("model name", model, sizeof(model));
	if (uname(&system) != 0)
		snprintf(system.release, sizeof(system.release), "unknown");
	if (getloadavg(&load, 1) != 1)
		load = -1;
	snprintf(text, room, "%s; %ld CPUs; load %.2f; kernel %s; %s; %s; ipsec-mb %s; OpenSSL %s",
		 model, sysconf(_SC_NPROCESSORS_ONLN), load, system.release,
		 huge_pages ? "huge pages" : "4 KB pages", rte_version(), IMB_VERSION_STR,
		 OpenSSL_version(OPENSSL_VERSION_STRING));
	return text;
}
