// SPDX-License-Identifier: BSD-3-Clause
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_check.h"
#include "config_fill.h"
#include "config_schema.h"
#include "config_text.h"

#define FILE_LEN_MAX (1 << 20) // bytes of a configuration file

static void free_certificates(struct config_certificate *certificate, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		free(certificate[i].certificate);
		free(certificate[i].key);
	}
}

static void free_listener(struct config_listener *l)
{
	free_certificates(l->certificate, l->certificate_nb);
	for (uint16_t i = 0; i < l->server_name_nb; i++) {
		free(l->server_name[i].name);
		free_certificates(l->server_name[i].certificate, l->server_name[i].certificate_nb);
	}
	for (uint16_t i = 0; i < l->alpn_nb; i++)
		free(l->alpn[i]);
	free(l->psk_file);
	free(l->psk_hint);
	free(l->client_ca);
	free(l->client_crl);
	free(l->suites);
	free(l->groups);
	free(l->signatures);
}

void config_destroy(struct config *config)
{
	if (config == NULL)
		return;
	for (unsigned int i = 0; i < config->port_nb; i++)
		free(config->port[i].device);
	for (unsigned int i = 0; i < config->listener_nb; i++)
		free_listener(&config->listener[i]);
	for (unsigned int i = 0; i < config->eal_arg_nb; i++)
		free(config->eal_arg[i]);
	free(config->file_prefix);
	free(config->log_level);
	free(config->ticket_keys);
	free(config->state_file);
	free(config->control_socket);
	free(config->control_user);
	free(config->control_group);
	free(config->keylog);
	free(config);
}

struct config *config_text_load(struct config_doc *doc, const char *file, const void *text,
				size_t len, FILE *err)
{
	struct config *config = NULL;
	struct raw_config *raw;
	int ret;

	ret = config_doc_init(doc, file, text, len, err);
	if (ret < 0) {
		errno = -ret;
		return NULL;
	}
	raw = config_schema_load(doc, text, len);
	if (raw != NULL)
		config = calloc(1, sizeof(*config));
	if (config != NULL)
		config_fill(doc, raw, config);
	if (config != NULL && doc->error_nb == 0)
		config_check(doc, config);
	config_schema_free(raw);
	if (config != NULL && doc->error_nb == 0)
		return config;
	config_destroy(config);
	errno = doc->error_nb > 0 ? EINVAL : ENOMEM;
	config_doc_fini(doc);
	return NULL;
}

// Returns the file's bytes, which the caller frees, or NULL with errno set and a line printed.
static char *file_read(const char *file, size_t *len, FILE *err)
{
	FILE *f = fopen(file, "r");
	char *text = NULL;

	if (f == NULL)
		goto fail;
	text = malloc(FILE_LEN_MAX + 1);
	if (text == NULL)
		goto fail;
	*len = fread(text, 1, FILE_LEN_MAX + 1, f);
	if (ferror(f))
		goto fail;
	if (*len > FILE_LEN_MAX) {
		errno = EFBIG;
		goto fail;
	}
	fclose(f);
	return text;
fail:
	fprintf(err, "%s:1: document: %s; expected a readable file of at most %d bytes\n", file,
		strerror(errno), FILE_LEN_MAX);
	free(text);
	if (f != NULL)
		fclose(f);
	return NULL;
}

struct config *config_load(const char *file, FILE *err)
{
	struct config *config;
	struct config_doc doc;
	size_t len;
	char *text;

	text = file_read(file, &len, err);
	if (text == NULL)
		return NULL;
	config = config_text_load(&doc, file, text, len, err);
	free(text);
	if (config == NULL)
		return NULL;
	config_check_host(&doc, config);
	config_check_tls(&doc, config);
	if (doc.error_nb > 0) {
		config_destroy(config);
		config = NULL;
		errno = EINVAL;
	}
	config_doc_fini(&doc);
	return config;
}
