// SPDX-License-Identifier: GPL-2.0-or-later
/* A step as one line for people: "dial server:8080 deadline 2500ms as conn". */
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

enum { TEXT_MAX = 200 };

/* put_scalar() - what would break the line is written as in YAML's double quotes */
static void put_scalar(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\r')
			fputs("\\r", out);
		else if (*text == '\t')
			fputs("\\t", out);
		else
			fputc(*text, out);
	}
}

static void put_value(struct reader *r, const struct node *value, FILE *out)
{
	const char *text;

	if (value->kind == NODE_SCALAR) {
		text = reader_text(r, value);
		put_scalar(text ? text : value->text, out);
		return;
	}
	fputc(value->kind == NODE_MAP ? '{' : '[', out);
	for (int i = 0; i < value->n; i++) {
		if (i)
			fputs(", ", out);
		if (value->keys) {
			put_scalar(value->keys[i]->text, out);
			fputs(": ", out);
		}
		put_value(r, value->items[i], out);
	}
	fputc(value->kind == NODE_MAP ? '}' : ']', out);
}

/* put_pairs() - the keys and values, but for @verb, which has been written, and what is internal */
static void put_pairs(struct reader *r, const struct node *map, int from, const char *verb,
		      FILE *out)
{
	static const char *const skipped[] = { "as", "id", "background", "expect" };

	for (int i = from; i < map->n; i++) {
		const char *key = map->keys[i]->text;
		bool skip = verb && !strcmp(key, verb);

		for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]); k++)
			skip = skip || !strcmp(key, skipped[k]);
		if (skip)
			continue;
		fputc(' ', out);
		put_scalar(key, out);
		fputc(' ', out);
		put_value(r, map->items[i], out);
	}
}

static void put_step(struct reader *r, const struct node *item, const struct step *step, FILE *out)
{
	const struct node *value = item->items[0];
	const char *verb = step->verb->name;

	fputs(verb, out);
	if (step->verb->on_host) {
		fputc(' ', out);
		put_value(r, node_get(value, verb), out);
		put_pairs(r, value, 0, verb, out);
	} else if (value->kind == NODE_MAP) {
		put_pairs(r, value, 0, NULL, out);
	} else {
		fputc(' ', out);
		put_value(r, value, out);
	}
	put_pairs(r, item, 1, NULL, out);
	if (step->as)
		fprintf(out, " as %s", step->as);
}

char *step_text(struct reader *r, const struct node *item, const struct step *step)
{
	char *text = NULL, *cut;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_step(r, item, step, out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	if (len <= TEXT_MAX)
		return text;
	cut = malloc(TEXT_MAX + 1);
	if (cut)
		text_escape(text, cut, TEXT_MAX + 1);
	free(text);
	return cut;
}
