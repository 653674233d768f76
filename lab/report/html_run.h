/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run in the HTML report: gathered while it goes on, written when it has ended. */
#ifndef NSLAB_REPORT_HTML_RUN_H
#define NSLAB_REPORT_HTML_RUN_H

#include <stdbool.h>

#include "lab/event/event.h"
#include "lab/report/html_chart.h"
#include "lab/report/ladder.h"
#include "lab/report/sheet.h"

/**
 * struct html_run - the run under way
 * @open: there is one
 * @begin: zeroed if there was no begin record
 * @checks, @notes, @errors: rows of their tables, already markup
 * @met, @unmet: expectations, counted
 * @why: the first error's text, NULL if there was none
 */
struct html_run {
	bool open;
	struct event begin;
	struct chart *chart;
	struct ladder_text *ladder;
	struct sheet checks, notes, errors;
	int met, unmet;
	char *why;
};

/** html_run_begin() - @event: the begin record, or NULL. Returns 0, -ENOMEM */
int html_run_begin(struct html_run *run, const struct event *event, bool unfold);

/** html_run_event() - one more event of it */
void html_run_event(struct html_run *run, const struct event *event);

/**
 * html_run_body() - all that is to be said about it, as markup
 * @id: of the run in the document; @end: NULL if there was no end record
 * @drawn: bytes of ladders that stand in the page so far, counted up. A browser takes seconds for a
 *         page that is all drawings, so past some size they wait as text until they are looked at.
 * Ends its ladder: nothing but html_run_clear() may follow.
 * Return: malloced, NULL when memory is out
 */
char *html_run_body(struct html_run *run, const char *id, const struct event_end *end,
		    size_t *drawn);

/** html_run_why() - why it did not pass, as far as that can be said in a line; "" if it did */
const char *html_run_why(const struct html_run *run, const struct event_end *end);

/** html_run_record() - its begin record, NULL if there was none */
const struct event_begin *html_run_record(const struct html_run *run);

void html_run_clear(struct html_run *run);

#endif
