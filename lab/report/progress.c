// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what a person wants to see of a run of scenarios. A few are shown as they
 * happen. Of many there is a line for each as it ends, and while somebody watches a last line that
 * says what is running; what did not pass is kept and told in full behind them, so that it is what
 * stands there in the end. In both cases the terminal report does the telling.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/report.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

enum {
	SHOWN_LIVE = 3,	   /* no more than a person wants to read */
	SLOWEST_SHOWN = 3, /* of all that ran */
	SLOWEST_OF = 10,   /* runs from which on that is of interest */
	WIDTH_WORD = 9,
};

struct slow {
	char *name;
	int64_t took_ns;
};

/** struct span - when a run ran, CLOCK_REALTIME */
struct span {
	int64_t from_ns, to_ns;
};

/**
 * struct report - the progress
 * @full: the terminal report; writes to @out, or to @text of the run under way
 * @name: of the run under way, NULL for none; @why: its first expectation that was not met
 * @wall_ns: time 0 of the run under way, CLOCK_REALTIME; @spans: of all that ended
 * @failures: what is told in the end
 * @line: a line is there that will be written anew
 */
struct report {
	FILE *out;
	struct report_options options;
	struct paper paper;
	struct report *full;
	FILE *text_out;
	char *text;
	size_t size;
	char *name, *why;
	struct report_now now;
	char **failures;
	int n_failures;
	struct slow slowest[SLOWEST_SHOWN];
	int counts[RESULT_COUNT];
	int unfinished, n;
	int64_t wall_ns;
	struct span *spans;
	int n_spans;
	bool many, line;
};

static struct report *progress_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	report->options = *options;
	report->many = options->total > SHOWN_LIVE && !options->verbose;
	paper_init(&report->paper, options->columns, options->colour, options->unicode);
	if (!report->many) {
		report->full = REPORT_TERMINAL.open(out, options);
		if (!report->full) {
			free(report);
			return NULL;
		}
	}
	return report;
}

/* Take back the line that says what is running. */
static void line_clear(struct report *report)
{
	if (report->line)
		fputs("\r\033[K", report->out);
	report->line = false;
}

static bool line_wanted(const struct report *report)
{
	return report->many && report->options.live && !report->options.quiet && report->name;
}

/* "running  dial-heals[ip=4]  1.2 s  (12 of 84)", or "… and 23 more  1.2 s  (60 of 84 done)" */
static void line_put(struct report *report)
{
	_cleanup_free_ char *text = NULL;
	const struct report_now *now = &report->now;
	char took[40], more[40] = "";
	int64_t ms = now->t_ns / 100000000 * 100000000;
	bool side_by_side = now->running > 1;

	if (!line_wanted(report))
		return;
	line_clear(report);
	if (side_by_side)
		snprintf(more, sizeof(more), " and %ld more", now->running - 1);
	if (asprintf(&text, "running  %s%s  %s  (%ld of %ld%s)", report->name, more,
		     duration_text(ms < 0 ? 0 : ms, took, sizeof(took)),
		     side_by_side ? now->over : report->n, report->options.total,
		     side_by_side ? " done" : "") < 0)
		return;
	text_put_styled(&report->paper, report->out, STYLE_DIM, text, report->paper.columns - 1);
	report->line = true;
	fflush(report->out);
}

/* What the terminal report says about one run of many is kept until it is known how it ended. */
static void full_begin(struct report *report)
{
	struct report_options options = report->options;

	options.quiet = true;
	options.live = false;
	report->text_out = open_memstream(&report->text, &report->size);
	if (report->text_out)
		report->full = REPORT_TERMINAL.open(report->text_out, &options);
}

