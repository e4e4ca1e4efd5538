// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_check.h"

// As EAL finds a CPU.
static void check_cpu(struct config_doc *doc, const char *key, unsigned int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
	if (access(path, F_OK) != 0)
		config_error(doc, key, "this machine has no CPU %u; expected one that is online",
			     cpu);
}

// A file may be made in the directory of file.
static bool is_possible(const char *file)
{
	const char *slash = strrchr(file, '/');
	char dir[4096];

	snprintf(dir, sizeof(dir), "%.*s", slash != NULL ? (int)(slash - file) + 1 : 1,
		 slash != NULL ? file : ".");
	return access(dir, W_OK | X_OK) == 0;
}

// The file is opened at start, after DPDK: it must be there, or possible in its directory.
static void check_keylog(struct config_doc *doc, const char *file)
{
	if (access(file, W_OK) == 0 || (errno == ENOENT && is_possible(file)))
		return;
	config_error(doc, "keylog", "%s: %s; expected a file that can be written", file,
		     strerror(errno));
}

// Another file takes its place again and again.
static void check_state_file(struct config_doc *doc, const char *file)
{
	const char *what = NULL;
	struct stat st;

	if (lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
		what = "not a regular file";
	else if (!is_possible(file))
		what = strerror(errno);
	if (what != NULL)
		config_error(doc, "state_file",
			     "%s: %s; expected a file in a directory that can be written", file,
			     what);
}

// The socket is made at start: its directory, user and group must be there.
static void check_control_socket(struct config_doc *doc, const struct config *config)
{
	const char *path = config->control_socket, *slash = strrchr(path, '/');
	char dir[4096];
	struct stat st;

	snprintf(dir, sizeof(dir), "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
		 slash != NULL ? path : ".");
	if (access(dir, W_OK | X_OK) != 0)
		config_error(doc, "path", "%s: %s; expected a directory that can be written", dir,
			     strerror(errno));
	else if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		config_error(doc, "path", "%s: is no socket; expected one, or nothing there", path);
	if (config->control_user != NULL && getpwnam(config->control_user) == NULL)
		config_error(doc, "user", "%s: unknown; expected a user of this machine",
			     config->control_user);
	if (config->control_group != NULL && getgrnam(config->control_group) == NULL)
		config_error(doc, "group", "%s: unknown; expected a group of this machine",
			     config->control_group);
}

void config_check_host(struct config_doc *doc, const struct config *config)
{
	config_at(doc, "lcores");
	check_cpu(doc, "control", config->control_cpu);
	for (unsigned int i = 0; i < config->lcore_nb; i++) {
		config_at(doc, "lcores.workers[%u]", i);
		check_cpu(doc, "", config->lcore_cpu[i]);
	}
	for (unsigned int i = 0; i < config->handshake_nb; i++) {
		if (config->handshake_cpu[i] == config->control_cpu)
			continue; // also where the key is not given
		config_at(doc, "lcores.handshakes[%u]", i);
		check_cpu(doc, "", config->handshake_cpu[i]);
	}
	config_at(doc, "resumption");
	if (config->state_file != NULL)
		check_state_file(doc, config->state_file);
	config_at(doc, "control_socket");
	if (config->control_socket != NULL)
		check_control_socket(doc, config);
	config_at(doc, "log");
	if (config->keylog != NULL)
		check_keylog(doc, config->keylog);
	config_at(doc, "%s", "");
}
