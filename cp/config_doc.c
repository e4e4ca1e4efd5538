// SPDX-License-Identifier: BSD-3-Clause
#include "config_doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_LEN 1024

static void print_error(struct config_doc *doc, unsigned int line, const char *path,
			const char *text)
{
	char clean[2 * CONFIG_PATH_LEN + MESSAGE_LEN + 2];

	snprintf(clean, sizeof(clean), "%s: %s", path[0] != '\0' ? path : "document", text);
	for (char *c = clean; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(doc->err, "%s:%u: %s\n", doc->file, line, clean);
	doc->error_nb++;
}

static unsigned int node_line(const yaml_node_t *node)
{
	return node == NULL ? 1 : (unsigned int)node->start_mark.line + 1;
}

// The pair of a mapping whose key is name; the last one if it is given twice.
static const yaml_node_pair_t *pair_find(yaml_document_t *yaml, const yaml_node_t *mapping,
					 const char *name, size_t len)
{
	const yaml_node_pair_t *found = NULL;

	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(yaml, pair->key);

		if (key != NULL && key->type == YAML_SCALAR_NODE &&
		    key->data.scalar.length == len &&
		    memcmp(key->data.scalar.value, name, len) == 0)
			found = pair;
	}
	return found;
}

// One step down the path: "name", or "[index]".  Returns NULL where the path ends in nothing.
static const yaml_node_t *step(yaml_document_t *yaml, const yaml_node_t *node, const char **path,
			       unsigned int *line)
{
	const char *p = *path + (**path == '.');

	if (*p == '[' && node->type == YAML_SEQUENCE_NODE) {
		unsigned long i = strtoul(p + 1, NULL, 10);
		const yaml_node_item_t *item = node->data.sequence.items.start;

		if (i >= (size_t)(node->data.sequence.items.top - item))
			return NULL;
		*path = p + strcspn(p, "]") + 1;
		node = yaml_document_get_node(yaml, item[i]);
		*line = node_line(node);
		return node;
	}
	if (node->type == YAML_MAPPING_NODE) {
		size_t len = strlen(p); // a bad key may hold dots and brackets
		const yaml_node_pair_t *pair = pair_find(yaml, node, p, len);

		if (pair == NULL) {
			len = strcspn(p, ".[");
			pair = pair_find(yaml, node, p, len);
		}
		if (pair == NULL)
			return NULL;
		*path = p + len;
		*line = node_line(yaml_document_get_node(yaml, pair->key));
		return yaml_document_get_node(yaml, pair->value);
	}
	return NULL;
}

unsigned int config_line(struct config_doc *doc, const char *path)
{
	const yaml_node_t *node = yaml_document_get_root_node(&doc->yaml);
	unsigned int line = node_line(node);

	while (node != NULL && *path != '\0')
		node = step(&doc->yaml, node, &path, &line);
	return line;
}

void config_at(struct config_doc *doc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(doc->at, sizeof(doc->at), fmt, args);
	va_end(args);
}

void config_error(struct config_doc *doc, const char *key, const char *fmt, ...)
{
	const char *dot = doc->at[0] != '\0' && key[0] != '\0' && key[0] != '[' ? "." : "";
	char path[2 * CONFIG_PATH_LEN];
	char text[MESSAGE_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s%s%s", doc->at, dot, key);
	print_error(doc, config_line(doc, path), path, text);
}

static void check_scalar(struct config_doc *doc, const yaml_node_t *node)
{
	if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		print_error(doc, node_line(node), "",
			    "NUL byte in a value; expected text without it");
}

static void check_keys(struct config_doc *doc, const yaml_node_t *node)
{
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&doc->yaml, pair->key);

		if (key != NULL && key->type != YAML_SCALAR_NODE)
			print_error(doc, node_line(key), "",
				    "a list or mapping stands as a key; expected a name");
	}
}

static void check_nodes(struct config_doc *doc)
{
	for (const yaml_node_t *node = doc->yaml.nodes.start; node < doc->yaml.nodes.top; node++) {
		if (node->type == YAML_SCALAR_NODE)
			check_scalar(doc, node);
		else if (node->type == YAML_MAPPING_NODE)
			check_keys(doc, node);
	}
}

static void print_parser_error(struct config_doc *doc, const yaml_parser_t *parser)
{
	char text[MESSAGE_LEN];

	snprintf(text, sizeof(text), "%s%s%s; expected YAML",
		 parser->context != NULL ? parser->context : "",
		 parser->context != NULL ? ": " : "",
		 parser->problem != NULL ? parser->problem : "not readable");
	print_error(doc, (unsigned int)parser->problem_mark.line + 1, "", text);
}

static void check_single(struct config_doc *doc, yaml_parser_t *parser)
{
	yaml_document_t next;

	if (!yaml_parser_load(parser, &next)) {
		print_parser_error(doc, parser);
		return;
	}
	if (yaml_document_get_root_node(&next) != NULL)
		print_error(doc, (unsigned int)next.start_mark.line + 1, "",
			    "second document; expected one document in a file");
	yaml_document_delete(&next);
}

int config_doc_init(struct config_doc *doc, const char *file, const void *text, size_t len,
		    FILE *err)
{
	yaml_parser_t parser;

	*doc = (struct config_doc){.file = file, .err = err};
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, text, len);
	if (!yaml_parser_load(&parser, &doc->yaml)) {
		print_parser_error(doc, &parser);
		yaml_parser_delete(&parser);
		return -EINVAL;
	}
	if (yaml_document_get_root_node(&doc->yaml) == NULL)
		print_error(doc, 1, "", "empty; expected the keys of config/dtlsgw.yaml");
	else
		check_single(doc, &parser);
	check_nodes(doc);
	yaml_parser_delete(&parser);
	if (doc->error_nb > 0) {
		config_doc_fini(doc);
		return -EINVAL;
	}
	return 0;
}

void config_doc_fini(struct config_doc *doc)
{
	yaml_document_delete(&doc->yaml);
}
