// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

/* words that an "expected one of" lists before it gives up */
enum { LISTED_MAX = 40 };

void reader_release(struct reader *r)
{
	for (int i = 0; i < r->n_texts; i++)
		free(r->texts[i]);
	free(r->texts);
	r->texts = NULL;
	r->n_texts = 0;
}

struct plan *reader_plan(struct reader *r)
{
	return r->plan;
}

struct step *reader_step(struct reader *r)
{
	return r->step;
}

const struct node *reader_step_map(struct reader *r)
{
	return r->step_map;
}

int reader_nomem(struct reader *r)
{
	r->problems->nomem = true;
	return -EINVAL;
}

int reader_problem(struct reader *r, const struct node *at, const char *hint, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	problem_add(r->problems, at ? at->line : 0, at ? at->col : 0, hint, "%s", text);
	return -EINVAL;
}

void reader_declare(struct reader *r, int64_t ns)
{
	if (ns <= 0)
		return;
	if (r->plan->declared_ns > INT64_MAX - ns)
		r->plan->declared_ns = INT64_MAX;
	else
		r->plan->declared_ns += ns;
}

int reader_unknown(struct reader *r, const struct node *at, const char *kind, const char *word,
		   const char *const *words, int n)
{
	char hint[128], list[1024] = "";
	size_t used = 0;
	const char *near = NULL;

	for (int i = 0; i < n && i < LISTED_MAX && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 words[i]);
	if (r->problems->n < PROBLEMS_MAX) /* else nobody reads it, and it takes its time */
		near = nearest_word(word, words, n);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	if (!n)
		return reader_problem(r, at, NULL, "unknown %s '%.100s'; there is none here", kind,
				      word);
	return reader_problem(r, at, near ? hint : NULL, "unknown %s '%.100s'; expected %s%s%s",
			      kind, word, n > 1 ? "one of: " : "", list,
			      n > LISTED_MAX ? ", …" : "");
}

const char *node_kind_text(const struct node *node)
{
	switch (node->kind) {
	case NODE_MAP:
		return "a mapping";
	case NODE_LIST:
		return "a list";
	default:
		return *node->text || node->quoted ? "a text" : "nothing";
	}
}

bool text_is_name(const char *text, const char *more)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(text);

	if (!len || len > 63 || !strchr(letters, text[0]))
		return false;
	for (; *text; text++)
		if (!strchr(letters, *text) && !strchr("0123456789", *text) && !strchr(more, *text))
			return false;
	return true;
}

int value_node_read(struct reader *r, const struct node *value, void *out)
{
	(void)r;
	*(const struct node **)out = value;
	return 0;
}

/* is_number() - then it needs no quotes to be told from the words around it */
static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

int reader_value(struct reader *r, const struct node *value, const struct value_type *type,
		 void *out)
{
	const char *outer = r->expected, *text, *quote;
	int err;

	r->expected = type->expected;
	if (type->free)
		type->free(out); /* what the struct's default was, or an earlier value of the key */
	err = type->read(r, value, out);
	if (err == -EDOM && value->kind == NODE_SCALAR) {
		text = reader_text(r, value);
		quote = text && is_number(text) ? "" : "'";
		if (text && !*text && !value->quoted)
			reader_problem(r, value, NULL, "a value is missing; expected %s",
				       type->expected);
		else if (text)
			reader_problem(r, value, NULL, "%s%.100s%s is no %s; expected %s", quote,
				       text, quote, type->name, type->expected);
	} else if (err == -EDOM) {
		reader_problem(r, value, NULL, "expected %s, found %s", type->expected,
			       node_kind_text(value));
	}
	r->expected = outer;
	return err ? -EINVAL : 0;
}

static int read_word(struct reader *r, const struct node *value, const struct key *row, void *out)
{
	const char *text = reader_text(r, value);
	int n = 0;

	if (!text)
		return -EINVAL;
	for (; row->words[n]; n++) {
		if (!strcmp(row->words[n], text)) {
			*(int *)out = n;
			return 0;
		}
	}
	return reader_unknown(r, value, row->name, text, row->words, n);
}

int reader_row(struct reader *r, const struct node *key, const struct node *value,
	       const struct key *row, void *out)
{
	void *field = (char *)out + row->offset;

	if (row->later)
		return reader_problem(r, key, NULL, "'%s' is not available yet: %s", row->name,
				      row->later);
	return row->words ? read_word(r, value, row, field) :
			    reader_value(r, value, row->type, field);
}

static const struct key *find_row(const struct key *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static int add_names(const struct key *keys, const char **names, int n)
{
	for (; keys && keys->name && n < LISTED_MAX; keys++)
		names[n++] = keys->name;
	return n;
}

static int unknown_key(struct reader *r, const struct node *key, const struct key *keys,
		       const struct key *more)
{
	const char *names[LISTED_MAX];
	int n = add_names(more, names, add_names(keys, names, 0));

	return reader_unknown(r, key, "key", key->text, names, n);
}

static int check_required(struct reader *r, const struct node *map, const struct key *keys)
{
	int err = 0;

	for (; keys && keys->name; keys++)
		if (keys->required && !node_get(map, keys->name))
			err = reader_problem(r, map, NULL, "'%s' is missing: %s", keys->name,
					     keys->help ? keys->help : "it is required");
	return err;
}

int reader_map(struct reader *r, const struct node *map, const struct key *keys, void *out,
	       const struct key *more, void *more_out,
	       int (*other)(struct reader *r, const struct node *key, const struct node *value,
			    void *out))
{
	int err = 0;

	if (map->kind != NODE_MAP)
		return reader_problem(r, map, NULL, "expected a mapping, found %s",
				      node_kind_text(map));
	for (int i = 0; i < map->n; i++) {
		const struct node *key = map->keys[i], *value = map->items[i];
		const struct key *row = find_row(keys, key->text);
		const struct key *more_row = row ? NULL : find_row(more, key->text);
		int taken = 1;

		if (row)
			taken = reader_row(r, key, value, row, out);
		else if (more_row)
			taken = reader_row(r, key, value, more_row, more_out);
		else
			taken = other ? other(r, key, value, out) : 0;
		if (taken == 0 && !row && !more_row)
			taken = unknown_key(r, key, keys, more);
		if (taken < 0)
			err = -EINVAL;
	}
	if (check_required(r, map, keys) || check_required(r, map, more))
		err = -EINVAL;
	return err;
}

void reader_free_map(const struct key *keys, void *out)
{
	for (; keys && keys->name; keys++)
		if (keys->type && keys->type->free && !keys->words && !keys->later)
			keys->type->free((char *)out + keys->offset);
}
