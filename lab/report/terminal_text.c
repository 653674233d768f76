// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a text is a row of glyphs, each a code point or a byte that is none. A
 * glyph is made harmless and measured at the same time, so that what is measured is what is
 * written. Everything else (widths, cutting, wrapping) only counts glyphs.
 */
#include "lab/report/terminal_text.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

#include "lab/event/utf8.h"
#include "netns/cleanup.h"

enum {
	COLUMNS_DEFAULT = 80,
	COLUMNS_LEAST = 40,
	MARKS_MOST = 2,	 /* combining marks on one character; more only climb over other lines */
	INDENT_MOST = 8, /* that a line of a text may bring along */
};

struct glyph {
	char text[17];
	int width;
};

void paper_init(struct paper *paper, int columns, bool colour, bool unicode)
{
	*paper = (struct paper){ .columns = columns, .colour = colour, .unicode = unicode };
	if (columns <= 0)
		paper->columns = COLUMNS_DEFAULT;
	else if (columns < COLUMNS_LEAST)
		paper->columns = COLUMNS_LEAST;
	paper->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void paper_release(struct paper *paper)
{
	if (paper->locale)
		freelocale(paper->locale);
	paper->locale = (locale_t)0;
}

static const char *style_escape(enum style style)
{
	switch (style) {
	case STYLE_BOLD:
		return "\033[1m";
	case STYLE_DIM:
		return "\033[2m";
	case STYLE_RED:
		return "\033[31m";
	case STYLE_GREEN:
		return "\033[32m";
	case STYLE_YELLOW:
		return "\033[33m";
	case STYLE_CYAN:
		return "\033[36m";
	case STYLE_MAGENTA:
		return "\033[35m";
	case STYLE_PLAIN:
		break;
	}
	return "";
}

void style_begin(const struct paper *paper, FILE *out, enum style style)
{
	if (paper->colour)
		fputs(style_escape(style), out);
}

void style_end(const struct paper *paper, FILE *out, enum style style)
{
	if (paper->colour && style != STYLE_PLAIN)
		fputs("\033[0m", out);
}

/* Ranges that take two columns, for systems without C.UTF-8; coarse, too wide is no harm. */
static int char_width_coarse(uint32_t c)
{
	static const uint32_t wide[][2] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0xa4cf },	  { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },	  { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
		if (c >= wide[i][0] && c <= wide[i][1])
			return 2;
	return 1;
}

/* -1 for what cannot be shown */
static int char_width(const struct paper *paper, uint32_t c)
{
	locale_t before;
	int width;

	if (!paper->locale)
		return char_width_coarse(c);
	before = uselocale(paper->locale);
	width = wcwidth((wchar_t)c);
	uselocale(before);
	return width;
}

bool text_hidden(uint32_t c)
{
	static const uint32_t hidden[][2] = {
		{ 0x80, 0x9f },	    { 0xad, 0xad },	  { 0x61c, 0x61c },   { 0x180e, 0x180e },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e },	  { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (c >= hidden[i][0] && c <= hidden[i][1])
			return true;
	return c < 0x20 || c == 0x7f;
}

/* How ASCII says it. */
static const char *char_ascii(uint32_t c)
{
	static const struct {
		uint32_t c;
		const char *text;
	} words[] = {
		{ 0x2192, "->" }, { 0x2190, "<-" }, { 0x21e5, "->|" }, { 0x21e4, "|<-" },
		{ 0x2717, "x" },  { 0x25cb, "o" },  { 0x2022, "*" },   { 0x2026, "..." },
		{ 0x22ee, ":" },  { 0x00bb, ">>" }, { 0x00b1, "+-" },  { 0x00d7, "x" },
		{ 0x00b5, "u" },  { 0x2264, "<=" }, { 0x2265, ">=" },  { 0x2013, "-" },
		{ 0x2014, "-" },  { 0x2018, "'" },  { 0x2019, "'" },   { 0x201c, "\"" },
		{ 0x201d, "\"" }, { 0x00a0, " " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].c == c)
			return words[i].text;
	return "?";
}

static void glyph_set(struct glyph *glyph, const char *text, size_t len, int width)
{
	memcpy(glyph->text, text, len);
	glyph->text[len] = '\0';
	glyph->width = width;
}

static void glyph_escape(struct glyph *glyph, const char *bytes, int n)
{
	for (int i = 0; i < n; i++)
		snprintf(glyph->text + 4 * i, 5, "\\x%02x", (uint8_t)bytes[i]);
	glyph->width = 4 * n;
}

/**
 * glyph_next() - the glyph at @s
 * @end: where the text ends
 * @marks: combining marks since the last character; 0 at first
 * Return: behind it
 */
static const char *glyph_next(const struct paper *paper, const char *s, const char *end, int *marks,
			      struct glyph *ret)
{
	uint32_t c = 0;
	int n = utf8_decode(s, (size_t)(end - s), &c), width;

	if (!n || c < 0x20 || c == 0x7f) {
		glyph_escape(ret, s, 1);
		return s + 1;
	}
	width = c < 0x7f ? 1 : char_width(paper, c);
	*marks = width ? 0 : *marks + 1;
	if (c < 0x7f) {
		glyph_set(ret, s, 1, 1);
	} else if (c >= 0xfe00 && c <= 0xfe0f) {
		/* variation selectors ask for another picture of the same character */
		glyph_set(ret, "", 0, 0);
	} else if (text_hidden(c) || width < 0 || *marks > MARKS_MOST) {
		glyph_escape(ret, s, n);
	} else if (!paper->unicode) {
		const char *ascii = char_ascii(c);

		glyph_set(ret, ascii, strlen(ascii), (int)strlen(ascii));
	} else {
		glyph_set(ret, s, (size_t)n, width);
	}
	return s + n;
}

/* Widths stop counting where they can no longer matter, so that they never overflow. */
static int span_width(const struct paper *paper, const char *s, const char *end)
{
	struct glyph glyph;
	int width = 0, marks = 0;

	while (s < end && width < INT_MAX / 2) {
		s = glyph_next(paper, s, end, &marks, &glyph);
		width += glyph.width;
	}
	return width;
}

int text_width(const struct paper *paper, const char *text)
{
	return span_width(paper, text, text + strlen(text));
}

/* Where signs go. */
struct sink {
	void (*sign)(void *arg, const char *sign, int width);
	void *arg;
};

static void sign_write(void *arg, const char *sign, int width)
{
	(void)width;
	fputs(sign, arg);
}

/* Hand out from @s as much as fits; @ret_rest: where it stopped. */
static int span_each(const struct paper *paper, const struct sink *sink, const char *s,
		     const char *end, int room, const char **ret_rest)
{
	struct glyph glyph;
	int width = 0, marks = 0;

	while (s < end) {
		const char *next = glyph_next(paper, s, end, &marks, &glyph);

		if (width + glyph.width > room)
			break;
		sink->sign(sink->arg, glyph.text, glyph.width);
		width += glyph.width;
		s = next;
	}
	*ret_rest = s;
	return width;
}

static int span_put(const struct paper *paper, FILE *out, const char *s, const char *end, int room,
		    const char **ret_rest)
{
	const struct sink sink = { sign_write, out };

	return span_each(paper, &sink, s, end, room, ret_rest);
}

int text_each(const struct paper *paper, const char *text, int room,
	      void (*sign)(void *arg, const char *sign, int width), void *arg)
{
	const char *ellipsis = paper->unicode ? "…" : "...", *end = text + strlen(text), *rest;
	const struct sink sink = { sign, arg };
	int dots = paper->unicode ? 1 : 3, width;

	if (span_width(paper, text, end) <= room)
		return span_each(paper, &sink, text, end, room, &rest);
	if (room < dots)
		return 0;
	width = span_each(paper, &sink, text, end, room - dots, &rest);
	sign(arg, ellipsis, dots);
	return width + dots;
}

int text_put(const struct paper *paper, FILE *out, const char *text, int room)
{
	return text_each(paper, text, room, sign_write, out);
}

int text_put_styled(const struct paper *paper, FILE *out, enum style style, const char *text,
		    int room)
{
	int width;

	style_begin(paper, out, style);
	width = text_put(paper, out, text, room);
	style_end(paper, out, style);
	return width;
}

int text_pad(FILE *out, int col, int to)
{
	for (; col < to; col++)
		fputc(' ', out);
	return col;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/**
 * struct gap - what parts two words
 * @lines: newlines in it
 * @indent: spaces behind the last one
 */
struct gap {
	int lines;
	int indent;
};

static const char *gap_skip(const char *s, struct gap *ret)
{
	*ret = (struct gap){ 0 };
	for (; is_space(*s); s++) {
		if (*s == '\n') {
			ret->lines = ret->lines < 2 ? ret->lines + 1 : 2;
			ret->indent = 0;
		} else if (ret->indent < INDENT_MOST) {
			ret->indent++;
		}
	}
	return s;
}

/* Does the line that begins with @word stay a line of its own? */
static bool gap_breaks(const struct gap *gap, const char *word)
{
	bool item = (word[0] == '-' || word[0] == '*') && word[1] == ' ';

	return gap->lines > 1 || (gap->lines == 1 && (gap->indent >= 2 || item));
}

void text_wrap(const struct paper *paper, FILE *out, const char *text, int col, int indent)
{
	int margin = indent; /* of the line at hand */
	bool first = true;   /* nothing of the text is written yet */
	bool fresh = true;   /* no word in this line, so none is parted from the next */
	struct gap gap;

	for (text = gap_skip(text, &gap); *text; text = gap_skip(text, &gap)) {
		const char *end = text;
		int width;

		while (*end && !is_space(*end))
			end++;
		width = span_width(paper, text, end);
		if (!first && gap_breaks(&gap, text)) {
			fputs(gap.lines > 1 ? "\n\n" : "\n", out);
			margin = indent + gap.indent;
			col = 0;
			fresh = true;
		} else if (col > margin && col + !fresh + width > paper->columns) {
			fputc('\n', out);
			col = 0;
			fresh = true;
		}
		if (fresh)
			col = text_pad(out, col, margin);
		else
			col += fputc(' ', out) == ' ';
		while (text < end) { /* a word wider than the line is broken anywhere */
			const char *rest;

			col += span_put(paper, out, text, end, paper->columns - col, &rest);
			if (rest < end) {
				fputc('\n', out);
				col = text_pad(out, 0, margin);
			}
			text = rest;
		}
		first = fresh = false;
	}
	fputc('\n', out);
}

const char *duration_text(int64_t ns, char *buf, size_t size)
{
	const char *sign = ns < 0 ? "-" : "";
	uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	const char *unit = "ms";
	uint64_t hundredths;

	if (n < 995000) {
		hundredths = (n + 5000) / 10000;
	} else if (n < 9950000) {
		hundredths = (n + 50000) / 100000 * 10;
	} else if (n < 999500000) {
		hundredths = (n + 500000) / 1000000 * 100;
	} else {
		unit = "s";
		hundredths = (n + 5000000) / 10000000;
	}
	if (hundredths % 100 == 0)
		snprintf(buf, size, "%s%llu %s", sign, (unsigned long long)hundredths / 100, unit);
	else if (hundredths % 10 == 0)
		snprintf(buf, size, "%s%llu.%llu %s", sign, (unsigned long long)hundredths / 100,
			 (unsigned long long)hundredths % 100 / 10, unit);
	else
		snprintf(buf, size, "%s%llu.%02llu %s", sign, (unsigned long long)hundredths / 100,
			 (unsigned long long)hundredths % 100, unit);
	return buf;
}
