/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log with a run of every outcome, and the texts that reports for machines make of it. */
#ifndef NSLAB_TESTS_UNIT_REPORT_LOG_H
#define NSLAB_TESTS_UNIT_REPORT_LOG_H

#include "lab/report/ladder.h"
#include "tests/unit/report_screen.h"

/* ---- the runs of the log -------------------------------------------------------------------- */

static inline void feed_passed(struct screen *screen)
{
	feed_run(screen, "2 hits");
}

static inline void feed_failed(struct screen *screen)
{
	feed_run(screen, "3 hits");
}

static inline void feed_note(struct screen *screen, const char *text)
{
	feed(screen, (struct event){ .type = EVENT_NOTE, .host = -1, .note = { S(text) } });
}

static inline void feed_error(struct screen *screen, const char *text, const char *fix)
{
	feed(screen,
	     (struct event){ .type = EVENT_ERROR, .host = -1, .error = { S(text), S(fix), 1 } });
}

static inline void feed_other(struct screen *screen, const char *scenario)
{
	struct event event = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };

	event.begin.scenario = event.begin.name = S(scenario);
	event.begin.file = S("other.yaml");
	event.begin.repeat = S("nslab run other");
	event.begin.wall_ns = MS(1767225600000); /* 2026-01-01 00:00:00 UTC */
	feed(screen, event);
}

static inline void feed_broken(struct screen *screen)
{
	feed_other(screen, "other");
	feed_note(screen, "this kernel has no net.ipv4.x");
	feed_error(screen, "cannot add rule: EPERM (not \"permitted\")", "modprobe nf_tables");
	feed_end(screen, RESULT_ERROR, "cannot add rule: EPERM (not \"permitted\")", 0, 0);
}

static inline void feed_skipped(struct screen *screen)
{
	feed_other(screen, "other");
	feed_end(screen, RESULT_SKIPPED, "needs netem, item #1 of needs", 0, 0);
}

static inline void feed_interrupted(struct screen *screen)
{
	feed_other(screen, "other");
	feed_end(screen, RESULT_INTERRUPTED, "", 0, 0);
}

/* What happened until the log was cut. */
static inline void feed_cut(struct screen *screen)
{
	feed_begin(screen);
	feed_step(screen, MS(0.3), CLIENT, "client: dial server:8080 as conn", NULL, 0);
	feed_syn(screen, MS(0.4), 0, 0);
	feed_expectation(screen, MS(0.8), CLIENT, 16, "socket conn state SYN-SENT", "SYN-SENT",
			 "SYN-SENT");
}

/* The time ran out before anything was judged, in a run without a begin record. */
static inline void feed_nameless(struct screen *screen)
{
	feed_step(screen, MS(0.3), -1, "client: dial server:8080 as conn", NULL, 0);
	feed_end(screen, RESULT_FAILED, "the time ran out", 0, 0);
}

/* All of them, eight runs; the one that was cut is followed by another. */
static inline void feed_log(struct screen *screen)
{
	feed_passed(screen);
	feed_failed(screen);
	feed_broken(screen);
	feed_skipped(screen);
	feed_interrupted(screen);
	feed_nameless(screen);
	feed_cut(screen);
	feed_passed(screen);
}

/* ---- what is made of it --------------------------------------------------------------------- */

static inline char *report_of(const struct report_type *type, void (*log)(struct screen *))
{
	struct screen screen;

	screen_open_as(&screen, type, (struct report_options){ .columns = 80 });
	if (log)
		log(&screen);
	return screen_close(&screen);
}

/* A report that is nothing but the text ladder of one run, as those for machines embed it. */
struct report {
	FILE *out;
	struct event begin;
	struct ladder_text *ladder;
};

static inline struct report *ladder_only_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	report->out = out;
	return report;
}

static inline void ladder_only_event(struct report *report, const struct event *event)
{
	if (event->type == EVENT_BEGIN)
		assert_int_equal(event_copy(event, &report->begin), 0);
	if (!report->ladder)
		report->ladder =
			ladder_text_new(event->type == EVENT_BEGIN ? &report->begin.begin : NULL);
	if (event->type != EVENT_BEGIN)
		ladder_text_event(report->ladder, event);
}

static inline void ladder_only_close(struct report *report)
{
	char *text = ladder_text_free(report->ladder);

	fputs(text, report->out);
	free(text);
	event_clear(&report->begin);
	free(report);
}

static const struct report_type ladder_only = {
	.name = "ladder only",
	.open = ladder_only_open,
	.event = ladder_only_event,
	.close = ladder_only_close,
};

/* Write the text of a run's ladder, each line indented. */
static inline void ladder_print(FILE *out, void (*run)(struct screen *), const char *indent)
{
	char *text = report_of(&ladder_only, run), *rest = text, *line;

	assert_true(text[0]);
	while ((line = strsep(&rest, "\n")) && (line[0] || rest))
		fprintf(out, "%s%s\n", indent, line);
	free(text);
}

/* How many runs a log of events holds, told in another way than the reports do. */
struct run_count {
	bool open;
	int runs, ended;
};

static inline void run_count(struct run_count *count, enum event_type type)
{
	if (type == EVENT_BEGIN || !count->open)
		count->runs++;
	count->open = type != EVENT_END;
	count->ended += type == EVENT_END;
}

#endif
