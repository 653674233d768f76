// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/problem.h"

static struct problems make(const char *file, const char *source)
{
	return (struct problems){ .file = file, .source = source, .source_len = strlen(source) };
}

static char *print(struct problems *problems)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	problems_print(problems, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_printed(struct problems *problems, const char *expected)
{
	char *text = print(problems);

	assert_string_equal(text, expected);
	free(text);
	problems_free(problems);
}

static void test_problem_prints_place_line_caret_hint(void **state)
{
	struct problems p = make("x.yaml", "a: 1\n  - client: {diall: x}\n");

	(void)state;
	problem_add(&p, 2, 14, "did you mean 'dial'?", "unknown verb '%s'", "diall");
	assert_printed(&p, "x.yaml:2:14: unknown verb 'diall'\n"
			   "   |   - client: {diall: x}\n"
			   "   |              ^\n"
			   "did you mean 'dial'?\n");
}

static void test_problem_sorts_by_place_and_notes_once(void **state)
{
	struct problems p = make("x.yaml", "a\nb\n");

	(void)state;
	problem_add(&p, 2, 1, NULL, "second");
	problem_add(&p, 1, 1, NULL, "first");
	problem_add(&p, 2, 1, NULL, "second");
	problem_add(&p, 0, 0, NULL, "whole");
	assert_int_equal(p.n, 3);
	assert_printed(&p, "x.yaml: whole\n"
			   "x.yaml:1:1: first\n   | a\n   | ^\n"
			   "x.yaml:2:1: second\n   | b\n   | ^\n");
}

static void test_problem_escapes_control_characters_everywhere(void **state)
{
	struct problems p = make("e\x1b[2Jvil.yaml", "a\x1b\x07z\ttab\xff é\n");
	char *text;

	(void)state;
	problem_add(&p, 1, 4, "hint \x1b[31m", "bad '%s'", "\x1b[0m\x9b\n");
	text = print(&p);
	assert_string_equal(text, "e\\x1b[2Jvil.yaml:1:4: bad '\\x1b[0m\\x9b\\x0a'\n"
				  "   | a\\x1b\\x07z tab\\xff é\n"
				  "   |          ^\n"
				  "hint \\x1b[31m\n");
	free(text);
	problems_free(&p);
}

static void test_problem_cuts_long_lines_around_the_caret(void **state)
{
	char source[1000], *text, *line, *caret;
	struct problems p;

	(void)state;
	memset(source, 'x', sizeof(source));
	source[sizeof(source) - 1] = '\0';
	source[700] = '!';
	p = make("f", source);
	problem_add(&p, 1, 701, NULL, "here");
	text = print(&p);
	line = strchr(text, '\n') + 1;
	caret = strchr(line, '\n') + 1;
	assert_true(caret - line < 130);
	/* "…" takes three bytes and one column */
	assert_int_equal(strchr(line, '!') - line - 2, strchr(caret, '^') - caret);
	free(text);
	problems_free(&p);
}

static void test_problem_caret_stays_inside_what_there_is(void **state)
{
	struct problems p = make("f", "ab\r\ncd");

	(void)state;
	problem_add(&p, 1, 99, NULL, "far right");
	problem_add(&p, 99, 1, NULL, "far below");
	assert_printed(&p, "f:1:99: far right\n   | ab\n   |   ^\nf:99:1: far below\n");
}

static void test_problem_stops_noting_after_many(void **state)
{
	struct problems p = make("f", "");
	char *text;

	(void)state;
	for (int i = 0; i < PROBLEMS_MAX + 5; i++)
		problem_add(&p, i + 1, 1, NULL, "problem %d", i);
	assert_int_equal(p.n, PROBLEMS_MAX);
	assert_int_equal(p.more, 5);
	text = print(&p);
	assert_non_null(strstr(text, "and 5 more problems\n"));
	free(text);
	problems_free(&p);
}

static void test_problem_keeps_what_it_needs_to_print(void **state)
{
	char *file = strdup("gone.yaml"), *source = strdup("line\n");
	struct problems p = make(file, source);

	(void)state;
	problem_add(&p, 1, 1, NULL, "x");
	problems_keep(&p);
	memset(file, 0, strlen(file));
	free(file);
	free(source);
	assert_printed(&p, "gone.yaml:1:1: x\n   | line\n   | ^\n");
}

static void test_nearest_word_finds_slips(void **state)
{
	static const char *const words[] = { "listen",	   "dial", "deadline",
					     "background", "as",   "port" };

	(void)state;
	assert_string_equal(nearest_word("diall", words, 6), "dial");
	assert_string_equal(nearest_word("porte", words, 6), "port");
	assert_string_equal(nearest_word("dail", words, 6), "dial"); /* one swap */
	assert_string_equal(nearest_word("lisen", words, 6), "listen");
	assert_string_equal(nearest_word("backgruond", words, 6), "background");
	assert_string_equal(nearest_word("deadlnie", words, 6), "deadline");
	assert_string_equal(nearest_word("dial", words, 6), "dial");
}

static void test_nearest_word_does_not_guess(void **state)
{
	static const char *const words[] = { "listen", "dial", "x" };
	char long_word[500];

	(void)state;
	memset(long_word, 'd', sizeof(long_word));
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(nearest_word("telephone", words, 3));
	assert_null(nearest_word("", words, 3));
	assert_null(nearest_word("y", words, 3)); /* no letter in common */
	assert_null(nearest_word(long_word, words, 3));
	assert_null(nearest_word("dial", words, 0));
}

static void test_text_escape_fits_and_says_so(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(text_escape("a\nb", buf, sizeof(buf)), "a\\x0ab");
	assert_string_equal(text_escape("é\xc3", buf, sizeof(buf)), "é\\xc3");
	assert_string_equal(text_escape("\xe2\x80\xae", buf, sizeof(buf)), "\\xe2\\x80\\xae");
	assert_string_equal(text_escape("0123456789abcdef", buf, sizeof(buf)), "0123456789ab…");
	assert_string_equal(text_escape("0123456789abcde", buf, sizeof(buf)), "0123456789abcde");
	assert_string_equal(text_escape("abc", buf, 1), "");
	for (size_t size = 1; size < sizeof(buf); size++) {
		text_escape("é\x01é\x01é\x01é\x01", buf, size);
		assert_true(strlen(buf) < size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_problem_prints_place_line_caret_hint),
		cmocka_unit_test(test_problem_sorts_by_place_and_notes_once),
		cmocka_unit_test(test_problem_escapes_control_characters_everywhere),
		cmocka_unit_test(test_problem_cuts_long_lines_around_the_caret),
		cmocka_unit_test(test_problem_caret_stays_inside_what_there_is),
		cmocka_unit_test(test_problem_stops_noting_after_many),
		cmocka_unit_test(test_problem_keeps_what_it_needs_to_print),
		cmocka_unit_test(test_nearest_word_finds_slips),
		cmocka_unit_test(test_nearest_word_does_not_guess),
		cmocka_unit_test(test_text_escape_fits_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
