// SPDX-License-Identifier: GPL-2.0-or-later
/* Packed texts of the HTML report, read as its header says. tests/browser has script.js read them. */
#include "tests/support/main.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/html_pack.h"
#include "lab/report/sheet.h"
#include "netns/cleanup.h"

static char *packed_of(const char *text)
{
	struct sheet sheet;

	assert_int_equal(sheet_open(&sheet), 0);
	html_pack(sheet.out, text);
	return sheet_take(&sheet);
}

/* Each returns behind what it took. */
static const char *copy_words(FILE *out, const char *s)
{
	while (*s && !isdigit((unsigned char)*s))
		fputc(*s++, out);
	return s;
}

static const char *copy_digits(FILE *out, const char *s)
{
	while (isdigit((unsigned char)*s))
		fputc(*s++, out);
	return s;
}

static const char *skip_digits(const char *s)
{
	return s + strspn(s, "0123456789");
}

/* The line that @changes make of @old: malloced */
static char *line_changed(const char *old, const char *changes)
{
	unsigned long by = 0;
	struct sheet sheet;

	assert_int_equal(sheet_open(&sheet), 0);
	while (*changes) {
		char letter = *changes++;
		bool adds = isupper((unsigned char)letter);
		const char *digits = changes;

		changes = skip_digits(changes);
		for (int same = letter - (adds ? 'A' : 'a'); same > 0; same--)
			old = copy_digits(sheet.out, copy_words(sheet.out, old));
		if (!adds && digits == changes)
			continue;
		old = copy_words(sheet.out, old);
		assert_true(isdigit((unsigned char)*old));
		if (adds && digits != changes)
			by = strtoul(digits, NULL, 10);
		if (adds)
			fprintf(sheet.out, "%0*lu", (int)(skip_digits(old) - old),
				strtoul(old, NULL, 10) + by);
		else
			fprintf(sheet.out, "%.*s", (int)(changes - digits), digits);
		old = skip_digits(old);
	}
	fputs(old, sheet.out);
	return sheet_take(&sheet);
}

/* Malloced. */
static char *unpacked_of(const char *packed)
{
	_cleanup_free_ char *copy = strdup(packed);
	char *kinds[PACK_KINDS_MOST] = { 0 }, *rest = copy, *line;
	struct sheet sheet;
	int n = 0;

	assert_int_equal(sheet_open(&sheet), 0);
	while ((line = strsep(&rest, "\n"))) {
		if (*line == '=') {
			assert_in_range(n, 0, PACK_KINDS_MOST - 1);
			kinds[n++] = strdup(line + 1);
			fputs(line + 1, sheet.out);
		} else if (*line == '-') {
			fputs(line + 1, sheet.out);
		} else {
			char *changes, *changed;
			unsigned long kind = strtoul(line, &changes, 10);

			assert_in_range(kind, 0, n - 1);
			changed = line_changed(kinds[kind], changes);
			fputs(changed, sheet.out);
			free(kinds[kind]);
			kinds[kind] = changed;
		}
		if (rest)
			fputc('\n', sheet.out);
	}
	while (n > 0)
		free(kinds[--n]);
	return sheet_take(&sheet);
}

static void assert_comes_back(const char *text)
{
	_cleanup_free_ char *packed = packed_of(text);
	_cleanup_free_ char *again = unpacked_of(packed);

	assert_string_equal(again, text);
}

static void assert_packed(const char *text, const char *expected)
{
	_cleanup_free_ char *packed = packed_of(text);

	assert_string_equal(packed, expected);
	assert_comes_back(text);
}

static void test_pack_numbers(void **state)
{
	(void)state;
	assert_packed("", "=");
	assert_packed("a\n\na\n", "=a\n=\n0\n1");
	assert_packed("n 1 y 10,10\nn 2 y 37,37", "=n 1 y 10,10\n0A1A27A");
	assert_packed("1 2 3\n1 2 1\n1 2 1", "=1 2 3\n0c1\n0");
	/* zeros before a number stay */
	assert_packed("0.000400\n0.000500\n0.5", "=0.000400\n0B100\n0b5");
	assert_packed("7\n007\n08\n8", "=7\n0a007\n0a08\n0a8");
	/* a number that script.js cannot add to */
	assert_packed("999999999999999\n1000000000000000", "=999999999999999\n0a1000000000000000");
}

static void test_pack_kinds(void **state)
{
	(void)state;
	assert_packed("a1b\na1\na1b2\na2b", "=a1b\n=a1\n=a1b2\n0A1");
	assert_packed("ab\nba\nab", "=ab\n=ba\n0");
}

/* More numbers in a line than there are letters. */
static void test_pack_long_line(void **state)
{
	struct sheet sheet;
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(sheet_open(&sheet), 0);
	for (int row = 0; row < 2; row++)
		for (int i = 0; i < 60; i++)
			fprintf(sheet.out, "%d%c", i == 52 && row ? 9 : 1, i < 59 ? ' ' : '\n');
	text = sheet_take(&sheet);
	assert_comes_back(text);
}

/* More kinds than are remembered, and lines made of little, so that many are alike. */
static void test_pack_anything(void **state)
{
	static const char *const pieces[] = { "0", "00", "1", "7", "99", "123456789012345",
					      " ", "=",	 "-", "a", "Z",	 "<x y=\"",
					      "é" };
	unsigned seed = 5;

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct sheet sheet;
		char *text;

		assert_int_equal(sheet_open(&sheet), 0);
		for (int i = 0; i < 3000; i++)
			fputs(rand_r(&seed) % 6 ?
				      pieces[(size_t)rand_r(&seed) % ARRAY_SIZE(pieces)] :
				      "\n",
			      sheet.out);
		text = sheet_take(&sheet);
		assert_comes_back(text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pack_numbers),
		cmocka_unit_test(test_pack_kinds),
		cmocka_unit_test(test_pack_long_line),
		cmocka_unit_test(test_pack_anything),
	};

	return TEST_MAIN("html_pack", tests, NULL, NULL);
}
