// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workflow commands of GitHub's actions: a line in the log of a job that shows up as an annotation
 * at the scenario's line. Each is one line that we begin; whatever the log holds stands behind its
 * "::", so that it begins none.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/collect.h"
#include "lab/report/escape.h"
#include "netns/cleanup.h"

struct report {
	FILE *out;
	struct collect collect;
};

/* "::error file=F,line=1,col=2,title=CASE::"; what is not known is left out. */
static void command_begin(struct report *report, const struct collected *run, const char *level,
			  int line, int col)
{
	const char *file = collected_file(run);

	fprintf(report->out, "::%s ", level);
	if (file[0]) {
		fputs("file=", report->out);
		escape_put(report->out, &ESCAPE_GITHUB_PROPERTY, file);
		fputc(',', report->out);
		if (line > 0)
			fprintf(report->out, "line=%d,", line);
		if (line > 0 && col > 0)
			fprintf(report->out, "col=%d,", col);
	}
	fputs("title=", report->out);
	escape_put(report->out, &ESCAPE_GITHUB_PROPERTY, collected_name(run));
	fputs("::", report->out);
}

static void command_end(struct report *report)
{
	fputc('\n', report->out);
	fflush(report->out);
}

static void github_run_event(struct report *report, const struct collected *run,
			     const struct event *event)
{
	const struct event_expectation *e = &event->expectation;
	FILE *out = report->out;

	if (event->type != EVENT_EXPECTATION || e->met)
		return;
	command_begin(report, run, "error", e->line, e->col);
	escape_put(out, &ESCAPE_GITHUB, e->text);
	fputs("%0Aexpected: ", out);
	escape_put(out, &ESCAPE_GITHUB, e->expected);
	fputs("%0Aobserved: ", out);
	escape_put(out, &ESCAPE_GITHUB, e->observed);
	command_end(report);
}

/* What the end says that no expectation has said. */
static void github_run_end(struct report *report, struct collected *run)
{
	static const char *const levels[OUTCOME_COUNT] = {
		[OUTCOME_FAILED] = "error",	[OUTCOME_ERROR] = "error",
		[OUTCOME_SKIPPED] = "warning",	[OUTCOME_INTERRUPTED] = "warning",
		[OUTCOME_UNFINISHED] = "error",
	};
	enum outcome outcome = collected_outcome(run);
	const struct event_error *error = collected_error(run);
	_cleanup_free_ char *why = collected_why(run);

	/* a run that failed has told by its expectations, unless it had no time for any */
	if (!levels[outcome] || (outcome == OUTCOME_FAILED && run->n_unmet))
		return;
	command_begin(report, run, levels[outcome], 0, 0);
	escape_put(report->out, &ESCAPE_GITHUB, why ?: outcome_name(outcome));
	if (error && outcome != OUTCOME_SKIPPED) {
		if (!why || !strstr(why, error->text)) {
			fputs("%0A", report->out);
			escape_put(report->out, &ESCAPE_GITHUB, error->text);
		}
		if (error->fix[0]) {
			fputs("%0Afix: ", report->out);
			escape_put(report->out, &ESCAPE_GITHUB, error->fix);
		}
	}
	command_end(report);
}

static const struct collect_type github_runs = {
	.event = github_run_event,
	.end = github_run_end,
};

static struct report *github_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	if (!report)
		return NULL;
	report->out = out;
	report->collect.type = &github_runs;
	report->collect.report = report;
	return report;
}

static void github_event(struct report *report, const struct event *event)
{
	collect_event(&report->collect, event);
}

static void github_close(struct report *report)
{
	if (!report)
		return;
	collect_close(&report->collect);
	fflush(report->out);
	free(report);
}

const struct report_type REPORT_GITHUB = {
	.name = "github",
	.help = "annotations for GitHub's actions: what failed, at its line of the scenario",
	.open = github_open,
	.event = github_event,
	.close = github_close,
};
