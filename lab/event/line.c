// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/event/line.h"

#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"

enum { LINE_FIRST = 512, DIGITS_MOST = 20 };

char *line_room(struct line *line, size_t n)
{
	size_t cap = line->cap ? line->cap : LINE_FIRST;
	char *grown;

	if (line->failed)
		return NULL;
	if (line->cap - line->len >= n)
		return line->text + line->len;
	while (cap - line->len < n)
		cap *= 2;
	grown = realloc(line->text, cap);
	if (!grown) {
		line->failed = true;
		return NULL;
	}
	line->text = grown;
	line->cap = cap;
	return grown + line->len;
}

void line_put(struct line *line, const char *text, size_t n)
{
	char *at = line_room(line, n);

	if (!at)
		return;
	memcpy(at, text, n);
	line->len += n;
}

void line_integer(struct line *line, int64_t value)
{
	/* also of INT64_MIN, which has no positive counterpart */
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[DIGITS_MOST];
	int first = DIGITS_MOST;

	do {
		digits[--first] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		digits[--first] = '-';
	line_put(line, digits + first, (size_t)(DIGITS_MOST - first));
}

/* A byte that cannot stand in a string; returns the length of what stands for it. */
static size_t escape(uint8_t byte, char ret[6])
{
	static const char hex[] = "0123456789ABCDEF";
	/* by the code of the control character */
	static const char words[] = "\0\0\0\0\0\0\0\0btn\0fr";

	ret[0] = '\\';
	ret[1] = byte >= ' ' ? (char)byte : byte < sizeof(words) ? words[byte] : '\0';
	if (ret[1])
		return 2;
	memcpy(ret + 1, "u00", 3);
	ret[4] = hex[byte >> 4];
	ret[5] = hex[byte & 15];
	return 6;
}

/* What is not plain ASCII at @text: returns how many bytes of it were taken. */
static size_t special_put(struct line *line, const char *text, size_t len)
{
	uint32_t c;
	char escaped[6];
	int n;

	if ((uint8_t)*text < 0x80) {
		line_put(line, escaped, escape((uint8_t)*text, escaped));
		return 1;
	}
	n = utf8_decode(text, len, &c);
	if (n)
		line_put(line, text, (size_t)n);
	else
		line_put(line, "\xef\xbf\xbd", 3);
	return n ? (size_t)n : 1;
}

static bool is_plain(char c)
{
	return c >= ' ' && c != '"' && c != '\\' && (uint8_t)c < 0x80;
}

void line_string(struct line *line, const char *text)
{
	size_t len = text ? strlen(text) : 0, at = 0;

	line_put(line, "\"", 1);
	while (at < len) {
		size_t begin = at;

		while (at < len && is_plain(text[at]))
			at++;
		line_put(line, text + begin, at - begin);
		if (at < len)
			at += special_put(line, text + at, len - at);
	}
	line_put(line, "\"", 1);
}
