// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts in the formats that machines read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lab/report/escape.h"
#include "netns/cleanup.h"

static void assert_escape(const struct escape *escape, const char *text, const char *expected)
{
	_cleanup_free_ char *got = escape_text(escape, text);

	assert_string_equal(got, expected);
}

static void test_plain(void **state)
{
	static const struct escape *const all[] = {
		&ESCAPE_LINE, &ESCAPE_TAP,    &ESCAPE_YAML,
		&ESCAPE_XML,  &ESCAPE_GITHUB, &ESCAPE_GITHUB_PROPERTY,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_escape(all[i], "", "");
		assert_escape(all[i], "client -> server; 5 ± 1 µs 漢 😀 <&'>",
			      "client -> server; 5 ± 1 µs 漢 😀 <&'>");
		assert_escape(all[i], "\xff\xc0\x80 \xed\xa0\x80 \xe2\x82",
			      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
			      "\xbd \xef\xbf\xbd\xef\xbf\xbd");
	}
}

static void test_signs(void **state)
{
	static const char text[] = "a\\b#c\"d%e:f,g\nh\ri\tj";

	(void)state;
	assert_escape(&ESCAPE_LINE, text, "a\\b#c\"d%e:f,g\\x0ah\\x0di\\x09j");
	assert_escape(&ESCAPE_TAP, text, "a\\\\b\\#c\"d%e:f,g\\\\x0ah\\\\x0di\\\\x09j");
	assert_escape(&ESCAPE_YAML, text, "a\\\\b#c\\\"d%e:f,g\\nh\\ri\\tj");
	assert_escape(&ESCAPE_XML, text, text);
	assert_escape(&ESCAPE_GITHUB, text, "a\\b#c\"d%25e:f,g%0Ah%0Di\\x09j");
	assert_escape(&ESCAPE_GITHUB_PROPERTY, text, "a\\b#c\"d%25e%3Af%2Cg%0Ah%0Di\\x09j");
}

/* ESC, DEL, C1's CSI, right-to-left override, U+FFFE, a tag */
static void test_hidden(void **state)
{
	static const char text[] = "\033\x7f\xc2\x9b\xe2\x80\xae\xef\xbf\xbe\xf3\xa0\x81\x81";
	static const char bytes[] =
		"\\x1b\\x7f\\xc2\\x9b\\xe2\\x80\\xae\\xef\\xbf\\xbe\\xf3\\xa0\\x81\\x81";

	(void)state;
	assert_escape(&ESCAPE_LINE, text, bytes);
	assert_escape(&ESCAPE_XML, text, bytes);
	assert_escape(&ESCAPE_GITHUB, text, bytes);
	assert_escape(&ESCAPE_GITHUB_PROPERTY, text, bytes);
	assert_escape(&ESCAPE_TAP, "\033\xe2\x80\xae", "\\\\x1b\\\\xe2\\\\x80\\\\xae");
	assert_escape(&ESCAPE_YAML, text, "\\x1b\\x7f\\x9b\\u202e\\ufffe\\U000e0041");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_hidden),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
