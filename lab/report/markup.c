// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/markup.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lab/event/utf8.h"
#include "lab/report/terminal_text.h"

static void escape_bytes(FILE *out, const char *s, int n)
{
	for (int i = 0; i < n; i++)
		fprintf(out, "\\x%02x", (uint8_t)s[i]);
}

/* XML has no reference for these either. */
static bool is_forbidden(uint32_t c)
{
	return c < 0x20 || c == 0x7f || (c & 0xfffe) == 0xfffe || text_hidden(c);
}

static const char *reference(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* The character at @s, of which @len bytes are there; returns how many it took. */
static size_t sign_put(FILE *out, const char *s, size_t len, bool lines)
{
	uint32_t c = 0;
	int n = utf8_decode(s, len, &c);

	if (!n) {
		escape_bytes(out, s, 1);
		return 1;
	}
	if (c == '\n' || c == '\t')
		fputc(lines ? (int)c : ' ', out);
	else if (is_forbidden(c))
		escape_bytes(out, s, n);
	else if (reference(c))
		fputs(reference(c), out);
	else
		fwrite(s, 1, (size_t)n, out);
	return (size_t)n;
}

static void span_put(FILE *out, const char *s, const char *end, bool lines)
{
	while (s < end)
		s += sign_put(out, s, (size_t)(end - s), lines);
}

void markup_text(FILE *out, const char *text)
{
	if (text)
		span_put(out, text, text + strlen(text), true);
}

void markup_cut(FILE *out, const char *text, int most)
{
	const char *end = text + strlen(text), *s = text, *last = text;
	uint32_t c;

	/* one fewer, so that there is room for the ellipsis */
	for (int i = 0; s < end && i < most; i++) {
		int n = utf8_decode(s, (size_t)(end - s), &c);

		last = s;
		s += n ? n : 1;
	}
	span_put(out, text, s < end ? last : end, false);
	if (s < end)
		fputs("…", out);
}

/* ---- prose ---------------------------------------------------------------------------------- */

enum kind { PROSE_NONE, PROSE_TEXT, PROSE_ITEM, PROSE_FIXED };

static const struct {
	const char *open, *close;
} elements[] = {
	[PROSE_NONE] = { "", "" },
	[PROSE_TEXT] = { "<p>", "</p>\n" },
	[PROSE_ITEM] = { "<ul><li>", "</li></ul>\n" },
	[PROSE_FIXED] = { "<pre>", "</pre>\n" },
};

static enum kind line_kind(const char *s, size_t len, enum kind before)
{
	size_t indent = strspn(s, " \t");

	if (indent >= len)
		return PROSE_NONE;
	if (s[0] == '-' && s[1] == ' ')
		return PROSE_ITEM;
	if (indent >= 2)
		return before == PROSE_ITEM ? PROSE_ITEM : PROSE_FIXED;
	return before == PROSE_ITEM ? PROSE_ITEM : PROSE_TEXT;
}

/* A line's words, those in backquotes as code if they end in the same line. */
static void words_put(FILE *out, const char *s, const char *end)
{
	while (s < end) {
		const char *open = memchr(s, '`', (size_t)(end - s));
		const char *close = open ? memchr(open + 1, '`', (size_t)(end - open - 1)) : NULL;

		if (!close)
			break;
		span_put(out, s, open, false);
		fputs("<code>", out);
		span_put(out, open + 1, close, false);
		fputs("</code>", out);
		s = close + 1;
	}
	span_put(out, s, end, false);
}

static void line_put(FILE *out, const char *s, const char *end, enum kind kind, bool first)
{
	bool item = kind == PROSE_ITEM && s[0] == '-';

	if (kind == PROSE_FIXED) {
		if (!first)
			fputc('\n', out);
		span_put(out, s, end, false);
		return;
	}
	if (!first)
		fputs(item ? "</li><li>" : "\n", out);
	words_put(out, item ? s + 2 : s + strspn(s, " \t"), end);
}

void markup_prose(FILE *out, const char *text)
{
	enum kind now = PROSE_NONE;

	while (text && *text) {
		size_t len = strcspn(text, "\n");
		enum kind kind = line_kind(text, len, now);

		if (kind != now) {
			fputs(elements[now].close, out);
			fputs(elements[kind].open, out);
		}
		if (kind != PROSE_NONE)
			line_put(out, text, text + len, kind, kind != now);
		now = kind;
		text += len + (text[len] == '\n');
	}
	fputs(elements[now].close, out);
}
