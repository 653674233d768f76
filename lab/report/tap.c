// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Test Anything Protocol, version 14 (testanything.org): a test point for each run, with its
 * expectations as a subtest before it. Points go out as they become known, so the plan stands at
 * the end. Whatever a text holds, it stays in its line: descriptions are escaped, values are YAML
 * strings in double quotes, and the ladder is an indented block whose first line is ours, so that
 * its depth is known without an indicator, which not every consumer understands.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/collect.h"
#include "lab/report/escape.h"
#include "netns/cleanup.h"

#define INDENT "    "

/**
 * struct report - TAP
 * @points: runs that have ended; @subpoints: expectations of the run under way
 * @bail: why the latest run was interrupted, if it was; another run takes it back
 */
struct report {
	FILE *out;
	struct collect collect;
	long long points, subpoints;
	char *bail;
};

/* "      key: "value"" */
static void yaml_put(FILE *out, const char *indent, const char *key, const char *value)
{
	fprintf(out, "%s%s: \"", indent, key);
	escape_put(out, &ESCAPE_YAML, value);
	fputs("\"\n", out);
}

static void point_put(FILE *out, const char *indent, bool ok, long long number, const char *text)
{
	fprintf(out, "%s%sok %lld - ", indent, ok ? "" : "not ", number);
	escape_put(out, &ESCAPE_TAP, text);
}

/* Before the first point of a run: without points there is no subtest. */
static void subtest_begin(struct report *report, const struct collected *run)
{
	if (report->subpoints)
		return;
	fputs("# Subtest: ", report->out);
	escape_put(report->out, &ESCAPE_TAP, collected_name(run));
	fputc('\n', report->out);
}

static void unmet_put(FILE *out, const char *file, const struct event_expectation *e)
{
	_cleanup_free_ char *message = NULL;

	if (asprintf(&message, "expected %s, observed %s", e->expected, e->observed) < 0)
		message = NULL;
	fputs(INDENT "  ---\n", out);
	yaml_put(out, INDENT "  ", "message", message ?: "");
	yaml_put(out, INDENT "  ", "severity", "fail");
	fputs(INDENT "  at:\n", out);
	yaml_put(out, INDENT "    ", "file", file);
	fprintf(out, INDENT "    line: %d\n" INDENT "    column: %d\n", e->line, e->col);
	yaml_put(out, INDENT "  ", "wanted", e->expected);
	yaml_put(out, INDENT "  ", "found", e->observed);
	fputs(INDENT "  ...\n", out);
}

static void expectation_put(struct report *report, const struct collected *run,
			    const struct event_expectation *e)
{
	subtest_begin(report, run);
	point_put(report->out, INDENT, e->met, ++report->subpoints, e->text);
	fputc('\n', report->out);
	if (!e->met)
		unmet_put(report->out, collected_file(run), e);
}

static void tap_run_begin(struct report *report, const struct collected *run)
{
	(void)run;
	report->subpoints = 0;
	free(TAKE_PTR(report->bail));
}

static void tap_run_event(struct report *report, const struct collected *run,
			  const struct event *event)
{
	if (event->type == EVENT_EXPECTATION) {
		expectation_put(report, run, &event->expectation);
		fflush(report->out);
	} else if (event->type == EVENT_NOTE) {
		fprintf(report->out, "%s# note: ", report->subpoints ? INDENT : "");
		escape_put(report->out, &ESCAPE_LINE, event->note.text);
		fputc('\n', report->out);
		fflush(report->out);
	}
}

static void ladder_put(FILE *out, char *ladder)
{
	char *line;

	fputs("  ladder: |\n" INDENT "Time goes down, an arrow is a packet:\n", out);
	while ((line = strsep(&ladder, "\n"))) {
		if (!line[0] && !ladder)
			break;
		fputs(INDENT, out);
		escape_put(out, &ESCAPE_LINE, line);
		fputc('\n', out);
	}
}

/* What went wrong with the run itself. */
static void wrong_put(FILE *out, struct collected *run, const char *why)
{
	const struct event_begin *begin = collected_begin(run);
	const struct event_error *error = collected_error(run);
	enum outcome outcome = collected_outcome(run);

	fputs("  ---\n", out);
	yaml_put(out, "  ", "message", why);
	yaml_put(out, "  ", "severity", outcome == OUTCOME_FAILED ? "fail" : "error");
	yaml_put(out, "  ", "result", outcome_name(outcome));
	if (error) {
		yaml_put(out, "  ", "error", error->text);
		if (error->fix[0])
			yaml_put(out, "  ", "fix", error->fix);
	}
	if (begin) {
		yaml_put(out, "  ", "file", begin->file);
		yaml_put(out, "  ", "repeat", begin->repeat);
	}
	if (run->ladder)
		ladder_put(out, run->ladder);
	fputs("  ...\n", out);
}

static void tap_run_end(struct report *report, struct collected *run)
{
	enum outcome outcome = collected_outcome(run);
	bool ok = outcome == OUTCOME_PASSED || outcome == OUTCOME_SKIPPED;
	_cleanup_free_ char *why = collected_why(run);
	FILE *out = report->out;

	if (report->subpoints)
		fprintf(out, INDENT "1..%lld\n", report->subpoints);
	point_put(out, "", ok, ++report->points, collected_name(run));
	if (outcome == OUTCOME_SKIPPED) {
		fputs(" # SKIP ", out);
		escape_put(out, &ESCAPE_TAP, why ?: "");
	}
	fputc('\n', out);
	if (!ok)
		wrong_put(out, run, why ?: "");
	if (outcome == OUTCOME_INTERRUPTED)
		report->bail = TAKE_PTR(why);
	fflush(out);
}

static const struct collect_type tap_runs = {
	.ladder = true,
	.begin = tap_run_begin,
	.event = tap_run_event,
	.end = tap_run_end,
};

static struct report *tap_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	if (!report)
		return NULL;
	report->out = out;
	report->collect.type = &tap_runs;
	report->collect.report = report;
	fputs("TAP version 14\n", out);
	fflush(out);
	return report;
}

static void tap_event(struct report *report, const struct event *event)
{
	collect_event(&report->collect, event);
}

static void tap_close(struct report *report)
{
	if (!report)
		return;
	collect_close(&report->collect);
	fprintf(report->out, "1..%lld%s\n", report->points, report->points ? "" : " # no runs");
	if (report->bail) {
		fputs("Bail out! ", report->out);
		escape_put(report->out, &ESCAPE_LINE, report->bail);
		fputc('\n', report->out);
	}
	fflush(report->out);
	free(report->bail);
	free(report);
}

const struct report_type REPORT_TAP = {
	.name = "tap",
	.help = "TAP version 14: a test point for each run, its expectations as a subtest",
	.option = "tap",
	.open = tap_open,
	.event = tap_event,
	.close = tap_close,
};
