// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One page that needs nothing else: the overview, then each run. The overview comes first and is
 * known last, so what the page is made of waits in memory as text; of the events themselves only
 * those of the run under way are kept.
 */
#include "lab/report/html.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/html_files.h"
#include "lab/report/html_run.h"
#include "lab/report/report.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

const struct template_block html_blocks[] = {
	{ "page", "title total row style script run" },
	{ "total", "class sign name n" },
	{ "row", "nr id name title class sign result ns took checks unmet kernel shaper why" },
	{ "run", "id class sign result name took open body" },
	{ "body", "title why fact story net ladder text checks notes errors remedy again" },
	{ "why", "text" },
	{ "fact", "name text" },
	{ "story", "prose" },
	{ "net", "drawing" },
	{ "ladder", "drawing later" },
	{ "later", "drawing" },
	{ "text", "text" },
	{ "checks", "check" },
	{ "check", "class sign line host text expected observed" },
	{ "notes", "note" },
	{ "note", "time host text" },
	{ "errors", "error" },
	{ "error", "text fix" },
	{ "fix", "fix" },
	{ "remedy", "prose" },
	{ "again", "command" },
	{ NULL, NULL },
};

/** struct section - a finished run, until it is known whether it is the only one */
struct section {
	char id[24], took[40];
	char *name, *body;
	enum result result;
	bool any;
};

/**
 * struct report - the page so far
 * @rows: of the overview; @runs: their sections, but for the latest, which is @last
 * @n: runs that ended; @n_result: of each kind
 * @drawn: see html_run_body()
 */
struct report {
	FILE *out;
	bool unfold;
	struct html_run run;
	struct sheet rows, runs;
	struct section last;
	int n, n_result[RESULT_COUNT];
	size_t drawn;
};

static const char *const signs[RESULT_COUNT] = {
	[RESULT_PASSED] = "✓",	[RESULT_FAILED] = "✗",	    [RESULT_ERROR] = "!",
	[RESULT_SKIPPED] = "–", [RESULT_INTERRUPTED] = "■",
};

static bool is_bad(enum result result)
{
	return result == RESULT_FAILED || result == RESULT_ERROR;
}

static struct report *html_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

#ifndef NDEBUG
	_cleanup_free_ char *wrong = template_check(html_template, html_blocks);

	assert(!wrong);
#endif
	if (!report)
		return NULL;
	report->out = out;
	report->unfold = options->unfold;
	if (sheet_open(&report->rows) < 0 || sheet_open(&report->runs) < 0) {
		sheet_clear(&report->rows);
		free(report);
		return NULL;
	}
	return report;
}

/* ---- runs ----------------------------------------------------------------------------------- */

static void section_put(struct report *report, bool open)
{
	struct section *s = &report->last;

	if (!s->any)
		return;
	template_put(report->runs.out, html_template, "run",
		     (const struct value[]){ { "id", s->id },
					     { "class", result_name(s->result) },
					     { "sign", signs[s->result] },
					     { "result", result_name(s->result) },
					     { "name", s->name },
					     { "took", s->took },
					     { "open", open ? " open=\"open\"" : "" },
					     { "body", s->body },
					     { NULL, NULL } });
	free(s->name);
	free(s->body);
	*s = (struct section){ 0 };
}

static void row_put(struct report *report, const struct section *s, const struct event_end *end)
{
	const struct html_run *run = &report->run;
	const struct event_begin *begin = html_run_record(run);
	int met = end ? end->met : run->met, unmet = end ? end->unmet : run->unmet;
	char nr[16], ns[32], checks[64], bad[16];

	snprintf(nr, sizeof(nr), "%d", report->n);
	snprintf(ns, sizeof(ns), "%" PRId64, end ? end->took_ns : -1);
	snprintf(checks, sizeof(checks), "%d of %lld", met, (long long)met + unmet);
	snprintf(bad, sizeof(bad), "%d", unmet);
	template_put(report->rows.out, html_template, "row",
		     (const struct value[]){ { "nr", nr },
					     { "id", s->id },
					     { "name", s->name },
					     { "title", begin ? begin->title : "" },
					     { "class", result_name(s->result) },
					     { "sign", signs[s->result] },
					     { "result", result_name(s->result) },
					     { "ns", ns },
					     { "took", s->took },
					     { "checks", checks },
					     { "unmet", bad },
					     { "kernel", begin ? begin->kernel : "" },
					     { "shaper", begin ? begin->shaper : "" },
					     { "why", html_run_why(run, end) },
					     { NULL, NULL } });
}

static void run_ended(struct report *report, const struct event_end *end)
{
	struct section *s = &report->last;
	const struct event_begin *begin = html_run_record(&report->run);

	section_put(report, is_bad(s->result));
	report->n++;
	s->any = true;
	s->result = end && (unsigned)end->result < RESULT_COUNT ? end->result : RESULT_ERROR;
	snprintf(s->id, sizeof(s->id), "run-%d", report->n);
	if (end)
		duration_text(end->took_ns, s->took, sizeof(s->took));
	s->name = strdup(begin && begin->name[0] ? begin->name : "a run without a name");
	report->n_result[s->result]++;
	row_put(report, s, end);
	s->body = html_run_body(&report->run, s->id, end, &report->drawn);
	html_run_clear(&report->run);
}

static void html_event(struct report *report, const struct event *event)
{
	if (event->type == EVENT_BEGIN) {
		if (report->run.open)
			run_ended(report, NULL);
		html_run_begin(&report->run, event, report->unfold);
		return;
	}
	if (!report->run.open && html_run_begin(&report->run, NULL, report->unfold) < 0)
		return;
	if (event->type == EVENT_END)
		run_ended(report, &event->end);
	else
		html_run_event(&report->run, event);
}

/* ---- the page ------------------------------------------------------------------------------- */

static char *totals(const struct report *report)
{
	struct sheet sheet;

	if (sheet_open(&sheet) < 0)
		return NULL;
	for (int i = 0; i < RESULT_COUNT; i++) {
		char n[16];

		if (!report->n_result[i])
			continue;
		snprintf(n, sizeof(n), "%d", report->n_result[i]);
		template_put(sheet.out, html_template, "total",
			     (const struct value[]){ { "class", result_name((enum result)i) },
						     { "sign", signs[i] },
						     { "name", result_name((enum result)i) },
						     { "n", n },
						     { NULL, NULL } });
	}
	return sheet_take(&sheet);
}

static void page_put(struct report *report, const char *title)
{
	_cleanup_free_ char *total = totals(report);
	_cleanup_free_ char *rows = sheet_take(&report->rows);
	_cleanup_free_ char *runs = sheet_take(&report->runs);

	template_put(report->out, html_template, "page",
		     (const struct value[]){ { "title", title },
					     { "total", total },
					     { "row", rows },
					     { "style", html_style },
					     { "script", html_script },
					     { "run", runs },
					     { NULL, NULL } });
	fflush(report->out);
}

static void html_close(struct report *report)
{
	_cleanup_free_ char *title = NULL;

	if (!report)
		return;
	if (report->run.open)
		run_ended(report, NULL);
	if (report->n == 1 && report->last.name)
		title = strdup(report->last.name);
	else if (asprintf(&title, "%d runs", report->n) < 0)
		title = NULL;
	section_put(report, report->n == 1 || is_bad(report->last.result));
	page_put(report, title);
	free(report);
}

const struct report_type REPORT_HTML = {
	.name = "html",
	.help = "a page that shows all runs, with drawings; needs nothing but a browser",
	.option = "html",
	.takes_file = true,
	.open = html_open,
	.event = html_event,
	.close = html_close,
};
