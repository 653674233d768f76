// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/template.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/markup.h"
#include "netns/cleanup.h"

static const char block_mark[] = "<!-- block ";

enum { NAME_MOST = 32, MARK_MOST = 64 };

enum part_kind { PART_TEXT, PART_VALUE, PART_MARKUP, PART_BLOCK };

/**
 * struct part - a piece of a template
 * @s, @end: PART_TEXT: itself; PART_BLOCK: what is in the block
 */
struct part {
	enum part_kind kind;
	const char *s, *end;
	char name[NAME_MOST];
};

/* The name at @s, which goes up to @stop. Returns behind that. */
static const char *name_read(const char *s, const char *stop, char name[NAME_MOST])
{
	const char *end = strstr(s, stop);

	assert(end && end - s < NAME_MOST);
	memcpy(name, s, (size_t)(end - s));
	name[end - s] = '\0';
	return end + strlen(stop);
}

static const char *block_read(const char *s, struct part *ret)
{
	char mark[MARK_MOST];
	const char *end;

	ret->kind = PART_BLOCK;
	ret->s = name_read(s + strlen(block_mark), " -->", ret->name);
	if (*ret->s == '\n')
		ret->s++;
	snprintf(mark, sizeof(mark), "<!-- end %s -->", ret->name);
	end = strstr(ret->s, mark);
	assert(end);
	ret->end = end;
	end += strlen(mark);
	return *end == '\n' ? end + 1 : end;
}

/* The next piece of what goes from @s to @end; returns behind it. */
static const char *part_read(const char *s, const char *end, struct part *ret)
{
	const char *at = s;

	if (!strncmp(s, block_mark, strlen(block_mark)))
		return block_read(s, ret);
	if (!strncmp(s, "{{{", 3)) {
		ret->kind = PART_MARKUP;
		return name_read(s + 3, "}}}", ret->name);
	}
	if (!strncmp(s, "{{", 2)) {
		ret->kind = PART_VALUE;
		return name_read(s + 2, "}}", ret->name);
	}
	do
		at++;
	while (at < end && strncmp(at, "{{", 2) != 0 &&
	       strncmp(at, block_mark, strlen(block_mark)) != 0);
	*ret = (struct part){ .kind = PART_TEXT, .s = s, .end = at };
	return at;
}

static bool block_find(const char *s, const char *end, const char *name, struct part *ret)
{
	while (s < end) {
		struct part part;

		s = part_read(s, end, &part);
		if (part.kind != PART_BLOCK)
			continue;
		if (!strcmp(part.name, name)) {
			*ret = part;
			return true;
		}
		if (block_find(part.s, part.end, name, ret))
			return true;
	}
	return false;
}

/* ---- do they agree? ------------------------------------------------------------------------- */

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *s = words; (s = strstr(s, word)); s += len)
		if ((s == words || s[-1] == ' ') && (s[len] == ' ' || !s[len]))
			return true;
	return false;
}

static const struct template_block *block_listed(const struct template_block *blocks,
						 const char *name)
{
	for (; blocks->name; blocks++)
		if (!strcmp(blocks->name, name))
			return blocks;
	return NULL;
}

static void parts_check(const char *s, const char *end, const struct template_block *outer,
			const struct template_block *blocks, FILE *out)
{
	while (s < end) {
		struct part part;

		s = part_read(s, end, &part);
		if (part.kind == PART_TEXT)
			continue;
		if (outer && !word_in(outer->values, part.name))
			fprintf(out, "nobody gives %s to block %s\n", part.name, outer->name);
		if (!outer && part.kind != PART_BLOCK)
			fprintf(out, "%s stands outside of all blocks\n", part.name);
		if (part.kind != PART_BLOCK)
			continue;
		if (!block_listed(blocks, part.name))
			fprintf(out, "nobody fills block %s\n", part.name);
		parts_check(part.s, part.end, block_listed(blocks, part.name), blocks, out);
	}
}

char *template_check(const char *text, const struct template_block *blocks)
{
	char *wrong = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&wrong, &size);
	struct part part;

	if (!out)
		return NULL;
	parts_check(text, text + strlen(text), NULL, blocks, out);
	for (const struct template_block *b = blocks; b->name; b++)
		if (!block_find(text, text + strlen(text), b->name, &part))
			fprintf(out, "there is no block %s\n", b->name);
	if (fclose(out) == 0 && size)
		return wrong;
	free(wrong);
	return NULL;
}

/* ---- filling -------------------------------------------------------------------------------- */

static const char *value_of(const struct value *values, const char *name)
{
	while (values->name && strcmp(values->name, name) != 0)
		values++;
	assert(values->name);
	return values->text ? values->text : "";
}

void template_put(FILE *out, const char *text, const char *block, const struct value *values)
{
	struct part outer;
	bool found = block_find(text, text + strlen(text), block, &outer);

	assert(found);
	if (!found)
		return;
	for (const char *s = outer.s; s < outer.end;) {
		struct part part;

		s = part_read(s, outer.end, &part);
		if (part.kind == PART_TEXT)
			fwrite(part.s, 1, (size_t)(part.end - part.s), out);
		else if (part.kind == PART_VALUE)
			markup_text(out, value_of(values, part.name));
		else
			fputs(value_of(values, part.name), out);
	}
}
