// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/main.h"
#include "tests/unit/report_screen.h"

/* when the next run of feed_named() begins: they follow each other */
static int64_t clock_ns;

/* A short run of that name. */
static void feed_named(struct screen *screen, const char *name, enum result result,
		       const char *text, int64_t took_ns)
{
	struct event_begin begin = begin_record;
	bool failed = result == RESULT_FAILED;

	begin.name = S(name);
	begin.wall_ns = clock_ns;
	clock_ns += took_ns;
	feed(screen, (struct event){ .type = EVENT_BEGIN, .host = -1, .begin = begin });
	if (failed)
		feed_expectation(screen, MS(1), -1, 19, "fault syn-dropped", "2 hits", "3 hits");
	feed(screen, (struct event){ .type = EVENT_END,
				     .t_ns = took_ns,
				     .host = -1,
				     .end = { .result = result,
					      .text = S(text),
					      .met = 1,
					      .unmet = failed,
					      .took_ns = took_ns } });
}

static void feed_many(struct screen *screen)
{
	feed_named(screen, "a", RESULT_PASSED, "", MS(1500));
	feed_named(screen, "b", RESULT_FAILED, "", MS(200));
	feed_named(screen, "c", RESULT_SKIPPED, "no netem here", 0);
	feed_named(screen, "d", RESULT_ERROR, "cannot build", MS(1));
	feed_named(screen, "e", RESULT_PASSED, "", MS(2));
}

static void test_progress_many(void **state)
{
	static const char lines[] =
		"passed   a  1.5 s\n"
		"FAILED   b  200 ms: line 19: fault syn-dropped: expected 2 hits, observed 3 hits\n"
		"skipped  c  0 ms: no netem here\n"
		"ERROR    d  1 ms: cannot build\n"
		"passed   e  2 ms\n"
		"\nb\n";
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 80, .unicode = true, .total = 5 });
	feed_many(&screen);
	screen_close(&screen);
	/* a line each, then what did not pass in full, then the sum */
	assert_int_equal(strncmp(screen.text, lines, strlen(lines)), 0);
	assert_non_null(strstr(screen.text,
			       "  FAILED  dial/syn-dropped.yaml:19: fault syn-dropped\n"
			       "          expected: 2 hits\n"));
	assert_non_null(strstr(screen.text, "\nERROR d after 1 ms: cannot build\n"));
	assert_null(strstr(screen.text, "SKIPPED c"));
	assert_non_null(strstr(screen.text,
			       "\n\n2 passed, 1 failed, 1 skipped, 1 could not be run in 1.7 s\n"));
	free(screen.text);
}

static void test_progress_quiet(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 80, .quiet = true, .total = 5 });
	feed_many(&screen);
	screen_close(&screen);
	assert_null(strstr(screen.text, "passed   "));
	assert_non_null(strstr(screen.text, "FAILED   b"));
	assert_non_null(strstr(screen.text, "skipped  c"));
	assert_non_null(strstr(screen.text, "2 passed, 1 failed"));
	free(screen.text);
}

static void test_progress_few_are_shown(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 80, .total = 2 });
	feed_run(&screen, "2 hits");
	feed_run(&screen, "2 hits");
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "x SYN dropped by syn-dropped"));
	assert_non_null(strstr(screen.text, "\nPASSED dial-syn-dropped[ip=4] in 2.53 s: 3"));
	/* they ran at the same time */
	assert_non_null(strstr(screen.text, "\n2 passed, 0 failed, 0 skipped in 2.53 s\n"));
	free(screen.text);
}

/* The line that says what is running is taken back before another is written. */
static void test_progress_live(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 60, .live = true, .total = 12 });
	feed_begin(&screen);
	screen.type->tick(screen.report, &(struct report_now){ .t_ns = MS(1249), .running = 1 });
	feed_end(&screen, RESULT_PASSED, "", 1, 0);
	screen_close(&screen);
	assert_string_equal(screen.text, "running  dial-syn-dropped[ip=4]  0 ms  (1 of 12)"
					 "\r\033[Krunning  dial-syn-dropped[ip=4]  1.2 s  (1 of 12)"
					 "\r\033[Kpassed   dial-syn-dropped[ip=4]  2.53 s\n");
	free(screen.text);
}

/* Many at a time: one is named, and what counts is how many have ended. */
static void test_progress_side_by_side(void **state)
{
	const struct report_now now = { .t_ns = MS(1249), .running = 24, .over = 60 };
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 80, .live = true, .total = 84 });
	feed_begin(&screen);
	screen.type->tick(screen.report, &now);
	screen_close(&screen);
	assert_non_null(
		strstr(screen.text,
		       "running  dial-syn-dropped[ip=4] and 23 more  1.2 s  (60 of 84 done)"));
	free(screen.text);
}

static void test_progress_slowest(void **state)
{
	struct screen screen;
	char name[16];

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 80, .total = 10 });
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "run-%d", i);
		feed_named(&screen, name, RESULT_PASSED, "", MS(1 + i * 7 % 10));
	}
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "\nslowest: run-7 10 ms, run-4 9 ms, run-1 8 ms\n"));
	free(screen.text);
}

/* A run without an end, in the middle and at last. */
static void test_progress_unfinished(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_PROGRESS,
		       (struct report_options){ .columns = 80, .total = 5 });
	feed_begin(&screen);
	feed_named(&screen, "b", RESULT_PASSED, "", MS(200));
	feed_begin(&screen);
	screen_close(&screen);
	assert_non_null(strstr(screen.text,
			       "ERROR    dial-syn-dropped[ip=4]  0 ms: it ended without a word\n"
			       "passed   b  200 ms\n"
			       "ERROR    dial-syn-dropped[ip=4]"));
	assert_non_null(strstr(screen.text, "1 passed, 0 failed, 0 skipped, 2 could not be run"));
	free(screen.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress_many),
		cmocka_unit_test(test_progress_quiet),
		cmocka_unit_test(test_progress_few_are_shown),
		cmocka_unit_test(test_progress_live),
		cmocka_unit_test(test_progress_side_by_side),
		cmocka_unit_test(test_progress_slowest),
		cmocka_unit_test(test_progress_unfinished),
	};

	return TEST_MAIN("progress", tests, NULL, NULL);
}
