// SPDX-License-Identifier: GPL-2.0-or-later
/* ${name} in scalars: put in when a scalar is read, so it works in quotes and in blocks too. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

enum { TEXT_MAX = 1 << 16 };

static const struct setting *find_setting(const struct reader *r, const char *name, size_t len)
{
	for (int i = 0; i < r->n_settings; i++)
		if (!strncmp(r->settings[i].name, name, len) && !r->settings[i].name[len])
			return &r->settings[i];
	return NULL;
}

static void unknown_param(struct reader *r, const struct node *at, const char *name, size_t len)
{
	const char **names = calloc((size_t)r->n_settings + 1, sizeof(*names));
	char word[80];

	snprintf(word, sizeof(word), "%.*s", (int)(len < 64 ? len : 64), name);
	for (int i = 0; names && i < r->n_settings; i++)
		names[i] = r->settings[i].name;
	if (!names)
		reader_nomem(r);
	else if (r->n_settings)
		reader_unknown(r, at, "parameter", word, names, r->n_settings);
	else
		reader_problem(r, at, "a literal ${ is written $${",
			       "unknown parameter '%s'; the scenario has neither params nor a matrix",
			       word);
	free(names);
}

/* keep_text() - the reader owns it from here on; NULL when memory runs out */
static const char *keep_text(struct reader *r, char *text)
{
	char **texts = r->texts;

	if (text && !(r->n_texts & (r->n_texts - 1)))
		texts = realloc(texts, sizeof(*texts) * (size_t)(r->n_texts ? 2 * r->n_texts : 1));
	if (!text || !texts) {
		free(text);
		reader_nomem(r);
		return NULL;
	}
	r->texts = texts;
	return r->texts[r->n_texts++] = text;
}

/*
 * put_reference() - write what the ${name} at @at stands for
 * @ret_end: behind the closing brace
 * Return: 0, or -EINVAL: reported
 */
static int put_reference(struct reader *r, const struct node *scalar, const char *at, FILE *out,
			 const char **ret_end)
{
	const char *name = at + 2, *end = strchr(name, '}');
	const struct setting *setting;

	if (!end)
		return reader_problem(r, scalar, "a literal ${ is written $${",
				      "'${' without a closing '}'");
	setting = find_setting(r, name, (size_t)(end - name));
	if (!setting) {
		unknown_param(r, scalar, name, (size_t)(end - name));
		return -EINVAL;
	}
	if (!setting->value)
		return -EINVAL; /* its declaration was bad, and has been reported */
	fputs(setting->value, out);
	*ret_end = end + 1;
	return 0;
}

static int substitute(struct reader *r, const struct node *scalar, FILE *out)
{
	const char *at = scalar->text;
	int err = 0;

	while (!err && *at) {
		if (!strncmp(at, "$${", 3)) {
			fputs("${", out);
			at += 3;
		} else if (!strncmp(at, "${", 2)) {
			err = put_reference(r, scalar, at, out, &at);
		} else {
			fputc(*at++, out);
		}
	}
	return err;
}

const char *reader_text(struct reader *r, const struct node *scalar)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (scalar->kind != NODE_SCALAR) {
		reader_problem(r, scalar, NULL, "expected %s, found %s",
			       r->expected ? r->expected : "a single value",
			       node_kind_text(scalar));
		return NULL;
	}
	if (!strstr(scalar->text, "${"))
		return scalar->text;
	out = open_memstream(&text, &len);
	if (!out) {
		reader_nomem(r);
		return NULL;
	}
	err = substitute(r, scalar, out);
	if (fclose(out))
		err = reader_nomem(r);
	else if (!err && len > TEXT_MAX)
		err = reader_problem(r, scalar, NULL, "too long with its parameters put in");
	if (err) {
		free(text);
		return NULL;
	}
	return keep_text(r, text);
}

bool text_uses_matrix(const struct reader *r, const char *text)
{
	for (const char *at = text; (at = strstr(at, "${")); at += 2) {
		const char *end = strchr(at, '}');
		const struct setting *setting;

		if (!end || (at > text && at[-1] == '$'))
			continue;
		setting = find_setting(r, at + 2, (size_t)(end - at - 2));
		if (setting && setting->matrix)
			return true;
	}
	return false;
}
