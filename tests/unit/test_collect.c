// SPDX-License-Identifier: GPL-2.0-or-later
/* The runs of a log: where each begins and ends, and what is kept of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab/report/collect.h"
#include "tests/unit/report_screen.h"

/* A report that writes down what it is told: "<", a letter for each event, and ">" with the end. */
struct report {
	FILE *out;
	struct collect collect;
};

static void told_begin(struct report *report, const struct collected *run)
{
	fprintf(report->out, "<%s ", collected_name(run));
}

static void told_event(struct report *report, const struct collected *run,
		       const struct event *event)
{
	(void)run;
	fputc(event_type_name(event->type)[0], report->out);
}

static void told_end(struct report *report, struct collected *run)
{
	_cleanup_free_ char *why = collected_why(run);

	fprintf(report->out, " %s, %s, %lld ns, met %lld, unmet %d, notes %d%s>\n",
		outcome_name(collected_outcome(run)), why, (long long)collected_took_ns(run),
		(long long)run->n_met, run->n_unmet, run->n_notes, run->ladder ? ", ladder" : "");
}

static const struct collect_type told_runs = {
	.ladder = true,
	.begin = told_begin,
	.event = told_event,
	.end = told_end,
};

static struct report *told_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	report->out = out;
	report->collect.type = &told_runs;
	report->collect.report = report;
	return report;
}

static void told_take(struct report *report, const struct event *event)
{
	collect_event(&report->collect, event);
}

static void told_close(struct report *report)
{
	collect_close(&report->collect);
	free(report);
}

static const struct report_type told = {
	.name = "told",
	.open = told_open,
	.event = told_take,
	.close = told_close,
};

static void told_start(struct screen *screen)
{
	screen_open_as(screen, &told, (struct report_options){ .columns = 80 });
}

static void assert_told(struct screen *screen, const char *expected)
{
	_cleanup_free_ char *text = screen_close(screen);

	assert_string_equal(text, expected);
}

static void feed_took(struct screen *screen, enum result result, int64_t took_ns)
{
	feed(screen,
	     (struct event){ .type = EVENT_END,
			     .host = -1,
			     .end = { .result = result, .text = S(""), .took_ns = took_ns } });
}

/* Without a begin record, without an end, and one behind the other. */
static void test_bounds(void **state)
{
	struct screen screen;

	(void)state;
	told_start(&screen);
	assert_told(&screen, "");

	told_start(&screen);
	feed_begin(&screen);
	feed_took(&screen, RESULT_PASSED, 5);
	feed_expectation(&screen, 7, -1, 1, "a", "1", "2");
	feed_begin(&screen);
	feed_begin(&screen);
	feed_expectation(&screen, 9, -1, 1, "a", "1", "1");
	assert_told(
		&screen,
		"<dial-syn-dropped[ip=4] be passed, passed, 5 ns, met 0, unmet 0, notes 0>\n"
		"<a run without a name e unfinished, the log ends before the run did: it was killed, or "
		"the log is cut, 7 ns, met 0, unmet 1, notes 0, ladder>\n"
		"<dial-syn-dropped[ip=4] b unfinished, the log ends before the run did: it was killed, "
		"or the log is cut, 0 ns, met 0, unmet 0, notes 0, ladder>\n"
		"<dial-syn-dropped[ip=4] be unfinished, the log ends before the run did: it was killed, "
		"or the log is cut, 9 ns, met 1, unmet 0, notes 0, ladder>\n");
}

/* An end alone is a run; what took less than no time took none. */
static void test_took(void **state)
{
	struct screen screen;

	(void)state;
	told_start(&screen);
	feed_took(&screen, RESULT_PASSED, INT64_MIN);
	feed_took(&screen, RESULT_SKIPPED, INT64_MAX);
	feed_took(&screen, (enum result)77, -1);
	assert_told(&screen,
		    "<a run without a name e passed, passed, 0 ns, met 0, unmet 0, notes 0>\n"
		    "<a run without a name e skipped, skipped, 9223372036854775807 ns, met 0, unmet 0, "
		    "notes 0>\n"
		    "<a run without a name e error, error, 0 ns, met 0, unmet 0, notes 0, ladder>\n");
}

static void feed_error(struct screen *screen, const char *text)
{
	feed(screen,
	     (struct event){ .type = EVENT_ERROR, .host = -1, .error = { S(text), S(""), 1 } });
}

static void feed_why(struct screen *screen, enum result result, const char *text, int signal)
{
	feed(screen, (struct event){ .type = EVENT_END,
				     .host = -1,
				     .end = { .result = result,
					      .text = S(text),
					      .signal = signal,
					      .met = INT32_MAX,
					      .unmet = INT32_MAX } });
}

/* The first error is the cause of those that follow. */
static void test_why(void **state)
{
	struct screen screen;

	(void)state;
	told_start(&screen);
	feed_error(&screen, "first");
	feed_error(&screen, "second");
	feed_took(&screen, RESULT_ERROR, 1);
	feed_error(&screen, "first");
	feed_why(&screen, RESULT_ERROR, "end", 0);
	feed_why(&screen, RESULT_INTERRUPTED, "", 15);
	feed_why(&screen, RESULT_INTERRUPTED, "too slow", 99);
	feed_why(&screen, RESULT_FAILED, "the time ran out", 0);
	assert_told(
		&screen,
		"<a run without a name eee error, first, 1 ns, met 0, unmet 0, notes 0, ladder>\n"
		"<a run without a name ee error, end, 0 ns, met 0, unmet 0, notes 0, ladder>\n"
		"<a run without a name e interrupted, interrupted by SIGTERM, 0 ns, met 0, unmet 0, "
		"notes 0, ladder>\n"
		"<a run without a name e interrupted, interrupted by a signal: too slow, 0 ns, met 0, "
		"unmet 0, notes 0, ladder>\n"
		"<a run without a name e failed, 2147483647 of 4294967294 expectations not met: the "
		"time ran out, 0 ns, met 0, unmet 0, notes 0, ladder>\n");
}

/* More than one step of the lists that grow. */
static void test_many(void **state)
{
	struct screen screen;

	(void)state;
	told_start(&screen);
	for (int i = 0; i < 70; i++) {
		feed(&screen,
		     (struct event){ .type = EVENT_NOTE, .host = -1, .note = { S("note") } });
		feed_expectation(&screen, i, -1, i, "a", "1", i % 2 ? "1" : "2");
	}
	feed_took(&screen, RESULT_PASSED, 1);
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "met 35, unmet 35, notes 70>"));
	free(screen.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_took),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
