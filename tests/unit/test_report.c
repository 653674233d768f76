// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of reports, the options, and text on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lab/report/report.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

static void assert_put(bool unicode, int room, const char *text, const char *expected)
{
	struct paper paper;
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);
	int width;

	paper_init(&paper, 80, false, unicode);
	width = text_put(&paper, out, text, room);
	fclose(out);
	assert_string_equal(got, expected);
	assert_int_equal(width, text_width(&paper, got));
	free(got);
	paper_release(&paper);
}

static void test_text_put(void **state)
{
	(void)state;
	assert_put(true, 5, "12345", "12345");
	assert_put(true, 5, "123456", "1234…");
	assert_put(false, 5, "123456", "12...");
	assert_put(true, 1, "12", "…");
	assert_put(false, 2, "123", "");
	assert_put(true, 0, "1", "");
	assert_put(true, -7, "1", "");
	assert_put(true, 80, "a\033b\n\xff", "a\\x1bb\\x0a\\xff");
	assert_put(true, 80, "\xe2\x80\xae", "\\xe2\\x80\\xae");
	assert_put(true, 80, "5 ± 1 µs 漢", "5 ± 1 µs 漢");
	assert_put(false, 80, "5 ± 1 µs 漢 → ✗ …", "5 +- 1 us ? -> x ...");
	assert_put(true, 3, "漢字", "漢…");
	assert_put(true, 4, "漢字", "漢字");
	/* two accents are a letter, a third one is an attack on the line above */
	assert_put(true, 80, "a\xcc\x80\xcc\x80\xcc\x80", "a\xcc\x80\xcc\x80\\xcc\\x80");
	assert_put(true, 80, "\xe2\x9a\xa0\xef\xb8\x8f", "\xe2\x9a\xa0");
}

static void assert_wrap(int col, int indent, const char *text, const char *expected)
{
	struct paper paper;
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	paper_init(&paper, 40, false, true);
	text_wrap(&paper, out, text, col, indent);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
	paper_release(&paper);
}

static void test_text_wrap(void **state)
{
	(void)state;
	assert_wrap(0, 0, "", "\n");
	assert_wrap(0, 0, "  \n one\ntwo  three\n", "one two three\n");
	assert_wrap(0, 2, "a\n\n\n\nb", "  a\n\n  b\n");
	assert_wrap(0, 2, "so:\n- one\n- two\n    code here\nback",
		    "  so:\n  - one\n  - two\n      code here back\n");
	assert_wrap(0, 0, "aaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb ccc",
		    "aaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb\nccc\n");
	assert_wrap(0, 0, "aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb",
		    "aaaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbb\n");
	assert_wrap(0, 30, "aaaaaaaaaaaaaaaaaaaa b",
		    "                              aaaaaaaaaa\n"
		    "                              aaaaaaaaaa\n"
		    "                              b\n");
	assert_wrap(35, 2, "aaaaaa b", "\n  aaaaaa b\n");
}

static void test_duration_text(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ms" },
		{ 4999, "0 ms" },
		{ 40000, "0.04 ms" },
		{ 310000, "0.31 ms" },
		{ 994999, "0.99 ms" },
		{ 995000, "1 ms" },
		{ 1200000, "1.2 ms" },
		{ 9949999, "9.9 ms" },
		{ 9950000, "10 ms" },
		{ 250000000, "250 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1 s" },
		{ 1028500000, "1.03 s" },
		{ 2500100000, "2.5 s" },
		{ 127000000000, "127 s" },
		{ -1500000000, "-1.5 s" },
		{ INT64_MAX, "9223372036.85 s" },
		{ INT64_MIN, "-9223372036.85 s" },
	};
	char buf[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(duration_text(cases[i].ns, buf, sizeof(buf)), cases[i].text);
}

static void test_report_table(void **state)
{
	(void)state;
	assert_ptr_equal(report_find("terminal"), &REPORT_TERMINAL);
	assert_ptr_equal(report_find("events"), &REPORT_EVENTS);
	assert_null(report_find("terminals"));
	for (int i = 0; report_at(i); i++) {
		assert_ptr_equal(report_find(report_at(i)->name), report_at(i));
		assert_true(report_at(i)->help[0]);
		REPORT_TERMINAL.close(NULL);
	}
	assert_null(report_at(-1));
}

static void test_report_events(void **state)
{
	struct event event = { .type = EVENT_BUILT, .host = -1, .built.build_ns = 7 };
	struct report_options options = { 0 };
	struct report *report;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	report = REPORT_EVENTS.open(out, &options);
	REPORT_EVENTS.event(report, &event);
	assert_string_equal(text, "{\"type\":\"built\",\"t_ns\":0,\"build_ns\":7}\n");
	REPORT_EVENTS.close(report);
	fclose(out);
	free(text);
}

static void test_options_file(void **state)
{
	struct report_options options;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	setenv("LC_ALL", "C", 1);
	report_options_detect(f, &options);
	assert_int_equal(options.columns, 80);
	assert_false(options.colour);
	assert_false(options.unicode);
	assert_false(options.quiet);
	setenv("LC_ALL", "C.UTF-8", 1);
	report_options_detect(f, &options);
	assert_true(options.unicode);
	fclose(f);
}

static void test_options_terminal(void **state)
{
	struct winsize size = { .ws_col = 72, .ws_row = 20 };
	struct report_options options;
	int master, slave;
	FILE *f;

	(void)state;
	if (openpty(&master, &slave, NULL, NULL, &size) < 0)
		skip();
	f = fdopen(slave, "w");
	assert_non_null(f);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	report_options_detect(f, &options);
	assert_int_equal(options.columns, 72);
	assert_true(options.colour);

	setenv("NO_COLOR", "", 1);
	report_options_detect(f, &options);
	assert_true(options.colour);
	setenv("NO_COLOR", "1", 1);
	report_options_detect(f, &options);
	assert_false(options.colour);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	report_options_detect(f, &options);
	assert_false(options.colour);

	size.ws_col = 0;
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	unsetenv("COLUMNS");
	report_options_detect(f, &options);
	assert_int_equal(options.columns, 80);
	setenv("COLUMNS", "132", 1);
	report_options_detect(f, &options);
	assert_int_equal(options.columns, 132);
	setenv("COLUMNS", "-4", 1);
	report_options_detect(f, &options);
	assert_int_equal(options.columns, 80);
	fclose(f);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_put),	 cmocka_unit_test(test_text_wrap),
		cmocka_unit_test(test_duration_text),	 cmocka_unit_test(test_report_table),
		cmocka_unit_test(test_report_events),	 cmocka_unit_test(test_options_file),
		cmocka_unit_test(test_options_terminal),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
