// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/html_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/report/html_draw.h"
#include "lab/report/html_files.h"
#include "lab/report/html_pack.h"
#include "lab/report/html_words.h"
#include "lab/report/markup.h"
#include "lab/report/template.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

const struct event_begin *html_run_record(const struct html_run *run)
{
	/* a zeroed event is no begin record: those have all strings */
	return run->begin.begin.name ? &run->begin.begin : NULL;
}

void html_run_clear(struct html_run *run)
{
	chart_free(run->chart);
	free(ladder_text_free(run->ladder));
	sheet_clear(&run->checks);
	sheet_clear(&run->notes);
	sheet_clear(&run->errors);
	event_clear(&run->begin);
	free(run->why);
	*run = (struct html_run){ 0 };
}

int html_run_begin(struct html_run *run, const struct event *event, bool unfold)
{
	html_run_clear(run);
	if (event && event_copy(event, &run->begin) < 0)
		return -ENOMEM;
	run->chart = chart_new(html_run_record(run), unfold);
	run->ladder = ladder_text_new(html_run_record(run));
	if (!run->chart || !run->ladder || sheet_open(&run->checks) < 0 ||
	    sheet_open(&run->notes) < 0 || sheet_open(&run->errors) < 0) {
		html_run_clear(run);
		return -ENOMEM;
	}
	run->open = true;
	return 0;
}

/* ---- what is gathered ------------------------------------------------------------------------ */

static const char *host_name(const struct html_run *run, int host, char *buf, size_t size)
{
	return host < 0 ? "" : words_host(html_run_record(run), host, buf, size);
}

static void check_add(struct html_run *run, const struct event *event)
{
	const struct event_expectation *e = &event->expectation;
	char line[24], host[32];

	snprintf(line, sizeof(line), "%d", e->line);
	template_put(run->checks.out, html_template, "check",
		     (const struct value[]){
			     { "class", e->met ? "passed" : "failed" },
			     { "sign", e->met ? "✓ met" : "✗ not met" },
			     { "line", line },
			     { "host", host_name(run, event->host, host, sizeof(host)) },
			     { "text", e->text },
			     { "expected", e->expected },
			     { "observed", e->observed },
			     { NULL, NULL } });
	if (e->met)
		run->met++;
	else
		run->unmet++;
}

static void note_add(struct html_run *run, const struct event *event)
{
	char host[32], when[40];

	template_put(run->notes.out, html_template, "note",
		     (const struct value[]){
			     { "time", layout_time(event->t_ns, when, sizeof(when)) },
			     { "host", host_name(run, event->host, host, sizeof(host)) },
			     { "text", event->note.text },
			     { NULL, NULL } });
}

static void error_add(struct html_run *run, const struct event *event)
{
	_cleanup_free_ char *fix = NULL;
	struct sheet sheet;

	if (event->error.fix && event->error.fix[0] && sheet_open(&sheet) == 0) {
		template_put(sheet.out, html_template, "fix",
			     (const struct value[]){ { "fix", event->error.fix }, { NULL, NULL } });
		fix = sheet_take(&sheet);
	}
	template_put(run->errors.out, html_template, "error",
		     (const struct value[]){
			     { "text", event->error.text }, { "fix", fix }, { NULL, NULL } });
	if (!run->why)
		run->why = strdup(event->error.text);
}

void html_run_event(struct html_run *run, const struct event *event)
{
	chart_event(run->chart, event);
	ladder_text_event(run->ladder, event);
	if (event->type == EVENT_EXPECTATION)
		check_add(run, event);
	else if (event->type == EVENT_NOTE)
		note_add(run, event);
	else if (event->type == EVENT_ERROR)
		error_add(run, event);
}

const char *html_run_why(const struct html_run *run, const struct event_end *end)
{
	if (!end)
		return "the log ends before the run did: it was killed, or the log is cut";
	if (end->text && end->text[0])
		return end->text;
	return end->result == RESULT_ERROR && run->why ? run->why : "";
}

/* ---- chapters -------------------------------------------------------------------------------- */

/* A block with one value, nothing where that is empty; malloced. */
static char *chapter(const char *block, const char *name, const char *text)
{
	struct sheet sheet;

	if (!text || !text[0] || sheet_open(&sheet) < 0)
		return NULL;
	template_put(sheet.out, html_template, block,
		     (const struct value[]){ { name, text }, { NULL, NULL } });
	return sheet_take(&sheet);
}

static char *prose_chapter(const char *block, const char *prose)
{
	_cleanup_free_ char *markup = NULL;
	struct sheet sheet;

	if (!prose || !prose[0] || sheet_open(&sheet) < 0)
		return NULL;
	markup_prose(sheet.out, prose);
	markup = sheet_take(&sheet);
	return chapter(block, "prose", markup);
}

static char *net_chapter(const struct html_run *run, const char *id)
{
	const struct event_begin *begin = html_run_record(run);
	_cleanup_free_ char *drawing = NULL;
	struct sheet sheet;

	if (!begin || sheet_open(&sheet) < 0)
		return NULL;
	draw_topology(begin, id, sheet.out);
	drawing = sheet_take(&sheet);
	return chapter("net", "drawing", drawing);
}

