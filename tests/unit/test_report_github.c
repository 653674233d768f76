// SPDX-License-Identifier: GPL-2.0-or-later
/* Annotations for GitHub's actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/report_hostile.h"
#include "tests/unit/report_log.h"

static void test_github_log(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_GITHUB, feed_log);

	(void)state;
	assert_string_equal(text,
			    "::error file=dial/syn-dropped.yaml,line=19,title=dial-syn-dropped[ip=4]::"
			    "fault syn-dropped%0Aexpected: 2 hits%0Aobserved: 3 hits\n"
			    "::error file=other.yaml,title=other::"
			    "cannot add rule: EPERM (not \"permitted\")%0Afix: modprobe nf_tables\n"
			    "::warning file=other.yaml,title=other::needs netem, item #1 of needs\n"
			    "::warning file=other.yaml,title=other::interrupted by SIGINT\n"
			    "::error title=a run without a name::the time ran out\n"
			    "::error file=dial/syn-dropped.yaml,title=dial-syn-dropped[ip=4]::"
			    "the log ends before the run did: it was killed, or the log is cut\n");
}

static void test_github_passed(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_GITHUB, feed_passed);
	_cleanup_free_ char *none = report_of(&REPORT_GITHUB, NULL);

	(void)state;
	assert_string_equal(text, "");
	assert_string_equal(none, "");
}

/* Signs that mean something in a command, in every part of it. */
static void test_github_escapes(void **state)
{
	struct event begin = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };
	struct screen screen;

	(void)state;
	begin.begin.file = S("a,b:c%d\n.yaml");
	begin.begin.name = S("x[y=1,z=::2]");
	screen_open_as(&screen, &REPORT_GITHUB, (struct report_options){ 0 });
	feed(&screen, begin);
	feed(&screen, (struct event){ .type = EVENT_EXPECTATION,
				      .host = -1,
				      .expectation = { .line = 3,
						       .col = 7,
						       .text = S("a::b, 5 %"),
						       .expected = S("1\r\n2"),
						       .observed = S("\n::error::x") } });
	/* each goes out at once: the stream's size is that of what was flushed */
	assert_int_equal(screen.size, strlen(screen.text));
	assert_string_equal(screen.text,
			    "::error file=a%2Cb%3Ac%25d%0A.yaml,line=3,col=7,"
			    "title=x[y=1%2Cz=%3A%3A2]::a::b, 5 %25%0Aexpected: 1%0D%0A2%0A"
			    "observed: %0A::error::x\n");
	feed_end(&screen, RESULT_FAILED, "1 more was not reached", 0, 1);
	free(screen_close(&screen));
}

static void test_github_hostile(void **state)
{
	unsigned seed = 11;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct screen screen;
		char *rest, *line;

		screen_open_as(&screen, &REPORT_GITHUB, (struct report_options){ 0 });
		for (int k = 0; k < 60; k++)
			feed_hostile(&screen, &seed);
		screen_close(&screen);
		assert_harmless(screen.text, true);
		rest = screen.text;
		while ((line = strsep(&rest, "\n")) && rest) {
			bool error = strncmp(line, "::error ", 8) == 0;

			assert_true(error || strncmp(line, "::warning ", 10) == 0);
			/* the first "::" behind the name ends the properties */
			assert_non_null(strstr(line + 8, "::"));
			assert_non_null(strstr(line, "title="));
		}
		free(screen.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_github_log),
		cmocka_unit_test(test_github_passed),
		cmocka_unit_test(test_github_escapes),
		cmocka_unit_test(test_github_hostile),
	};

	return cmocka_run_group_tests_name("report_github", tests, NULL, NULL);
}
