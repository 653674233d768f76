// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/html_pack.h"

#include <stdbool.h>
#include <string.h>

enum { DIGITS_MOST = 15 }; /* of a number that script.js can add to */

/**
 * struct pack - what is known while a text is packed
 * @kinds: the latest line of each, in the text
 */
struct pack {
	FILE *out;
	const char *kinds[PACK_KINDS_MOST];
	int n;
};

static size_t words_length(const char *s)
{
	return strcspn(s, "0123456789\n");
}

static size_t digits_length(const char *s)
{
	return strspn(s, "0123456789");
}

/* Do the lines at @a and @b differ in their numbers only? */
static bool is_like(const char *a, const char *b)
{
	for (;;) {
		size_t words = words_length(a), n, m;

		if (words_length(b) != words || memcmp(a, b, words) != 0)
			return false;
		a += words;
		b += words;
		n = digits_length(a);
		m = digits_length(b);
		if (!n || !m)
			return !n && !m;
		a += n;
		b += m;
	}
}

/** struct number - a run of digits */
struct number {
	const char *digits;
	size_t n;
};

static unsigned long number_value(const struct number *number)
{
	unsigned long value = 0;

	for (size_t i = 0; i < number->n; i++)
		value = value * 10 + (unsigned long)(number->digits[i] - '0');
	return value;
}

/*
 * What has to be added to @old to get @number, with as many zeros before it as made @old as long;
 * 0: that would not give these digits.
 */
static unsigned long growth(const struct number *old, const struct number *number)
{
	unsigned long a, b;

	if (old->n > DIGITS_MOST || number->n > DIGITS_MOST)
		return 0;
	if (number->n < old->n || (number->n > old->n && number->digits[0] == '0'))
		return 0;
	a = number_value(old);
	b = number_value(number);
	return b > a ? b - a : 0;
}

/* @by: what was added before in this line */
static void change_put(FILE *out, int same, const struct number *old, const struct number *number,
		       unsigned long *by)
{
	unsigned long more = growth(old, number);

	for (; same > 25; same -= 25)
		fputc('z', out);
	if (!more) {
		fprintf(out, "%c%.*s", 'a' + same, (int)number->n, number->digits);
		return;
	}
	fputc('A' + same, out);
	if (more != *by)
		fprintf(out, "%lu", more);
	*by = more;
}

static struct number number_next(const char *s)
{
	s += words_length(s);
	return (struct number){ s, digits_length(s) };
}

static void changes_put(FILE *out, const char *old, const char *line)
{
	unsigned long by = 0;
	int same = 0;

	for (;;) {
		struct number was = number_next(old), is = number_next(line);

		if (!is.n)
			return;
		if (is.n == was.n && !memcmp(is.digits, was.digits, is.n)) {
			same++;
		} else {
			change_put(out, same, &was, &is, &by);
			same = 0;
		}
		old = was.digits + was.n;
		line = is.digits + is.n;
	}
}

static int kind_of(const struct pack *pack, const char *line)
{
	for (int i = 0; i < pack->n; i++)
		if (is_like(pack->kinds[i], line))
			return i;
	return -1;
}

static void line_put(struct pack *pack, const char *line, size_t length)
{
	int kind = kind_of(pack, line);

	if (kind >= 0) {
		fprintf(pack->out, "%d", kind);
		changes_put(pack->out, pack->kinds[kind], line);
		pack->kinds[kind] = line;
		return;
	}
	fputc(pack->n < PACK_KINDS_MOST ? '=' : '-', pack->out);
	fwrite(line, 1, length, pack->out);
	if (pack->n < PACK_KINDS_MOST)
		pack->kinds[pack->n++] = line;
}

void html_pack(FILE *out, const char *text)
{
	struct pack pack = { .out = out };

	for (;;) {
		size_t length = strcspn(text, "\n");

		line_put(&pack, text, length);
		text += length;
		if (!*text)
			return;
		fputc('\n', out);
		text++;
	}
}
