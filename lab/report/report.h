/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports: pure functions over the event log. None reaches into the runner or the lab. */
#ifndef NSLAB_REPORT_REPORT_H
#define NSLAB_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/event/event.h"

/**
 * struct report_options - how the reader wants it
 * @columns: width to aim at
 * @colour, @unicode: what the output can show
 * @quiet: only failures; @verbose: the ladder instead of the timeline
 * @seq: the ladder shows sequence numbers, relative ones
 * @unfold: the ladder shows every packet of a stream
 * @live: somebody watches it grow, so that a line may be written anew
 * @total: number of runs that will come, 0 if that is not known
 */
struct report_options {
	int columns;
	bool colour;
	bool unicode;
	bool quiet;
	bool verbose;
	bool seq;
	bool unfold;
	bool live;
	long total;
};

/**
 * struct report_now - what a reader who watches may want to know while nothing happens
 * @t_ns: now, on the axis of the run under way
 * @running: runs under way, side by side; @over: runs that have ended, also those not told of yet
 */
struct report_now {
	int64_t t_ns;
	long running, over;
};

struct report;

/**
 * struct report_type - a row of the table of reports
 * @name: "terminal", "events"
 * @help: one sentence
 * @option: of commands that make it: --OPTION, NULL for none; @takes_file: --OPTION FILE, else it goes
 *          to stdout
 * @whole: it shows all that a record says, so that the packets' bytes should be kept for it
 * @lacks: NULL, or says what it needs and cannot have on this system, in a line; NULL if it has all
 * @open: @out is borrowed; NULL if it lacks something or memory is out
 * @event: takes one more event of the log, in order; several runs follow each other
 * @tick: NULL, or time has passed while nothing happened
 * @close: ends the report and frees it
 * What is written is a function of the events alone: a log gives the same bytes as the run gave that
 * wrote it. Only @tick, for those who watch, and the width, colours and signs of a terminal come
 * on top.
 */
struct report_type {
	const char *name;
	const char *help;
	const char *option;
	bool takes_file;
	bool whole;
	const char *(*lacks)(void);
	struct report *(*open)(FILE *out, const struct report_options *options);
	void (*event)(struct report *report, const struct event *event);
	void (*tick)(struct report *report, const struct report_now *now);
	void (*close)(struct report *report);
};

extern const struct report_type REPORT_TERMINAL;
extern const struct report_type REPORT_PROGRESS;
extern const struct report_type REPORT_LADDER;
extern const struct report_type REPORT_PROGRAM;
extern const struct report_type REPORT_HTML;
extern const struct report_type REPORT_EVENTS;
extern const struct report_type REPORT_JSON;
extern const struct report_type REPORT_JUNIT;
extern const struct report_type REPORT_TAP;
extern const struct report_type REPORT_GITHUB;
extern const struct report_type REPORT_PCAPNG;

/** report_find() - the row of that name, NULL if there is none */
const struct report_type *report_find(const char *name);

/** report_at() - the rows in order, NULL behind the last */
const struct report_type *report_at(int i);

/** prose_print() - paragraphs, wrapped to the options' width, indented, control characters escaped */
void prose_print(const char *text, int indent, const struct report_options *options, FILE *out);

/** report_options_detect() - for @out: a terminal? its width? NO_COLOR, TERM, the locale */
void report_options_detect(FILE *out, struct report_options *ret);

#endif