static char *ladder_chapter(struct html_run *run, const char *id)
{
	_cleanup_free_ char *drawing = NULL;
	struct sheet sheet;

	chart_end(run->chart);
	if (sheet_open(&sheet) < 0)
		return NULL;
	draw_ladder(run->chart, id, sheet.out);
	drawing = sheet_take(&sheet);
	return drawing ? chapter("ladder", "drawing", drawing[0] ? drawing : "\n") : NULL;
}

static char *text_chapter(struct html_run *run)
{
	_cleanup_free_ char *text = ladder_text_free(TAKE_PTR(run->ladder));

	return chapter("text", "text", text);
}

/* Drawn, and as text. */
static char *packets_chapter(struct html_run *run, const char *id)
{
	_cleanup_free_ char *ladder = ladder_chapter(run, id), *text = text_chapter(run);
	struct sheet sheet;

	if (sheet_open(&sheet) < 0)
		return NULL;
	template_put(sheet.out, html_template, "packets",
		     (const struct value[]){
			     { "ladder", ladder }, { "text", text }, { NULL, NULL } });
	return sheet_take(&sheet);
}

/* "2026-01-01 00:00:00 UTC" */
static const char *date_text(int64_t wall_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm))
		buf[0] = '\0';
	return buf;
}

static void fact_put(FILE *out, const char *name, const char *text)
{
	if (text && text[0])
		template_put(out, html_template, "fact",
			     (const struct value[]){
				     { "name", name }, { "text", text }, { NULL, NULL } });
}

static char *facts(const struct html_run *run)
{
	const struct event_begin *begin = html_run_record(run);
	char seed[32], date[64], inverted[32];
	struct sheet sheet;

	if (!begin || sheet_open(&sheet) < 0)
		return NULL;
	snprintf(seed, sizeof(seed), "%" PRId64, begin->seed);
	snprintf(inverted, sizeof(inverted), "%d", begin->inverted);
	fact_put(sheet.out, "parameters", begin->set);
	fact_put(sheet.out, "seed", seed);
	fact_put(sheet.out, "kernel", begin->kernel);
	fact_put(sheet.out, "links shaped by", begin->shaper);
	fact_put(sheet.out, "rights", begin->root ? "root" : "user namespace");
	fact_put(sheet.out, "begun", date_text(begin->wall_ns, date, sizeof(date)));
	fact_put(sheet.out, "scenario", begin->file);
	fact_put(sheet.out, "nslab", begin->nslab);
	if (begin->disarmed)
		fact_put(sheet.out, "disarmed", "faults count, but let pass (--disarm)");
	if (begin->inverted)
		fact_put(sheet.out, "inverted expectation", inverted);
	return sheet_take(&sheet);
}

static char *rows_chapter(const char *block, const char *name, struct sheet *rows)
{
	_cleanup_free_ char *text = sheet_take(rows);

	return chapter(block, name, text);
}

static char *above_chapter(struct html_run *run, const char *id, const struct event_end *end)
{
	const struct event_begin *begin = html_run_record(run);
	_cleanup_free_ char *why = chapter("why", "text", html_run_why(run, end));
	_cleanup_free_ char *errors = rows_chapter("errors", "error", &run->errors);
	_cleanup_free_ char *story = prose_chapter("story", begin ? begin->story : NULL);
	_cleanup_free_ char *net = net_chapter(run, id);
	struct sheet sheet;

	if (sheet_open(&sheet) < 0)
		return NULL;
	template_put(sheet.out, html_template, "above",
		     (const struct value[]){ { "title", begin ? begin->title : "" },
					     { "why", why },
					     { "errors", errors },
					     { "story", story },
					     { "net", net },
					     { NULL, NULL } });
	return sheet_take(&sheet);
}

static char *below_chapter(struct html_run *run)
{
	const struct event_begin *begin = html_run_record(run);
	_cleanup_free_ char *checks = rows_chapter("checks", "check", &run->checks);
	_cleanup_free_ char *notes = rows_chapter("notes", "note", &run->notes);
	_cleanup_free_ char *remedy = prose_chapter("remedy", begin ? begin->remedy : NULL);
	_cleanup_free_ char *again = chapter("again", "command", begin ? begin->repeat : NULL);
	_cleanup_free_ char *fact = facts(run);
	struct sheet sheet;

	if (sheet_open(&sheet) < 0)
		return NULL;
	template_put(sheet.out, html_template, "below",
		     (const struct value[]){ { "checks", checks },
					     { "notes", notes },
					     { "remedy", remedy },
					     { "again", again },
					     { "fact", fact },
					     { NULL, NULL } });
	return sheet_take(&sheet);
}

void html_run_text(struct html_run *run, const char *id, const struct event_end *end,
		   struct html_run_text *ret)
{
	*ret = (struct html_run_text){ .above = above_chapter(run, id, end),
				       .packets = packets_chapter(run, id),
				       .below = below_chapter(run) };
}

void html_run_text_pack(struct html_run_text *text)
{
	_cleanup_free_ char *packed = NULL;
	struct sheet sheet;

	if (!text->packets || sheet_open(&sheet) < 0)
		return;
	html_pack(sheet.out, text->packets);
	packed = sheet_take(&sheet);
	text->later = chapter("later", "packed", packed);
	if (!text->later)
		return;
	free(text->packets);
	text->packets = NULL;
}

void html_run_text_clear(struct html_run_text *text)
{
	free(text->above);
	free(text->packets);
	free(text->later);
	free(text->below);
	*text = (struct html_run_text){ 0 };
}
