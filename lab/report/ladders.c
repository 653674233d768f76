// SPDX-License-Identifier: GPL-2.0-or-later
/* The ladder as a report of its own: for each run its name, the picture, and what it came to. */
#include <stdlib.h>
#include <string.h>

#include "lab/report/ladder.h"
#include "lab/report/report.h"
#include "netns/cleanup.h"

/**
 * struct report - the ladders
 * @begin: of the run under way, zeroed if there was none
 */
struct report {
	FILE *out;
	struct report_options options;
	struct paper paper;
	struct event begin;
	struct ladder *ladder;
	bool any;
};

static struct report *ladders_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	report->options = *options;
	paper_init(&report->paper, options->columns, options->colour, options->unicode);
	return report;
}

static void run_begin(struct report *report, const struct event *begin)
{
	const struct event_begin *b = NULL;

	if (report->any)
		fputc('\n', report->out);
	report->any = true;
	if (begin && event_copy(begin, &report->begin) == 0) {
		b = &report->begin.begin;
		text_put_styled(&report->paper, report->out, STYLE_BOLD, b->name,
				report->paper.columns);
		fputs("\n\n", report->out);
	}
	report->ladder = ladder_new(b, &report->paper, &report->options, report->out);
}

/* @end: NULL if the log has none */
static void run_end(struct report *report, const struct event_end *end)
{
	_cleanup_free_ char *text = NULL;
	char took[40];
	int r;

	ladder_free(TAKE_PTR(report->ladder));
	if (!end)
		r = asprintf(&text, "the log ends before the run did");
	else
		r = asprintf(&text, "%s after %s%s%s", result_name(end->result),
			     duration_text(end->took_ns, took, sizeof(took)),
			     end->text[0] ? ": " : "", end->text);
	if (r >= 0)
		text_wrap(&report->paper, report->out, text, 0, 0);
	event_clear(&report->begin);
}

static void ladders_event(struct report *report, const struct event *event)
{
	if (event->type == EVENT_BEGIN) {
		if (report->ladder)
			run_end(report, NULL);
		run_begin(report, event);
		return;
	}
	if (!report->ladder)
		run_begin(report, NULL);
	if (report->ladder)
		ladder_event(report->ladder, event);
	if (event->type == EVENT_END)
		run_end(report, &event->end);
}

static void ladders_close(struct report *report)
{
	if (!report)
		return;
	if (report->ladder)
		run_end(report, NULL);
	fflush(report->out);
	paper_release(&report->paper);
	free(report);
}

const struct report_type REPORT_LADDER = {
	.name = "ladder",
	.help = "a sequence diagram: a lifeline for each host, an arrow for each packet",
	.option = "ladder",
	.open = ladders_open,
	.event = ladders_event,
	.close = ladders_close,
};
