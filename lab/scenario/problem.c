// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/problem.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"
#include "lab/scenario/control.h"
#include "netns/cleanup.h"

enum {
	TEXT_MAX = 2048, /* bytes of a problem's text */
	SHOWN_MAX = 100, /* columns of a source line */
	WORD_MAX = 64,	 /* letters of a word that nearest_word() looks at */
};

/*
 * escape_next() - the printable form of what stands at @text: itself, or \xNN for each of its bytes
 * @ret_len: bytes of @text taken
 * Return: bytes written to @out (at most 16, without a NUL)
 */
static size_t escape_next(const char *text, size_t len, char out[16], size_t *ret_len)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t c;
	size_t n = (size_t)utf8_decode(text, len, &c);
	size_t written = 0;

	if (n && !control_is(c)) {
		memcpy(out, text, n);
		*ret_len = n;
		return n;
	}
	*ret_len = n ? n : 1;
	for (size_t i = 0; i < *ret_len; i++) {
		unsigned char byte = (unsigned char)text[i];

		out[written++] = '\\';
		out[written++] = 'x';
		out[written++] = hex[byte >> 4];
		out[written++] = hex[byte & 15];
	}
	return written;
}

const char *text_escape(const char *text, char *buf, size_t size)
{
	static const char cut[] = "…";
	size_t len = strlen(text), used = 0, last = 0, taken;
	char piece[16];

	if (!size)
		return buf;
	while (len) {
		size_t n = escape_next(text, len, piece, &taken);

		if (used + n + 1 > size) {
			if (last + sizeof(cut) <= size) {
				memcpy(buf + last, cut, sizeof(cut));
				return buf;
			}
			break;
		}
		memcpy(buf + used, piece, n);
		used += n;
		if (used + sizeof(cut) <= size)
			last = used;
		text += taken;
		len -= taken;
	}
	buf[used] = '\0';
	return buf;
}

void problems_cut(struct problems *problems, int n)
{
	while (problems->n > n) {
		struct problem *p = &problems->list[--problems->n];

		free(p->text);
		free(p->hint);
	}
}

void problems_free(struct problems *problems)
{
	problems_cut(problems, 0);
	free(problems->list);
	free(problems->copy);
	*problems = (struct problems){ 0 };
}

bool problems_any(const struct problems *problems)
{
	return problems->n > 0 || problems->nomem;
}

void problems_keep(struct problems *problems)
{
	size_t file_len = problems->file ? strlen(problems->file) : 0;
	char *copy = malloc(file_len + 1 + problems->source_len + 1);

	if (copy) {
		memcpy(copy, problems->file ? problems->file : "", file_len);
		copy[file_len] = '\0';
		if (problems->source_len)
			memcpy(copy + file_len + 1, problems->source, problems->source_len);
		copy[file_len + 1 + problems->source_len] = '\0';
	}
	/* without memory the problems stay printable, only without name and source line */
	problems->file = copy && problems->file ? copy : NULL;
	problems->source = copy && problems->source ? copy + file_len + 1 : NULL;
	if (!problems->source)
		problems->source_len = 0;
	free(problems->copy);
	problems->copy = copy;
}

static bool problem_known(const struct problems *problems, int line, int col, const char *text)
{
	for (int i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->list[i];

		if (p->line == line && p->col == col && !strcmp(p->text, text))
			return true;
	}
	return false;
}

void problem_add(struct problems *problems, int line, int col, const char *hint, const char *fmt,
		 ...)
{
	char raw[TEXT_MAX], text[TEXT_MAX], clean_hint[TEXT_MAX];
	struct problem *list, *p;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(raw, sizeof(raw), fmt, ap) < 0)
		raw[0] = '\0';
	va_end(ap);
	text_escape(raw, text, sizeof(text));
	if (problem_known(problems, line, col, text))
		return;
	if (problems->n >= PROBLEMS_MAX) {
		if (problems->more < INT_MAX)
			problems->more++;
		return;
	}
	list = realloc(problems->list, sizeof(*list) * (size_t)(problems->n + 1));
	if (!list) {
		problems->nomem = true;
		return;
	}
	problems->list = list;
	p = &list[problems->n];
	*p = (struct problem){ .line = line, .col = col, .text = strdup(text) };
	if (!p->text) {
		problems->nomem = true;
		return;
	}
	if (hint)
		p->hint = strdup(text_escape(hint, clean_hint, sizeof(clean_hint)));
	problems->n++;
}

static int problem_compare(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->col != y->col)
		return x->col < y->col ? -1 : 1;
	return strcmp(x->text, y->text);
}

