// SPDX-License-Identifier: BSD-3-Clause
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A fuzz target's corpus as a test, without libFuzzer: replay FOLDER.  Fails if there is nothing
// in it, or what is in it cannot be read; the target itself aborts.

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int run_file(const char *folder, const char *name)
{
	static uint8_t buffer[INPUT_MAX];
	char path[4096];
	uint8_t *data;
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	size = fread(buffer, 1, sizeof(buffer), f);
	fclose(f);
	// As long as the input, so that a sanitizer sees a byte read behind it.
	data = malloc(size > 0 ? size : 1);
	if (data == NULL)
		return -1;
	memcpy(data, buffer, size);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **entry;
	int nb, failed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	nb = scandir(argv[1], &entry, is_input, alphasort);
	if (nb <= 0) {
		fprintf(stderr, "%s: no inputs\n", argv[1]);
		return 1;
	}
	for (int i = 0; i < nb; i++) {
		failed += run_file(argv[1], entry[i]->d_name) != 0;
		free(entry[i]);
	}
	free(entry);
	printf("%s: %d inputs, %d unreadable\n", argv[1], nb, failed);
	return failed > 0;
}
