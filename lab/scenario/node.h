/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A YAML document as a plain tree in which every node knows its place in the file. */
#ifndef NSLAB_SCENARIO_NODE_H
#define NSLAB_SCENARIO_NODE_H

#include <stdbool.h>
#include <stddef.h>

struct problems;

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

/**
 * struct node - a scalar, a mapping or a sequence
 * @line, @col: where it begins, from 1
 * @text: of a scalar, without quotes; else NULL. An empty or null value is "" and !quoted
 * @quoted: a scalar in quotes or a block scalar
 * @n: pairs of a mapping, items of a sequence
 * @keys: of a mapping: always scalars; else NULL
 * @items: the mapping's values, the sequence's items
 */
struct node {
	enum node_kind kind;
	int line, col;
	bool quoted;
	char *text;
	int n;
	struct node **keys;
	struct node **items;
};

/**
 * node_parse() - parse YAML 1.2 text
 * Refuses, each with its place: syntax errors, tabs as indentation, NUL bytes and text that is not
 * UTF-8, control characters, anchors, aliases, tags and directives, more than one document, keys
 * that are no scalars, nesting deeper than 32, more than 10000 lines. Duplicate keys are left in: the reader reports them.
 * Return: the tree (node_free() it), or NULL with at least one problem
 */
struct node *node_parse(const char *text, size_t len, struct problems *problems);
void node_free(struct node *node);

/** node_get() - the value under @key of a mapping, or NULL */
const struct node *node_get(const struct node *map, const char *key);

#endif
