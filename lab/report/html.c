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
	{ "run", "id class sign result name took open above packets later below" },
	{ "above", "title why errors story net" },
	{ "below", "checks notes remedy again fact" },
	{ "why", "text" },
	{ "fact", "name text" },
	{ "story", "prose" },
	{ "net", "drawing" },
	{ "packets", "ladder text" },
	{ "ladder", "drawing" },
	{ "text", "text" },
	{ "later", "packed" },
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

/* Bytes of packets, drawn and as text, in a page that shows all of them at once. */
enum { PLAIN_MOST = 6 << 20 };

/** struct section - a run that ended */
struct section {
	char id[24], took[40];
	char *name;
	struct html_run_text text;
	enum result result;
};

/**
 * struct report - the page so far
 * @rows: of the overview
 * @sections: @n runs that ended; @n_result: of each kind
 * @plain: bytes of their packets; @n_packed: runs whose packets wait
 */
struct report {
	FILE *out;
	bool unfold;
	struct html_run run;
	struct sheet rows;
	struct section *sections;
	int n, n_result[RESULT_COUNT];
	int n_packed;
	size_t plain;
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
	if (sheet_open(&report->rows) < 0) {
		free(report);
		return NULL;
	}
	return report;
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* Zeroed; NULL when memory is out. */
static struct section *section_add(struct report *report)
{
	int n = report->n;
	struct section *sections = report->sections;

	if (!(n & (n - 1)))
		sections = realloc(sections, (size_t)(n ? 2 * n : 1) * sizeof(*sections));
	if (!sections)
		return NULL;
	report->sections = sections;
	sections[n] = (struct section){ 0 };
	report->n++;
	return &sections[n];
}

static void section_put(const struct section *s, bool open, FILE *out)
{
	template_put(out, html_template, "run",
		     (const struct value[]){ { "id", s->id },
					     { "class", result_name(s->result) },
					     { "sign", signs[s->result] },
					     { "result", result_name(s->result) },
					     { "name", s->name },
					     { "took", s->took },
					     { "open", open ? " open=\"open\"" : "" },
					     { "above", s->text.above },
					     { "packets", s->text.packets },
					     { "later", s->text.later },
					     { "below", s->text.below },
					     { NULL, NULL } });
}

static void section_clear(struct section *s)
{
	free(s->name);
	html_run_text_clear(&s->text);
}

/* Once they are too much for a browser, the packets of all runs have to wait. */
static void packets_pack(struct report *report)
{
	if (report->plain <= PLAIN_MOST)
		return;
	for (; report->n_packed < report->n; report->n_packed++)
		html_run_text_pack(&report->sections[report->n_packed].text);
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
	const struct event_begin *begin = html_run_record(&report->run);
	struct section *s = section_add(report);

	if (!s) {
		html_run_clear(&report->run);
		return;
	}
	s->result = end && (unsigned)end->result < RESULT_COUNT ? end->result : RESULT_ERROR;
	snprintf(s->id, sizeof(s->id), "run-%d", report->n);
	if (end)
		duration_text(end->took_ns, s->took, sizeof(s->took));
	s->name = strdup(begin && begin->name[0] ? begin->name : "a run without a name");
	report->n_result[s->result]++;
	row_put(report, s, end);
	html_run_text(&report->run, s->id, end, &s->text);
	html_run_clear(&report->run);
	report->plain += s->text.packets ? strlen(s->text.packets) : 0;
	packets_pack(report);
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

static char *sections_text(struct report *report)
{
	struct sheet sheet;
	bool fits = sheet_open(&sheet) == 0;

	for (int i = 0; i < report->n; i++) {
		struct section *s = &report->sections[i];

		if (fits)
			section_put(s, report->n == 1 || is_bad(s->result), sheet.out);
		section_clear(s);
	}
	free(report->sections);
	return fits ? sheet_take(&sheet) : NULL;
}

static void page_put(struct report *report, const char *title)
{
	_cleanup_free_ char *total = totals(report);
	_cleanup_free_ char *rows = sheet_take(&report->rows);
	_cleanup_free_ char *runs = sections_text(report);

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
	if (report->n == 1 && report->sections[0].name)
		title = strdup(report->sections[0].name);
	else if (asprintf(&title, "%d runs", report->n) < 0)
		title = NULL;
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