/* source_line() - where line number @line is; NULL when there is no such line */
static const char *source_line(const struct problems *problems, int line, size_t *ret_len)
{
	const char *at = problems->source, *end, *newline;

	if (!at || line < 1)
		return NULL;
	end = at + problems->source_len;
	while (--line) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return NULL;
		at = newline + 1;
	}
	newline = memchr(at, '\n', (size_t)(end - at));
	*ret_len = (size_t)((newline ? newline : end) - at);
	if (*ret_len && at[*ret_len - 1] == '\r')
		(*ret_len)--;
	return at;
}

/*
 * The line is printed one source character at a time. Every character has a width: one column, or
 * as many as its escaped form is long. Columns before @from and from @to on are left out.
 */
static int print_piece(FILE *out, const char *text, size_t len, int column, int from, int to,
		       size_t *ret_taken)
{
	char piece[16];
	size_t n;
	int width;

	if (*text == '\t') { /* a tab's width depends on where it stands; one blank does not */
		piece[0] = ' ';
		n = *ret_taken = 1;
	} else {
		n = escape_next(text, len, piece, ret_taken);
	}
	width = piece[0] == '\\' ? (int)n : 1;
	if (out && column >= from && column + width <= to)
		fwrite(piece, 1, n, out);
	return width;
}

/* print_caret() - the source line and a caret under column @col */
static void print_caret(const char *text, size_t len, int col, FILE *out)
{
	int column = 0, caret = -1, from, to;
	size_t at = 0, taken;

	for (int i = 1; at < len; i++, at += taken) {
		if (i == col)
			caret = column;
		column += print_piece(NULL, text + at, len - at, 0, 0, 0, &taken);
	}
	if (caret < 0)
		caret = column;
	from = column > SHOWN_MAX && caret > SHOWN_MAX / 2 ? caret - SHOWN_MAX / 2 : 0;
	to = from + SHOWN_MAX;

	fprintf(out, "   | %s", from ? "…" : "");
	for (at = 0, column = 0; at < len && column < to; at += taken)
		column += print_piece(out, text + at, len - at, column, from, to, &taken);
	fprintf(out, "%s\n   | %*s^\n", at < len ? "…" : "", caret - from + (from ? 1 : 0), "");
}

static void problem_print(const struct problems *problems, const struct problem *p, FILE *out)
{
	char file[1024];
	const char *line;
	size_t len;

	if (problems->file)
		fprintf(out, "%s:", text_escape(problems->file, file, sizeof(file)));
	if (p->line > 0)
		fprintf(out, "%d:%d:", p->line, p->col);
	fprintf(out, "%s%s\n", problems->file || p->line > 0 ? " " : "", p->text);
	line = source_line(problems, p->line, &len);
	if (line)
		print_caret(line, len, p->col, out);
	if (p->hint)
		fprintf(out, "%s\n", p->hint);
}

void problems_print(struct problems *problems, FILE *out)
{
	if (problems->n)
		qsort(problems->list, (size_t)problems->n, sizeof(*problems->list),
		      problem_compare);
	for (int i = 0; i < problems->n; i++)
		problem_print(problems, &problems->list[i], out);
	if (problems->more)
		fprintf(out, "and %d more problems\n", problems->more);
	if (problems->nomem)
		fprintf(out, "out of memory\n");
}

static int min_int(int a, int b)
{
	return a < b ? a : b;
}

/*
 * word_distance() - insertions, deletions, substitutions and swaps of neighbours that turn @a into
 * @b: the "optimal string alignment" form of Damerau and Levenshtein's distance.
 */
static int word_distance(const char *a, int len_a, const char *b, int len_b)
{
	int rows[3][WORD_MAX + 1];

	for (int j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (int i = 1; i <= len_a; i++) {
		int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = i;
		for (int j = 1; j <= len_b; j++) {
			int cost = a[i - 1] != b[j - 1];

			row[j] = min_int(min_int(up[j], row[j - 1]) + 1, up[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_int(row[j], up2[j - 2] + 1);
		}
	}
	return rows[len_a % 3][len_b];
}

const char *nearest_word(const char *word, const char *const *words, int n)
{
	const char *best = NULL;
	int len = (int)strnlen(word, WORD_MAX + 1), best_distance = INT_MAX;

	if (!len || len > WORD_MAX)
		return NULL;
	for (int i = 0; i < n; i++) {
		int other = (int)strnlen(words[i], WORD_MAX + 1);
		int longer = len > other ? len : other;
		int limit = longer / 3 > 1 ? longer / 3 : 1;
		int distance;

		if (!other || other > WORD_MAX || abs(len - other) > limit)
			continue;
		distance = word_distance(word, len, words[i], other);
		if (distance <= limit && distance < longer && distance < best_distance) {
			best = words[i];
			best_distance = distance;
		}
	}
	return best;
}