static void full_end(struct report *report, bool keep)
{
	char **list;

	if (report->full)
		REPORT_TERMINAL.close(TAKE_PTR(report->full));
	if (!report->text_out || fclose(TAKE_PTR(report->text_out)) != 0)
		keep = false;
	if (keep && report->text[0]) {
		list = realloc(report->failures, ((size_t)report->n_failures + 1) * sizeof(*list));
		if (list) {
			report->failures = list;
			list[report->n_failures++] = TAKE_PTR(report->text);
		}
	}
	free(TAKE_PTR(report->text));
}

static void slowest_note(struct report *report, const char *name, int64_t took_ns)
{
	struct slow *slow = report->slowest;
	int i = SLOWEST_SHOWN - 1;
	char *copy;

	if (took_ns <= slow[i].took_ns)
		return;
	copy = strdup(name);
	if (!copy)
		return;
	free(slow[i].name);
	for (; i > 0 && took_ns > slow[i - 1].took_ns; i--)
		slow[i] = slow[i - 1];
	slow[i] = (struct slow){ copy, took_ns };
}

static void span_note(struct report *report, int64_t took_ns)
{
	struct span *spans = report->spans, *span;

	if (!(report->n_spans & (report->n_spans - 1)))
		spans = realloc(spans, (report->n_spans ? 2 * (size_t)report->n_spans : 1) *
					       sizeof(*spans));
	if (!spans)
		return;
	report->spans = spans;
	span = &spans[report->n_spans++];
	/* a log may say anything */
	span->from_ns = report->wall_ns < 0 ? 0 : report->wall_ns;
	if (__builtin_add_overflow(span->from_ns, took_ns, &span->to_ns))
		span->to_ns = INT64_MAX;
}

static int span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

/* How long at least one of the runs was under way: some may have run side by side. */
static int64_t spans_took(const struct report *report)
{
	int64_t sum = 0, until = INT64_MIN;

	if (report->n_spans)
		qsort(report->spans, (size_t)report->n_spans, sizeof(*report->spans), span_order);
	for (int i = 0; i < report->n_spans; i++) {
		const struct span *span = &report->spans[i];
		int64_t from = span->from_ns > until ? span->from_ns : until;

		if (span->to_ns <= from)
			continue;
		sum += span->to_ns - from;
		until = span->to_ns;
	}
	return sum;
}

/* "passed     dial-ok[ip=4]  12 ms", and why if it did not */
static void result_put(struct report *report, const struct event_end *end)
{
	static const struct {
		const char *word;
		enum style style;
	} words[RESULT_COUNT] = {
		[RESULT_PASSED] = { "passed", STYLE_GREEN },
		[RESULT_FAILED] = { "FAILED", STYLE_RED },
		[RESULT_ERROR] = { "ERROR", STYLE_RED },
		[RESULT_SKIPPED] = { "skipped", STYLE_YELLOW },
		[RESULT_INTERRUPTED] = { "interrupted", STYLE_YELLOW },
	};
	enum result result = end ? end->result : RESULT_ERROR;
	const char *why = !end			  ? "it ended without a word" :
			  result == RESULT_PASSED ? "" :
			  end->text[0]		  ? end->text :
			  report->why		  ? report->why :
						    "";
	_cleanup_free_ char *text = NULL;
	char took[40];
	int col;

	if (!report->many || (report->options.quiet && result == RESULT_PASSED))
		return;
	if (asprintf(&text, "%s  %s%s%s", report->name,
		     duration_text(end ? end->took_ns : 0, took, sizeof(took)), why[0] ? ": " : "",
		     why) < 0)
		return;
	col = text_put_styled(&report->paper, report->out, words[result].style, words[result].word,
			      report->paper.columns);
	text_pad(report->out, col, WIDTH_WORD);
	/* not cut: what is long is worth reading */
	text_put(&report->paper, report->out, text, INT_MAX);
	fputc('\n', report->out);
}

