/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text ladder: a lifeline for each host, an arrow for each packet. */
#ifndef NSLAB_REPORT_LADDER_H
#define NSLAB_REPORT_LADDER_H

#include "lab/report/report.h"
#include "lab/report/terminal_text.h"

struct ladder;

/**
 * ladder_new() - draw one run
 * @begin: its begin record, borrowed for as long as the ladder lives; NULL if there is none
 * @paper, @options, @out: borrowed, too; of the options seq and unfold
 * Return: NULL when memory is out
 */
struct ladder *ladder_new(const struct event_begin *begin, const struct paper *paper,
			  const struct report_options *options, FILE *out);

/** ladder_event() - one more event of the run, in order */
void ladder_event(struct ladder *ladder, const struct event *event);

/** ladder_until() - nothing that happened before @t_ns will be told any more: see sequence_until() */
void ladder_until(struct ladder *ladder, int64_t t_ns);

/** ladder_free() - draw what is left, end the picture, and free it; takes NULL */
void ladder_free(struct ladder *ladder);

/**
 * struct ladder_text - a ladder in memory, for reports that carry it as text: 80 columns, UTF-8, no
 * colour. It grows with the run; past some size the middle of the run is left out and said so.
 */
struct ladder_text;

struct ladder_text *ladder_text_new(const struct event_begin *begin);
void ladder_text_event(struct ladder_text *ladder, const struct event *event);

/** ladder_text_free() - end it; the text, to be freed by the caller, NULL when memory is out */
char *ladder_text_free(struct ladder_text *ladder);

#endif
