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
 * struct html_run_text - all that is to be said about a run, as markup, in this order
 * @packets: its ladder, drawn and as text; NULL if @later has them, to be shown by a script
 */
struct html_run_text {
	char *above, *packets, *later, *below;
};

/**
 * html_run_text() - of a run that ended
 * @id: of the run in the document; @end: NULL if there was no end record
 * Ends its ladder: nothing but html_run_clear() may follow.
 */
void html_run_text(struct html_run *run, const char *id, const struct event_end *end,
		   struct html_run_text *ret);

/** html_run_text_pack() - let its packets wait: a browser takes seconds for megabytes of ladders */
void html_run_text_pack(struct html_run_text *text);

void html_run_text_clear(struct html_run_text *text);

/** html_run_why() - why it did not pass, as far as that can be said in a line; "" if it did */
const char *html_run_why(const struct html_run *run, const struct event_end *end);

/** html_run_record() - its begin record, NULL if there was none */
const struct event_begin *html_run_record(const struct html_run *run);

void html_run_clear(struct html_run *run);

#endif