static void run_end(struct report *report, const struct event_end *end)
{
	if (!report->name)
		return;
	line_clear(report);
	if (end) {
		report->counts[end->result]++;
		span_note(report, end->took_ns);
		slowest_note(report, report->name, end->took_ns);
	} else {
		report->unfinished++;
	}
	result_put(report, end);
	if (report->many)
		full_end(report,
			 !end || end->result == RESULT_FAILED || end->result == RESULT_ERROR);
	free(TAKE_PTR(report->name));
	free(TAKE_PTR(report->why));
	fflush(report->out);
}

static void run_begin(struct report *report, const struct event_begin *begin)
{
	report->name = strdup(begin ? begin->name : "a run without a name");
	report->now.t_ns = 0;
	report->wall_ns = begin ? begin->wall_ns : 0;
	report->n++;
	if (report->many)
		full_begin(report);
	line_put(report);
}

static void unmet_note(struct report *report, const struct event_expectation *e)
{
	if (!e->met && !report->why &&
	    asprintf(&report->why, "line %d: %s: expected %s, observed %s", e->line, e->text,
		     e->expected, e->observed) < 0)
		report->why = NULL;
}

static void progress_event(struct report *report, const struct event *event)
{
	if (event->type == EVENT_BEGIN)
		run_end(report, NULL);
	if (event->type == EVENT_BEGIN || !report->name)
		run_begin(report, event->type == EVENT_BEGIN ? &event->begin : NULL);
	if (event->type == EVENT_EXPECTATION)
		unmet_note(report, &event->expectation);
	if (report->full)
		REPORT_TERMINAL.event(report->full, event);
	if (event->type == EVENT_END)
		run_end(report, &event->end);
}

static void progress_tick(struct report *report, const struct report_now *now)
{
	report->now = *now;
	line_put(report);
	if (!report->many)
		REPORT_TERMINAL.tick(report->full, now);
}

static void slowest_put(const struct report *report)
{
	char took[40];

	if (report->n < SLOWEST_OF || report->options.quiet)
		return;
	fputs("slowest: ", report->out);
	for (int i = 0; i < SLOWEST_SHOWN && report->slowest[i].name; i++) {
		fputs(i ? ", " : "", report->out);
		text_put(&report->paper, report->out, report->slowest[i].name,
			 report->paper.columns);
		fprintf(report->out, " %s",
			duration_text(report->slowest[i].took_ns, took, sizeof(took)));
	}
	fputc('\n', report->out);
}

static void summary_put(const struct report *report)
{
	FILE *out = report->out;
	char took[40];

	if (report->n < 2)
		return;
	if (!report->options.quiet || report->n_failures)
		fputc('\n', out);
	slowest_put(report);
	fprintf(out, "%d passed, %d failed, %d skipped", report->counts[RESULT_PASSED],
		report->counts[RESULT_FAILED], report->counts[RESULT_SKIPPED]);
	if (report->counts[RESULT_ERROR] + report->unfinished)
		fprintf(out, ", %d could not be run",
			report->counts[RESULT_ERROR] + report->unfinished);
	if (report->counts[RESULT_INTERRUPTED])
		fprintf(out, ", %d interrupted", report->counts[RESULT_INTERRUPTED]);
	fprintf(out, " in %s\n", duration_text(spans_took(report), took, sizeof(took)));
}

static void progress_close(struct report *report)
{
	if (!report)
		return;
	run_end(report, NULL);
	if (report->full)
		REPORT_TERMINAL.close(report->full);
	for (int i = 0; i < report->n_failures; i++) {
		fprintf(report->out, "\n%s", report->failures[i]);
		free(report->failures[i]);
	}
	free(report->failures);
	summary_put(report);
	free(report->spans);
	fflush(report->out);
	for (int i = 0; i < SLOWEST_SHOWN; i++)
		free(report->slowest[i].name);
	paper_release(&report->paper);
	free(report);
}

const struct report_type REPORT_PROGRESS = {
	.name = "progress",
	.help = "what people see: a few runs as they happen, of many a line each and the failures",
	.open = progress_open,
	.event = progress_event,
	.tick = progress_tick,
	.close = progress_close,
};
